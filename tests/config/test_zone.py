"""Time zones: checked by name, found on the system."""

from __future__ import annotations

from pathlib import Path

import pytest

from mitmeter.config.zone import parse_zone, system_zone
from mitmeter.errors import ConfigError


def test_a_zone_is_known_by_its_name() -> None:
    assert parse_zone("Europe/London").key == "Europe/London"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Londn", "did you mean 'Europe/London'?"),
        ("London", "did you mean 'Europe/London'?"),
        ("new york", "did you mean 'America/New_York'?"),
        ("", "write one like"),
        ("Europe", "did you mean"),
        ("../../etc/passwd", "write one like"),
        ("x" * 300, "write one like"),
        ("a\0b", "write one like"),
    ],
)
def test_an_unknown_zone_is_refused_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_zone(name, "site.timezone")
    assert raised.value.key == "site.timezone"
    assert hint in raised.value.problem


@pytest.mark.parametrize("tz", ["Asia/Tokyo", ":Asia/Tokyo"])
def test_the_systems_zone_is_first_that_of_tz(tz: str, tmp_path: Path) -> None:
    (tmp_path / "timezone").write_text("Europe/Paris\n")
    assert system_zone({"TZ": tz}, tmp_path).key == "Asia/Tokyo"


def test_the_systems_zone_is_then_that_of_the_timezone_file(tmp_path: Path) -> None:
    (tmp_path / "timezone").write_text("Europe/Paris\n")
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Rome")
    assert system_zone({"TZ": "CET-1CEST"}, tmp_path).key == "Europe/Paris"


def test_the_systems_zone_is_then_where_localtime_points(tmp_path: Path) -> None:
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Rome")
    assert system_zone({}, tmp_path).key == "Europe/Rome"


def test_a_system_that_says_nothing_keeps_utc(tmp_path: Path) -> None:
    assert system_zone({}, tmp_path).key == "UTC"


def test_a_timezone_file_that_is_no_text_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "timezone").write_bytes(b"\xff\xfe")
    assert system_zone({}, tmp_path).key == "UTC"
