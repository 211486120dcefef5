"""Where intervals begin and end, by the clock on the wall."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

_STEPS = {"15m": timedelta(minutes=15), "30m": timedelta(minutes=30), "1h": timedelta(hours=1)}
_DAY = timedelta(days=1)


class Every(StrEnum):
    """How long an interval is."""

    QUARTER = "15m"
    HALF_HOUR = "30m"
    HOUR = "1h"
    DAY = "1d"
    MONTH = "1mo"
    YEAR = "1y"


def borders(
    zone: tzinfo, every: Every, since: datetime, until: datetime, most: int = 1_000_000
) -> list[datetime]:
    """Return the borders (aware UTC) of the intervals that touch [since, until), in order.

    most: intervals; with more of them the list ends one border too late.

    There is one more border than intervals; at least two. Shorter intervals than a day are counted
    from local midnight in elapsed time, so an hour that the clock shows twice is two intervals and
    one it leaves out is none.
    """
    found: list[datetime] = []
    for border in _from(zone, every, since.astimezone(zone).date()):
        if border <= since:
            found = [border]
            continue
        found.append(border)
        if border >= until or len(found) > most + 1:
            break
    return found


def _from(zone: tzinfo, every: Every, day: date) -> Iterator[datetime]:
    """Yield all borders from the beginning of the day, month or year on."""
    step = _STEPS.get(every)
    if step is None:
        day = _first_day(every, day)
        while True:
            yield midnight(day, zone)
            day = _next(every, day)
    while True:
        at, end = midnight(day, zone), midnight(day + _DAY, zone)
        while at < end:
            yield at
            at += step
        day += _DAY


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return when a local day begins, in UTC.

    Where the clock jumps over midnight, the day begins with the jump: the time that is not shown,
    reckoned by the offset before it, is that instant.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def local_day(at: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when the local day of an instant begins and ends, in UTC."""
    day = at.astimezone(zone).date()
    return midnight(day, zone), midnight(day + _DAY, zone)


def _first_day(every: Every, day: date) -> date:
    if every is Every.YEAR:
        return day.replace(month=1, day=1)
    return day.replace(day=1) if every is Every.MONTH else day


def _next(every: Every, day: date) -> date:
    if every is Every.YEAR:
        return day.replace(year=day.year + 1)
    if every is Every.MONTH:
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + _DAY
