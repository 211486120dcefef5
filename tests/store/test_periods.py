from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.store.periods import Every, borders, local_day
from tests.store.energykit import at
from tests.store.storekit import LONDON


def test_the_day_the_clock_goes_back_has_twenty_five_hours() -> None:
    found = borders(LONDON, Every.DAY, at("2025-10-26"), at("2025-10-26T12"))
    assert found == [at("2025-10-25T23"), at("2025-10-27")]
    hours = borders(LONDON, Every.HOUR, found[0], found[1])
    assert len(hours) == 26
    shown = [each.astimezone(LONDON).hour for each in hours[:4]]
    assert shown == [0, 1, 1, 2]


def test_the_day_the_clock_goes_forward_has_twenty_three_hours() -> None:
    since, until = local_day(at("2026-03-29T15"), LONDON)
    assert (since, until) == (at("2026-03-29"), at("2026-03-29T23"))
    assert len(borders(LONDON, Every.HALF_HOUR, since, until)) == 47


def test_a_day_that_begins_with_the_jump_begins_with_it() -> None:
    # In Havana the clock goes from 24:00 to 01:00.
    havana = ZoneInfo("America/Havana")
    assert local_day(at("2026-03-08T12"), havana) == (at("2026-03-08T05"), at("2026-03-09T04"))


def test_hours_of_a_zone_with_half_an_hour_begin_by_its_clock() -> None:
    found = borders(
        ZoneInfo("Asia/Kolkata"), Every.HOUR, at("2026-01-01T00:10"), at("2026-01-01T01")
    )
    assert found == [at("2025-12-31T23:30"), at("2026-01-01T00:30"), at("2026-01-01T01:30")]


def test_a_jump_by_half_an_hour_leaves_a_short_hour_behind() -> None:
    howe = ZoneInfo("Australia/Lord_Howe")
    since, until = local_day(at("2026-10-03T20:00"), howe)
    hours = borders(howe, Every.HOUR, since, until)
    assert until - since == timedelta(hours=23, minutes=30)
    assert hours[-1] - hours[-2] == timedelta(minutes=30)


def test_months_and_years_begin_by_the_local_clock() -> None:
    months = borders(LONDON, Every.MONTH, at("2025-12-31T12"), at("2026-04-30T22:30"))
    assert months == [
        at("2025-12-01"),
        at("2026-01-01"),
        at("2026-02-01"),
        at("2026-03-01"),
        at("2026-03-31T23"),
        at("2026-04-30T23"),
    ]
    assert borders(LONDON, Every.YEAR, at("2026-01-01"), at("2026-01-02")) == [
        at("2026-01-01"),
        at("2027-01-01"),
    ]


@pytest.mark.parametrize("name", ["Europe/London", "America/Havana", "Australia/Lord_Howe", "UTC"])
@given(
    since=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds of hypothesis are naive
    minutes=st.integers(1, 5_000),
    every=st.sampled_from(Every),
)
def test_intervals_touch_the_span_and_each_other(
    name: str, since: datetime, minutes: int, every: Every
) -> None:
    zone: tzinfo = ZoneInfo(name)
    until = since + timedelta(minutes=minutes)
    found = borders(zone, every, since, until)
    assert found == sorted(set(found))
    assert found[0] <= since < found[1]
    assert found[-2] < until <= found[-1]
