"""When readings are taken: the quarter-hour grid, each make's jitter, and what can be odd."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mitmeter.devices.smgw.emulated.grid import Capture, Grid
from mitmeter.devices.smgw.emulated.persona import read_persona
from mitmeter.devices.smgw.emulated.status import printed_reversed
from mitmeter.devices.smgw.emulated.zone import LEGAL_TIME
from mitmeter.protocol import DeviceContext
from tests.devices.smgw.gateway_bench import Books, shipped

NOON = datetime(2026, 3, 1, 11, 31, 8, tzinfo=UTC)


def grid(make: str = "emh", options: dict[str, str] | None = None, **given: Any) -> Grid:
    tables = {**shipped(make), **given.pop("tables", {})}
    context = DeviceContext(house=Books(), persona=tables, **given)
    return Grid(context, read_persona(tables, options or {}))


def day(grid: Grid) -> list[Capture]:
    return list(grid.between(NOON - timedelta(days=1), NOON, NOON))


@pytest.mark.parametrize(("make", "least", "most"), [("theben", -5, -1), ("ppc", 1, 5)])
def test_captures_are_off_the_grid_as_the_make_s_are(make: str, least: int, most: int) -> None:
    offs = [round((each.at - each.target).total_seconds()) for each in day(grid(make))]
    assert min(offs) == least
    assert max(offs) == most
    assert offs != sorted(offs)
    assert all(each.target.minute % 15 == each.target.second == 0 for each in day(grid(make)))


def test_the_same_moment_is_always_as_far_off_and_another_seed_s_is_not() -> None:
    assert day(grid("ppc")) == day(grid("ppc"))
    assert day(grid("ppc")) != day(grid("ppc", seed=2))


def test_the_last_reading_is_there_as_soon_as_it_is_captured() -> None:
    early, late = {"capture_least": "-3", "capture_most": "-3"}, {"capture_most": "4"}
    half = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    ahead = grid(options=early)
    assert ahead.last(half - timedelta(seconds=3)).target == half
    assert ahead.last(half - timedelta(seconds=4)).target == half - timedelta(minutes=15)
    behind = grid(options={"capture_least": "4", **late})
    assert behind.last(half + timedelta(seconds=3)).target == half - timedelta(minutes=15)
    assert behind.last(half + timedelta(seconds=4)).target == half


def test_a_missing_reading_is_never_the_last_one() -> None:
    mark = {"target": "2026-03-01T11:30:00Z", "missing": True}
    found = grid(tables={"mark": [mark]}).last(NOON)
    assert found.target == datetime(2026, 3, 1, 11, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({}, "a0000000"),
        ({"time_valid": "off"}, "a0400000"),
        ({"transparency": "on"}, "e0000000"),
    ],
)
def test_the_gateway_s_status_is_as_switched(options: dict[str, str], word: str) -> None:
    found = grid(options=options).last(NOON)
    assert printed_reversed(found.gateway) == word
    assert printed_reversed(found.meter) == "20003800"
    assert found.is_valid is (word != "a0400000")


@pytest.mark.parametrize(
    ("gateway", "meter", "valid"),
    [
        ("a0080000", "20003800", True),
        ("a0040000", "20003800", True),
        ("a0020000", "20003800", False),
        ("a0800000", "20003800", False),
        ("a0000000", "20004000", False),
    ],
)
def test_a_marked_moment_has_its_own_status(gateway: str, meter: str, valid: bool) -> None:
    mark = {"target": "2026-03-01T11:30:00Z", "gateway": gateway, "meter": meter}
    assert grid(tables={"mark": [mark]}).last(NOON).is_valid is valid


def test_readings_that_have_stopped_stay_the_last_ones_for_years() -> None:
    stopped = grid(options={"stopped_at": "2020-01-01T00:00:00Z"})
    assert stopped.last(NOON).target == datetime(2020, 1, 1, tzinfo=UTC)
    assert day(stopped) == []


def test_a_wrong_clock_shows_and_reads_at_its_own_time() -> None:
    wrong = grid(options={"offset_seconds": "1800"})
    assert wrong.now(NOON) == NOON + timedelta(minutes=30)
    assert wrong.last(NOON).target == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_readings_are_kept_for_so_many_days() -> None:
    kept = grid(options={"keeps_days": "1"})
    found = list(kept.between(NOON - timedelta(days=9), NOON, NOON))
    assert found[0].target == datetime(2026, 2, 28, 11, 45, tzinfo=UTC)


def test_other_periods_have_their_own_grid() -> None:
    found = list(grid(options={"period": "3600"}).between(NOON - timedelta(hours=3), NOON, NOON))
    assert [each.target.hour for each in found] == [9, 10, 11]


def test_nothing_is_told_of_the_future() -> None:
    found = list(grid().between(NOON, NOON + timedelta(days=99), NOON))
    assert found == []


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        ("2026-03-29T00:59:59", "2026-03-29T01:59:59+01:00"),
        ("2026-03-29T01:00:00", "2026-03-29T03:00:00+02:00"),
        ("2026-10-25T00:30:00", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T01:30:00", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T02:00:00", "2026-10-25T03:00:00+01:00"),
    ],
)
def test_legal_time_is_summer_time_between_the_last_sundays(utc: str, local: str) -> None:
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    shown = at.astimezone(LEGAL_TIME)
    assert shown.isoformat() == local
    assert shown.astimezone(UTC) == at
