"""Which span intervals are asked for when nobody says, and which comes before."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mitmeter.dashboard.intervals import before, usual_begin
from mitmeter.store.periods import Every

LONDON = ZoneInfo("Europe/London")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


@pytest.mark.parametrize(
    ("begin", "end", "earlier"),
    [
        ("2026-06-15", "2026-06-16", "2026-06-14"),
        ("2026-03-29", "2026-03-30", "2026-03-28"),  # 23 hours, and 24 before
        ("2026-10-25", "2026-10-26", "2026-10-24"),  # 25 hours
        ("2026-03-01", "2026-04-01", "2026-02-01"),
        ("2026-01-01", "2027-01-01", "2025-01-01"),
        ("2026-06-15", "2026-06-22", "2026-06-08"),
        ("2026-06-15T06:00", "2026-06-15T09:00", "2026-06-15T03:00"),
    ],
)
def test_the_span_before_is_as_long_by_the_clock_on_the_wall(
    begin: str, end: str, earlier: str
) -> None:
    assert before(local(begin), local(end), LONDON) == (local(earlier), local(begin))


@pytest.mark.parametrize(
    ("every", "begin"),
    [
        (Every.HOUR, "2026-06-15"),
        (Every.DAY, "2026-06-01"),
        (Every.MONTH, "2026-01-01"),
        (Every.YEAR, "2017-01-01"),
    ],
)
def test_without_a_beginning_the_current_larger_span_is_meant(every: Every, begin: str) -> None:
    assert usual_begin(every, local("2026-06-15T14:00"), LONDON) == local(begin)
