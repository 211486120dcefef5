from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.smgw.legaltime import (
    Descent,
    instant_of,
    is_twofold,
    parse_instant,
    parse_wall,
    wall_at,
)

BERLIN = ZoneInfo("Europe/Berlin")
LATER = datetime(2026, 11, 1, tzinfo=UTC)
_moments = st.datetimes(datetime.fromisoformat("1997-01-01"), datetime.fromisoformat("2090-01-01"))


@given(moment=_moments)
def test_legal_time_is_what_the_tables_say_of_berlin(moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC, microsecond=0)
    assert wall_at(at) == at.astimezone(BERLIN).replace(tzinfo=None)


@given(moment=_moments, winter=st.booleans())
def test_a_time_on_the_wall_is_the_instant_the_tables_say(moment: datetime, winter: bool) -> None:
    wall = moment.replace(microsecond=0)
    expected = wall.replace(tzinfo=BERLIN, fold=int(winter and is_twofold(wall))).astimezone(UTC)
    skipped = expected.astimezone(BERLIN).replace(tzinfo=None) != wall
    assert skipped or instant_of(wall, winter=winter) == expected


def _down(walls: list[str], now: datetime = LATER) -> list[str]:
    descent = Descent()
    found = []
    for text in walls:
        wall = parse_wall(text)
        assert wall is not None
        found.append(f"{descent.instant(wall, now):%d %H:%M:%S}")
    return found


def test_going_down_the_autumn_table_the_first_block_is_winter_time() -> None:
    shown = ["03:00:01", "02:45:01", "02:00:01", "02:45:01", "02:00:01", "01:45:01"]
    assert _down([f"2026-10-25 {each}" for each in shown]) == [
        "25 02:00:01",
        "25 01:45:01",
        "25 01:00:01",
        "25 00:45:01",
        "25 00:00:01",
        "24 23:45:01",
    ]


def test_rows_of_one_moment_stay_in_one_pass() -> None:
    shown = ["2026-10-25 02:15:00"] * 2 + ["2026-10-25 02:00:00"] * 2 + ["2026-10-25 02:45:00"]
    assert _down(shown) == ["25 01:15:00"] * 2 + ["25 01:00:00"] * 2 + ["25 00:45:00"]


def test_in_the_summer_pass_itself_nothing_is_read_as_an_hour_ahead() -> None:
    now = datetime(2026, 10, 25, 0, 31, tzinfo=UTC)  # 02:31 on the wall, for the first time
    assert _down(["2026-10-25 02:30:02", "2026-10-25 02:15:01"], now) == [
        "25 00:30:02",
        "25 00:15:01",
    ]


@pytest.mark.parametrize("text", ["", "2026-02-30 00:00:00", "gestern", "2026-03-01 24:00:00"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_wall(text) is None


def test_an_instant_needs_a_zone() -> None:
    assert parse_instant("2026-03-01T12:30:00+01:00") == datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    assert parse_instant("2026-03-01T12:30:00") is None
    assert parse_instant("0001-01-01T00:00:00+23:00") is None


def test_a_day_of_a_clock_change_has_an_hour_less_or_more() -> None:
    def length(day: str) -> timedelta:
        midnight = datetime.fromisoformat(day)
        return instant_of(midnight + timedelta(days=1)) - instant_of(midnight)

    spring, autumn = length("2026-03-29"), length("2026-10-25")
    assert (spring, autumn) == (timedelta(hours=23), timedelta(hours=25))
