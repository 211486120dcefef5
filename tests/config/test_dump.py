"""`config dump` is itself a configuration: the defaults, explained."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.config.dump import dump, toml
from mitmeter.config.load import examine, load
from mitmeter.config.values import TABLES, keys

TZ = {"TZ": "Europe/London"}


@pytest.fixture(autouse=True)
def in_london(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/London")


def test_the_dump_is_a_configuration_of_the_defaults() -> None:
    assert examine(dump(), {}).config == load(None, TZ)


def test_the_dump_names_every_key_with_its_default() -> None:
    parsed = tomllib.loads(dump())
    for name in ("site", "journal", "store", "limits"):
        assert parsed[name].keys() == keys(TABLES[name]).keys()
    assert parsed["journal"] == {"keep": "forever", "max_size": "10GB", "segment_size": "64MB"}
    assert parsed["limits"]["idle"] == "10m"
    assert parsed["site"]["timezone"] == "Europe/London"


def test_every_key_stands_below_its_meaning() -> None:
    lines = dump().splitlines()
    for name, table in TABLES.items():
        for key in keys(table):
            if f"{name}.{key}" in TABLES:
                assert {f"# [{name}.{key}]", f"# [[{name}.{key}]]"} & set(lines)
                continue
            place = next(
                n for n, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{key} =")
            )
            assert lines[place - 1].startswith("#")


@pytest.mark.usefixtures("known")
def test_the_keys_of_a_station_can_be_uncommented_and_parse() -> None:
    begin = dump().index("# [[station]]")
    text = "\n".join(
        line.removeprefix("# ") for line in dump()[begin:].splitlines() if not line.startswith("##")
    )
    (station,) = tomllib.loads(text)["station"]
    assert station.keys() == keys(TABLES["station"]).keys()
    errors = examine(text.replace("alphaess", "battery"), {}).errors
    assert errors  # no role has a use for all of them
    assert all("means nothing for role trap" in each.problem for each in errors)


def test_no_line_is_too_long_for_a_terminal() -> None:
    assert max(map(len, dump().splitlines())) <= 100


@given(
    value=st.recursive(
        st.text() | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_any_plain_value_is_written_so_that_it_parses_to_itself(value: object) -> None:
    assert tomllib.loads(f"value = {toml(value)}") == {"value": value}


def test_what_toml_has_no_kind_for_is_refused() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        toml(None)
