"""The family's habits follow its local clock and do not jump between kinds of day."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from mitmeter.simulate.load import Household, utc_offset_s
from mitmeter.simulate.site import Site

DAY = 86_400


def seconds(*date: int, zone: tzinfo = UTC) -> int:
    year, month, day, hour = date
    return int(datetime(year, month, day, hour, tzinfo=zone).timestamp())


def test_offsets_follow_summer_time() -> None:
    london = ZoneInfo("Europe/London")
    assert utc_offset_s(london, seconds(2025, 1, 1, 12)) == 0
    assert utc_offset_s(london, seconds(2025, 7, 1, 12)) == 3600


@pytest.mark.parametrize("zone", ["Europe/London", "Australia/Adelaide", "America/Los_Angeles"])
def test_habits_do_not_jump_at_local_midnight_or_new_year(zone: str) -> None:
    place = ZoneInfo(zone)
    household = Household(5, Site(zone=place))
    for day in range(1, 15):
        midnight = seconds(2026, 1, day, 0, zone=place)
        assert abs(household.habit_w(midnight) - household.habit_w(midnight - 60)) <= 3


def test_the_evening_peak_is_in_the_local_evening() -> None:
    place = ZoneInfo("Australia/Adelaide")
    household = Household(5, Site(zone=place))
    midnight = seconds(2025, 5, 6, 0, zone=place)
    by_hour = [household.habit_w(midnight + 3600 * hour) for hour in range(24)]
    assert by_hour.index(max(by_hour)) in (18, 19, 20)


def test_somebody_is_at_home_on_a_weekend_noon() -> None:
    household = Household(5, Site())
    saturdays = [seconds(2025, 5, 3, 12) + 7 * DAY * week for week in range(8)]
    noons = [household.habit_w(at) for at in saturdays]
    working = [household.habit_w(at + 3 * DAY) for at in saturdays]
    assert sum(noons) > 1.3 * sum(working)


def test_a_late_kettle_runs_on_into_the_next_utc_day() -> None:
    # Somewhere in these 300 nights something is still switched on when the UTC day changes.
    household = Household(5, Site())
    running = 0
    for day in range(20_000, 20_300):
        end, begin = household.minutes(day)[-1], household.minutes(day + 1)[0]
        if end > 1_000 and abs(end - begin) < 100:
            running += 1
    assert running > 0


def test_the_load_never_falls_below_what_is_always_on() -> None:
    household = Household(5, Site())
    for day in range(20_000, 20_030):
        assert min(household.minutes(day)) >= 60
