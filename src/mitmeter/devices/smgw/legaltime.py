"""German legal time, which gateways show without a zone, and what instants are meant by it.

Summer time lasts from the last Sunday of March to the last Sunday of October, 01:00 UTC; so since
1996. Kept as a rule and not looked up, so that a journal means the same on every machine.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

HOUR = timedelta(hours=1)
_TOLERANCE = timedelta(minutes=5)
_WALL = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)", re.ASCII)


@lru_cache(maxsize=64)
def summer(year: int) -> tuple[datetime, datetime]:
    """Return when summer time begins and ends in a year, UTC."""
    return _last_sunday(year, 3), _last_sunday(year, 10)


def _last_sunday(year: int, month: int) -> datetime:
    last = calendar.monthrange(year, month)[1]
    day = last - (datetime(year, month, last, tzinfo=UTC).weekday() + 1) % 7
    return datetime(year, month, day, 1, tzinfo=UTC)


def offset_at(at: datetime) -> timedelta:
    """Return by how much legal time is ahead of UTC at an instant."""
    begins, ends = summer(at.year)
    return 2 * HOUR if begins <= at < ends else HOUR


def wall_at(at: datetime) -> datetime:
    """Return what a clock on the wall shows at an instant, naive."""
    utc = at.astimezone(UTC)
    return utc.replace(tzinfo=None) + offset_at(utc)


def is_twofold(wall: datetime) -> bool:
    """Tell whether a clock shows this time twice: the hour from 02:00 in which summer time ends."""
    _, ends = summer(wall.year)
    first = ends.replace(tzinfo=None) + HOUR
    return first <= wall < first + HOUR


def instant_of(wall: datetime, *, winter: bool = False) -> datetime:
    """Return the instant of a time on the wall, aware UTC.

    winter: of an hour that comes twice the second is meant. The hour that is left out in spring is
    read as winter time.
    """
    utc = wall.replace(tzinfo=UTC)
    if is_twofold(wall):
        return utc - (HOUR if winter else 2 * HOUR)
    early = utc - 2 * HOUR
    return early if offset_at(early) == 2 * HOUR else utc - HOUR


def parse_wall(text: str) -> datetime | None:
    """Return `YYYY-MM-DD HH:MM:SS` as a naive time; None for anything else."""
    found = _WALL.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return None


def parse_instant(text: str) -> datetime | None:
    """Return ISO text with `Z` or an offset as aware UTC; None for anything else, no zone too."""
    try:
        at = datetime.fromisoformat(text.strip())
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


class Descent:
    """Times of a table that goes back in time, row by row and page by page, as instants.

    In autumn such a table shows 02:00 to 02:59 twice without any mark: the first block is the
    winter-time pass. The second begins where the times go up instead of down. Source: gateway fact
    sheet §1.7 [O].
    """

    __slots__ = ("_last", "_winter")

    def __init__(self) -> None:
        self._last: datetime | None = None
        self._winter = True

    def instant(self, wall: datetime, now: datetime) -> datetime:
        """Return the next row's instant.

        now: nothing is measured after it; in the very hour that tells the pass.
        """
        if not is_twofold(wall):
            self._last, self._winter = wall, True
            return instant_of(wall)
        climbed = self._last is not None and is_twofold(self._last) and wall > self._last
        ahead = instant_of(wall, winter=True) - now
        if climbed or _TOLERANCE < ahead <= HOUR + _TOLERANCE:
            self._winter = False
        self._last = wall
        return instant_of(wall, winter=self._winter)
