"""Energy from a power, where there is no counter: the area under the line through its readings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mitmeter.store.energy import Mark
from mitmeter.store.measure import Measured, Piece
from mitmeter.store.rolled import Rolled
from mitmeter.store.scale import BRIDGE, microwatts
from mitmeter.store.summary import QUARTER, area_between


class Power:
    """One power. below: the energy of its negative values, instead of that of the positive."""

    def __init__(self, series: Rolled, *, below: bool) -> None:
        self._series = series
        self._below = below

    def measure(self, borders: Sequence[int], now: int) -> Measured:
        """Return the energy between each two borders (µs, in order)."""
        measured = Measured()
        for since, until in pairwise(borders):
            piece = Piece(since, until)
            measured.pieces.append(piece)
            plus, minus, covered = self._area(since, until)
            if covered:
                piece.energy = minus if self._below else plus
                piece.marks.add(Mark.ESTIMATED)
            self._complete(piece, covered, now)
        return measured

    def _complete(self, piece: Piece, covered: int, now: int) -> None:
        """Mark a piece of which part is not covered."""
        latest = self._series.latest_at
        wanted = min(piece.until, now) - piece.since
        if latest < piece.until and now - latest <= BRIDGE:
            piece.marks.add(Mark.PARTIAL)
            wanted = min(wanted, latest - piece.since)
        if piece.until > now:
            piece.marks.add(Mark.PARTIAL)
        if covered < wanted:
            piece.marks.add(Mark.GAP)

    def _area(self, since: int, until: int) -> tuple[int, int, int]:
        since = max(since, self._series.first_at)
        until = min(until, self._series.latest_at)
        if since >= until:
            return 0, 0, 0
        first, last = -(-since // QUARTER), until // QUARTER
        if first >= last:
            return self._part(since, until)
        parts = [self._series.area(first, last)]
        if since < first * QUARTER:
            parts.append(self._part(since, first * QUARTER))
        if last * QUARTER < until:
            parts.append(self._part(last * QUARTER, until))
        plus, minus, covered = (sum(each) for each in zip(*parts, strict=True))
        return plus, minus, covered

    def _part(self, since: int, until: int) -> tuple[int, int, int]:
        """Return the area of a part of a quarter, from the readings themselves."""
        samples = self._series.samples(since - BRIDGE, until + BRIDGE + 1)
        return area_between(((each[0], microwatts(each)) for each in samples), since, until)
