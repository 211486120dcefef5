"""The global options, and what follows from them."""

import logging
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mitmeter.cli.settings import Echoes, Settings
from mitmeter.errors import ConfigError

LONDON = ZoneInfo("Europe/London")


def test_without_a_configuration_the_zone_is_the_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/London")
    assert Settings().zone() == LONDON


def test_the_configuration_s_zone_is_taken_however_the_rest_of_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('[site]\ntimezone = "Europe/London"\n[[station]]\nnonsense = 1\n')
    assert Settings(config=file).zone() == LONDON


def test_the_configuration_that_lies_here_is_found() -> None:
    Path("mitmeter.toml").write_text('[site]\ntimezone = "Europe/London"\n')
    assert Settings().zone() == LONDON


def test_a_configuration_without_a_zone_leaves_the_system_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/London")
    file = tmp_path / "site.toml"
    file.write_text('[site]\nid = "home"\n')
    assert Settings(config=file).zone() == LONDON


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mitmeter.toml").write_text('[site]\ntimezone = "Asia/Tokyo"\n')
    monkeypatch.setenv("MITMETER_SITE__TIMEZONE", "Europe/London")
    assert Settings().zone() == LONDON


def test_what_is_given_goes_before_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MITMETER_SITE__TIMEZONE", "Asia/Tokyo")
    assert Settings().zone("Europe/London") == LONDON


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[site]\ntimezone = "Europe/Lundon"\n', "site.timezone: 'Europe/Lundon' is not a known"),
        ("[site\n", "is not TOML"),
    ],
)
def test_a_configuration_that_cannot_tell_the_zone_is_named(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=words):
        Settings(config=file).zone()


def test_a_configuration_that_is_named_and_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--config: .* is not there"):
        Settings(config=tmp_path / "nowhere.toml").zone()


def record(function: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord(
        "mitmeter", logging.WARNING, "services.py", 1, "%s%s", arguments, None, function
    )


def test_an_event_that_was_logged_is_not_said_a_second_time_but_the_next_one_is() -> None:
    echoes = Echoes()
    assert echoes(record("note", "battery: ", "nobody listens there"))
    assert echoes.take("nobody listens there")
    assert not echoes.take("nobody listens there")


def test_other_log_records_are_no_events() -> None:
    echoes = Echoes()
    assert echoes(record("elsewhere", "battery: ", "the disk is full"))
    assert not echoes.take("the disk is full")
