"""Energy from a counter: differences between readings, never across what is no difference.

At a border the counter is read off the line between its two neighbours, if they are near; to 1e-6
kWh, so that what is left of a border and what is right of it are together exactly the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from mitmeter.model import lean
from mitmeter.store.energy import Mark
from mitmeter.store.measure import Break, Measured, Piece
from mitmeter.store.rolled import Reach, Rolled, nanos
from mitmeter.store.scale import NANO, Sample, divide
from mitmeter.store.summary import DAY, QUARTER, Summary, is_change

_PER_DAY = DAY // QUARTER
_READ_OFF = 1_000


@lean
class _At:
    """A counter's value (1e-9 kWh) at an instant (µs)."""

    at: int
    value: int


class Counter:
    """One counter. digits: before the decimal point, where they are known."""

    def __init__(self, series: Rolled, digits: int | None = None) -> None:
        self._series = series
        self._digits = digits
        ends = series.reaches([series.first_at, series.latest_at])
        self._first = _known(ends[0].after)
        self._latest = _known(ends[1].before)

    def measure(self, borders: Sequence[int], now: int) -> Measured:
        """Return the energy between each two borders (µs, in order)."""
        if self._first is None or self._latest is None:
            return Measured([Piece(*each) for each in pairwise(borders)])
        reaches = self._series.reaches(borders)
        low, high = reaches[0].before, reaches[-1].after
        breaks = [
            each
            for each in self._breaks(
                self._first.at if low is None else low[0],
                self._latest.at if high is None else high[0],
            )
            if each.until > borders[0] and each.since < borders[-1]
        ]
        values = [self._value(at, reach) for at, reach in zip(borders, reaches, strict=True)]
        walk = _Walk(self._first, self._latest, breaks)
        measured = Measured(breaks=breaks)
        for (since, start), (until, end) in pairwise(zip(borders, values, strict=True)):
            piece = walk.piece(since, start, until, end)
            if until > self._latest.at:
                self._run_out(piece, now)
            measured.pieces.append(piece)
        return measured

    def _run_out(self, piece: Piece, now: int) -> None:
        """Mark a piece that the newest reading does not reach the end of."""
        silent = self._latest is None or now - self._latest.at > self._near(self._latest.at)
        if silent:
            piece.marks.add(Mark.GAP)
        if not silent or piece.until > now:
            piece.marks.add(Mark.PARTIAL)

    # --- at a border ------------------------------------------------------------------------------

    def _value(self, at: int, reach: Reach) -> int | None:
        """Return what the counter showed, None where there is no line to read it off."""
        before, after = _known(reach.before), _known(reach.after)
        if before is None or after is None:
            return None
        if before.at == at:
            return before.value
        near = max(self._near(before.at), self._near(after.at))
        if self._step(before, after, near) is not None:
            return None
        parts = (after.value - before.value) * (at - before.at)
        return before.value + divide(parts, (after.at - before.at) * _READ_OFF) * _READ_OFF

    def _near(self, at: int) -> int:
        day = self._series.day(at // DAY)
        return 0 if day is None else day.near

    # --- where the line breaks --------------------------------------------------------------------

    def _breaks(self, since: int, until: int) -> Iterator[Break]:
        """Yield the breaks between two readings, in order of time."""
        for left, right in _with_neighbours(self._series.days(since // DAY, until // DAY)):
            if left is not None:
                yield from self._between(left, right, max(left.near, right.near))
            if right.changes or right.longest > right.near:
                yield from self._within_day(right)

    def _within_day(self, day: Summary) -> Iterator[Break]:
        first = day.first_at // DAY * _PER_DAY
        parts = self._series.quarters(first, first + _PER_DAY - 1)
        for left, right in _with_neighbours(parts):
            if left is not None:
                yield from self._between(left, right, day.near)
            if right.changes or right.longest > day.near:
                samples = self._series.samples(right.first_at, right.last_at + 1)
                for before, after in pairwise(_At(each[0], nanos(each)) for each in samples):
                    found = self._step(before, after, day.near)
                    if found is not None:
                        yield found

    def _between(self, left: Summary, right: Summary, near: int) -> Iterator[Break]:
        before = _At(left.last_at, left.last_nano)
        found = self._step(before, _At(right.first_at, right.first_nano), near)
        if found is not None:
            yield found

    def _step(self, before: _At, after: _At, near: int) -> Break | None:
        """Return the step as a break, None when it is a difference like any other."""
        us = after.at - before.at
        if is_change(before.value, after.value, us):
            energy = self._rolled_over(before.value, after.value, us)
            mark = Mark.METER_CHANGE if energy is None else Mark.ROLL_OVER
        elif us > near:
            energy = after.value - before.value
            mark = Mark.GAP
        else:
            return None
        return Break(
            self._series.device,
            self._series.quantity,
            before.at,
            after.at,
            before.value,
            after.value,
            mark,
            energy,
        )

    def _rolled_over(self, before: int, after: int, us: int) -> int | None:
        """Return the energy of a step in which the counter began again from 0, None if it did not.

        It did if its digits are known and so much can have been used in that time.
        """
        if self._digits is None or after >= before:
            return None
        energy = 10**self._digits * NANO - before + after
        return None if energy < 0 or is_change(0, energy, us) else energy


class _Walk:
    """Goes through a counter's breaks from piece to piece."""

    def __init__(self, first: _At, latest: _At, breaks: Sequence[Break]) -> None:
        self._first = first
        self._latest = latest
        self._breaks = breaks
        self._place = 0

    def piece(self, since: int, start: int | None, until: int, end: int | None) -> Piece:
        """Add up the stretches between the breaks that touch a piece.

        start, end: what the counter showed at the borders; None inside a break and beyond the
                    readings.
        """
        piece = Piece(since, until)
        here = None if start is None else _At(since, start)
        if since < self._first.at:
            piece.marks.add(Mark.GAP)
            here = self._first if self._first.at < until else None
        while self._place < len(self._breaks) and self._breaks[self._place].until <= since:
            self._place += 1
        place = self._place
        while place < len(self._breaks) and self._breaks[place].since < until:
            each = self._breaks[place]
            place += 1
            piece.marks.add(each.mark)
            if here is not None and each.since > here.at:
                piece.add(each.before - here.value)
            if each.since >= since and each.until <= until and each.energy is not None:
                piece.add(each.energy)
            here = _At(each.until, each.after) if each.until < until else None
        stop = self._latest if end is None else _At(until, end)
        if here is not None and stop.at > here.at:
            piece.add(stop.value - here.value)
        return piece


def _known(found: Sample | None) -> _At | None:
    return None if found is None else _At(found[0], nanos(found))


def _with_neighbours(parts: Sequence[Summary]) -> Iterator[tuple[Summary | None, Summary]]:
    """Yield each part with the one before it."""
    return zip((None, *parts), parts, strict=False)
