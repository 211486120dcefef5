"""The standing charge of an interval: of whole local days, and a fair part of the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta, tzinfo
from decimal import Decimal

from mitmeter.store.periods import midnight
from mitmeter.store.scale import NANO, decimal, divide
from mitmeter.store.value import instant, micros

_DAY = timedelta(days=1)


class Standing:
    """A standing charge from the first day on that anything is known, up to the end of today.

    of_day: the charge of a local day, None where none is known.
    first:  when the fuel was heard of first, µs.
    """

    def __init__(
        self, of_day: Callable[[date], Decimal | None], zone: tzinfo, first: int, now: int
    ) -> None:
        self._of_day = of_day
        self._zone = zone
        self._first = micros(midnight(self._date(first), zone))
        self._last = micros(midnight(self._date(now) + _DAY, zone))
        self._days: dict[date, tuple[int, int, int | None]] = {}

    def between(self, since: int, until: int) -> Decimal | None:
        """Return the charge from one instant to another (µs); parts of a day add up to it."""
        since, until = max(since, self._first), min(until, self._last)
        if since >= until:
            return None
        total: int | None = None
        day = self._date(since)
        while True:
            begins, ends, charge = self._day(day)
            if begins >= until:
                break
            if charge is not None:
                low, high = max(since, begins) - begins, min(until, ends) - begins
                length = ends - begins
                part = divide(charge * high, length) - divide(charge * low, length)
                total = part + (total or 0)
            day += _DAY
        return None if total is None else decimal(total)

    def _day(self, day: date) -> tuple[int, int, int | None]:
        if day not in self._days:
            charge = self._of_day(day)
            self._days[day] = (
                micros(midnight(day, self._zone)),
                micros(midnight(day + _DAY, self._zone)),
                None if charge is None else int(charge * NANO),
            )
        return self._days[day]

    def _date(self, at: int) -> date:
        return instant(at).astimezone(self._zone).date()
