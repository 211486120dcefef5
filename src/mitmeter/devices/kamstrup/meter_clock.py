"""The meter's own clock: local time by a fixed offset and the European summer time, and its drift.

The 382's clock and date show summer time, its RTC keeps standard time with a flag [I].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_YEAR_S = 31_556_952
_VALID = 0x02
_OF_A_382 = 0x80  # set in what a real 382 sends, meaning unknown [O][U]


@dataclass(frozen=True, slots=True)
class LocalTime:
    """What the meter's clock shows: summer time where that holds, and what it is without."""

    shown: datetime  # naive
    standard: datetime  # naive
    summer: bool


@dataclass(frozen=True, slots=True)
class ClockSetting:
    """offset_minutes: standard time minus UTC, or None: the site's zone. summer: whether the
    European rule holds there. drift: seconds a year the clock gains."""

    offset_minutes: int | None = None
    summer: bool = True
    drift: int = 0

    def ahead(self, since: datetime, at: datetime) -> timedelta:
        """Return what the clock has gained between the two."""
        passed = (at - since).total_seconds()
        return timedelta(seconds=round(passed * self.drift / _YEAR_S, 3))


def local_time(at: datetime, setting: ClockSetting, zone: tzinfo | None) -> LocalTime:
    """Return an aware instant as the meter shows it, to the second."""
    at = at.astimezone(UTC).replace(microsecond=0)
    if setting.offset_minutes is None:
        shown = at.astimezone(zone or UTC)
        saving = shown.dst() or timedelta(0)
        plain = shown.replace(tzinfo=None)
        return LocalTime(plain, plain - saving, bool(saving))
    standard = at.replace(tzinfo=None) + timedelta(minutes=setting.offset_minutes)
    summer = setting.summer and is_european_summer(at)
    return LocalTime(standard + timedelta(hours=int(summer)), standard, summer)


def is_european_summer(at: datetime) -> bool:
    """Tell whether summer time holds: last Sunday of March to that of October, 01:00 UTC."""
    begin, end = _last_sunday(at.year, 3), _last_sunday(at.year, 10)
    return begin <= at < end


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def clock_number(time: LocalTime) -> int:
    """Return unit 47: hhmmss as a decimal number."""
    return time.shown.hour * 10_000 + time.shown.minute * 100 + time.shown.second


def date_number(time: LocalTime) -> int:
    """Return unit 48: yymmdd as a decimal number."""
    return time.shown.year % 100 * 10_000 + time.shown.month * 100 + time.shown.day


def rtc_bytes(time: LocalTime) -> bytes:
    """Return unit 53: flags, weekday (Monday is 1), second … year, plain binary, standard time."""
    at = time.standard
    flags = _OF_A_382 | _VALID | int(time.summer)
    return bytes(
        (flags, at.isoweekday(), at.second, at.minute, at.hour, at.day, at.month, at.year % 100)
    )
