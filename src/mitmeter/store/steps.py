"""Prices over time: each is valid from an instant until the next one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Self

from mitmeter.store.rolled import Rolled, nanos
from mitmeter.store.scale import Sample, decimal
from mitmeter.store.summary import DAY, QUARTER

Step = tuple[int, Decimal | None]
"""From when on (µs), and the price; None: there is none."""

_PER_DAY = DAY // QUARTER


class Steps:
    """Prices over time, made of steps in order; before the first there is no price."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._times: list[int] = []
        self._prices: list[Decimal | None] = []
        for at, price in steps:
            if self._times and self._times[-1] == at:
                self._prices[-1] = price
            elif price != (self._prices[-1] if self._prices else None):
                self._times.append(at)
                self._prices.append(price)

    def __bool__(self) -> bool:
        return bool(self._times)

    def at(self, at: int) -> Decimal | None:
        """Return the price at an instant."""
        place = bisect_right(self._times, at)
        return self._prices[place - 1] if place else None

    def next(self, at: int) -> Decimal | None:
        """Return the first price there is at an instant or after it."""
        place = max(bisect_right(self._times, at) - 1, 0)
        return next((each for each in self._prices[place:] if each is not None), None)

    def changes(self, since: int, until: int) -> list[int]:
        """Return when prices change inside a span, its ends not included."""
        return self._times[bisect_right(self._times, since) : bisect_left(self._times, until)]

    def over(self, other: Self) -> Steps:
        """Return these prices where there are any, and the other's elsewhere."""
        if not self or not other:
            return self or other
        times = sorted({*self._times, *other._times})
        found: list[Step] = []
        for at in times:
            here = self.at(at)
            found.append((at, other.at(at) if here is None else here))
        return Steps(found)


def told(series: Sequence[Rolled], since: int, until: int) -> Steps:
    """Return the prices that devices reported; of several the one that spoke last counts."""
    found: list[Step] = []
    for each in series:
        found += _told(each, since, until)
    return Steps(sorted(found, key=lambda step: step[0]))


def _told(series: Rolled, since: int, until: int) -> list[Step]:
    start = series.reaches([since])[0].before
    steps = [] if start is None else [_step(start)]
    held = None if start is None else nanos(start)
    for first, last in _changing(series, held, since, until):
        for quarter in series.quarters(first, last):
            if quarter.low != quarter.high:
                samples = series.samples(quarter.first_at, quarter.last_at + 1)
                steps += (_step(each) for each in samples if since < each[0] < until)
            elif quarter.first_nano != held and since < quarter.first_at < until:
                steps.append((quarter.first_at, decimal(quarter.first_nano)))
            held = quarter.last_nano
    return steps


def _changing(
    series: Rolled, held: int | None, since: int, until: int
) -> Iterator[tuple[int, int]]:
    """Yield the first and last quarter of each run of days on which a price changes."""
    run: tuple[int, int] | None = None
    for day in series.days(since // DAY, (until - 1) // DAY):
        steady = day.low == day.high and day.first_nano == held
        held = day.last_nano
        first = day.first_at // DAY * _PER_DAY
        if run is not None and (steady or first > run[1] + 1):
            yield run
            run = None
        if not steady:
            run = (first if run is None else run[0], first + _PER_DAY - 1)
    if run is not None:
        yield run


def _step(found: Sample) -> Step:
    return found[0], decimal(nanos(found))
