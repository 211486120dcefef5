"""mitmeter.toml → typed values, or an error that names the key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.config.endpoint import Endpoint
from mitmeter.config.load import examine, load, problems
from mitmeter.config.values import Config, Station
from mitmeter.errors import ConfigError

pytestmark = pytest.mark.usefixtures("known")

WHOLE = """
[site]
id = "cottage"
timezone = "Europe/London"

[journal]
keep = "90d"
max_size = "10GB"
segment_size = "16MiB"

[store]
batch = "500ms"

[limits]
connections = 100
connections_per_address = 10
backlog = "1MiB"
idle = "5m"
partial = "10s"
connect = "3s"

[[station]]
name = "battery"
role = "trap"
protocol = "battery"
listen = "tcp://192.168.101.2:7777"
control = true

[[station]]
name = "test-battery"
role = "emulate"
protocol = "battery"
to = "tcp://192.168.101.2:7777"
persona = "personas/mine.toml"
seed = 7
user = "AL9900000000007"
password_file = "secrets/battery"
options = { drift_ppm = 20, misbehave = ["split", "late"], noisy = true, factor = 1.5 }
"""


def config_of(text: str, **environ: str) -> Config:
    examined = examine(text, environ)
    assert examined.errors == ()
    assert examined.config is not None
    return examined.config


def errors_of(text: str, **environ: str) -> list[tuple[str, str]]:
    examined = examine(text, environ, source="mitmeter.toml")
    assert examined.config is None
    return [(error.key, error.problem) for error in examined.errors]


def test_every_value_is_typed() -> None:
    config = config_of(WHOLE)
    assert config.site.id == "cottage"
    assert config.site.timezone == ZoneInfo("Europe/London")
    assert config.journal.keep == timedelta(days=90)
    assert config.journal.segment_size == 16 * 2**20
    assert config.store.batch == timedelta(milliseconds=500)
    assert config.limits.connections == 100
    assert config.limits.backlog == 2**20
    trap, emulated = config.stations
    assert trap.listen == Endpoint("tcp", "192.168.101.2", 7777)
    assert trap.control is True
    assert emulated.seed == 7
    assert emulated.to == Endpoint("tcp", "192.168.101.2", 7777)


def test_options_reach_the_protocol_as_text() -> None:
    options = config_of(WHOLE).stations[1].options
    assert options == {
        "drift_ppm": "20",
        "misbehave": "split,late",
        "noisy": "true",
        "factor": "1.5",
    }


def test_nothing_said_means_the_defaults() -> None:
    config = config_of("", TZ="UTC")
    assert config.site.id == "home"
    assert config.journal.keep == "forever"
    assert config.limits.idle == timedelta(minutes=10)
    assert config.stations == ()


def test_recorded_bytes_may_be_kept_for_ever() -> None:
    assert config_of('journal.keep = "forever"').journal.keep == "forever"


def test_a_configuration_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(config_of("").site, "id", "other")  # noqa: B010 - mypy would not let it be written


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("[site]\ntimezon = 'UTC'", "site.timezon", "is not a known key; did you mean 'timezone'?"),
        ("[site]\nx = 1", "site.x", "is not a known key; there is id, timezone"),
        ("[sight]\nid = 'x'", "sight", "is not a known section; did you mean 'site'?"),
        ("timezone = 'UTC'", "timezone", "is not known here; it belongs into [site]"),
        ("site = 5", "site", "expected a table [site], got 5 (a number)"),
        ("[site]\nid = 5", "site.id", "expected text in quotes, got 5 (a number)"),
        ("[site]\nid = 'my home'", "site.id", "'my home' is not a name; letters, digits, - and _"),
        ("[site]\ntimezone = 'London'", "site.timezone", "did you mean 'Europe/London'?"),
        ("[journal]\nkeep = 90", "journal.keep", "text in quotes, such as \"90d\", got 90"),
        ("[journal]\nkeep = 'for ever'", "journal.keep", "is not a duration"),
        ("[journal]\nmax_size = 10", "journal.max_size", "a size in quotes, such as \"10GB\""),
        ("[journal]\nmax_size = '10 apples'", "journal.max_size", "is not a size"),
        ("[limits]\nidle = '5 minutes'", "limits.idle", "is not a duration; write one like"),
        ("[limits]\nconnections = '5'", "limits.connections", 'a whole number, got "5" (text)'),
        ("[limits]\nconnections = 5.0", "limits.connections", "a whole number, got 5.0 (a number)"),
        ("[limits]\nconnections = true", "limits.connections", "got true (a boolean)"),
        ("[limits]\nconnections = 0", "limits.connections", "0 is out of range; it must be"),
        ("[station]\nname = 'a'", "station", "write [[station]], with two brackets"),
        ("station = [1]", "station[0]", "expected a table [[station]], got 1 (a number)"),
        ("x =", "mitmeter.toml", "is not TOML: Invalid value"),
        ("a = 1\na = 2", "mitmeter.toml", "Cannot overwrite a value"),
        ("a = " + "[" * 5000, "mitmeter.toml", "nested too deeply"),
    ],
)  # fmt: skip
def test_a_wrong_key_or_value_is_told_by_its_path(text: str, key: str, problem: str) -> None:
    ((got_key, got_problem),) = errors_of(text)
    assert got_key == key
    assert problem in got_problem


@pytest.mark.parametrize(
    ("line", "key", "problem"),
    [
        ("role = 'trp'", "role", "'trp' is not one of trap, proxy, emulate, probe; did you"),
        ("listen = '127.0.0.1:7777'", "listen", "write one like tcp://127.0.0.1:7777"),
        ("listen = 7777", "listen", "such as \"tcp://127.0.0.1:7777\", got 7777"),
        ("control = 'yes'", "control", 'expected true or false, got "yes" (text)'),
        ("rules = 'redact'", "rules", 'expected a list in [brackets], got "redact" (text)'),
        ("rules = ['redact', 5]", "rules[1]", "expected text in quotes, got 5 (a number)"),
        ("seed = 1.5", "seed", "expected a whole number, got 1.5 (a number)"),
        ("options = 5", "options", "expected a table"),
        ("options = { a = { b = 1 } }", "options", "a: expected text, a number"),
        ("password_file = 5", "password_file", "expected text in quotes"),
        ("name = ''", "name", "is not a name"),
    ],
)  # fmt: skip
def test_a_wrong_key_of_a_station_is_told_with_its_number(
    line: str, key: str, problem: str
) -> None:
    lines = {"name": "name = 'a'", "role": "role = 'trap'", "protocol": "protocol = 'battery'"}
    lines[line.partition(" ")[0]] = line
    first = "[[station]]\nname = 'first'\nrole = 'trap'\nprotocol = 'battery'\n"
    ((got_key, got_problem),) = errors_of(first + "[[station]]\n" + "\n".join(lines.values()))
    assert got_key == f"station[1].{key}"
    assert problem in got_problem


def test_a_misspelled_key_comes_before_the_one_that_is_missing_for_it() -> None:
    found = errors_of("[[station]]\nname = 'a'\nrole = 'trap'\nprotcol = 'battery'")
    assert found[0] == ("station[0].protcol", "is not a known key; did you mean 'protocol'?")
    assert found[1][0] == "station[0].protocol"
    assert found[1][1].startswith("is required")


def test_a_table_that_there_can_be_several_of_is_written_with_two_brackets() -> None:
    found = errors_of("[station]\nname = 'a'\n[tariff]\nname = 'b'")
    assert [key for key, _ in found] == ["station", "tariff"]
    assert found[1][1] == "write [[tariff]], with two brackets: there can be several"


def test_all_problems_are_listed() -> None:
    text = "[site]\nid = 5\n[limits]\nidle = 5\n[[station]]\nrole = 'x'"
    assert {key for key, _ in errors_of(text)} == {
        "site.id",
        "limits.idle",
        "station[0].name",
        "station[0].role",
        "station[0].protocol",
    }


def test_the_environment_goes_over_the_file() -> None:
    config = config_of(
        WHOLE,
        MITMETER_SITE__TIMEZONE="Asia/Tokyo",
        MITMETER_LIMITS__CONNECTIONS="5",
        MITMETER_JOURNAL__MAX_SIZE="1GB",
    )
    assert config.site.timezone == ZoneInfo("Asia/Tokyo")
    assert config.limits.connections == 5
    assert config.journal.max_size == 10**9
    assert config.site.id == "cottage"


def test_an_identity_of_digits_in_the_environment_stays_text() -> None:
    assert config_of("", MITMETER_SITE__ID="42").site.id == "42"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("MITMETER_SITE__TIMEZONE", "London", "did you mean 'Europe/London'?"),
        ("MITMETER_LIMITS__CONNECTIONS", "many", 'expected a whole number, got "many" (text)'),
        ("MITMETER_SITE__TIMEZON", "UTC", "did you mean 'MITMETER_SITE__TIMEZONE'?"),
        ("MITMETER_STATION__NAME", "a", "sets nothing known"),
    ],
)
def test_a_wrong_variable_is_named_instead_of_the_key(name: str, value: str, problem: str) -> None:
    ((key, said),) = errors_of("", **{name: value})
    assert key == name
    assert problem in said


def test_other_variables_of_ours_are_left_alone() -> None:
    assert (
        config_of("", MITMETER_DATA="/srv", MITMETER_CONFIG="x", MITMETER_PASSWORD="a__b").stations
        == ()
    )


def test_files_named_in_a_file_are_taken_from_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "mitmeter.toml"
    file.write_text(WHOLE)
    emulated = load(file, {}).stations[1]
    assert emulated.password_file == tmp_path / "secrets" / "battery"
    assert emulated.persona == str(tmp_path / "personas" / "mine.toml")


def test_a_shipped_persona_is_a_name_and_not_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mitmeter.toml"
    file.write_text(WHOLE.replace("personas/mine.toml", "382"))
    assert load(file, {}).stations[1].persona == "382"


def test_loading_raises_the_first_of_the_problems(tmp_path: Path) -> None:
    file = tmp_path / "mitmeter.toml"
    file.write_text("[site]\nid = 5\n[limits]\nidle = 5")
    with pytest.raises(ConfigError, match=r"^site\.id: expected text"):
        load(file, {})
    assert [error.key for error in problems(file, {})] == ["site.id", "limits.idle"]


def test_no_file_means_the_defaults() -> None:
    assert load(None, {"TZ": "UTC"}).stations == ()
    assert problems(None, {}) == ()


@pytest.mark.parametrize(
    ("content", "problem"), [(b"\xff", "is not UTF-8 at byte 0"), (b"#" * 4_000_001, "larger than")]
)
def test_a_file_that_cannot_be_one_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "mitmeter.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"mitmeter\.toml: .*{problem}"):
        load(file, {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: No such file"):
        load(tmp_path / "gone.toml", {})


PLAIN = st.recursive(
    st.text(max_size=8) | st.integers() | st.booleans() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from([*Station.model_fields, "bogus"])


@given(values=st.dictionaries(KEYS, PLAIN), section=st.sampled_from(["site", "station", "x"]))
def test_any_toml_is_a_configuration_or_has_errors_in_words(
    values: dict[str, object], section: str
) -> None:
    from mitmeter.config.dump import toml

    for value in (values, [values], [values, 5]):
        examined = examine(f"{section} = {toml(value)}", {})
        assert (examined.config is None) == bool(examined.errors)
        assert not any("pydantic" in str(error) for error in examined.errors)
