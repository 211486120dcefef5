"""One quantity in all intervals: its energies, and what they cost."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from mitmeter.model import lean
from mitmeter.store.energy import Change, Energy, GapSpan, Mark
from mitmeter.store.measure import Break, Measured, Piece
from mitmeter.store.scale import decimal
from mitmeter.store.sources import Turn
from mitmeter.store.steps import Steps
from mitmeter.store.value import instant

_NOTHING = Decimal(0)


@lean
class Cell:
    """One quantity in one interval. energy and unpriced in 1e-9 of the unit.

    cost: of what is priced, None when nothing is.
    """

    energy: int | None
    marks: frozenset[Mark]
    cost: Decimal | None = None
    unpriced: int = 0

    @property
    def shown(self) -> Energy:
        return Energy(None if self.energy is None else decimal(self.energy), self.marks)


@dataclass(slots=True)
class _Sum:
    """A cell in the making."""

    energy: int | None = None
    marks: set[Mark] = field(default_factory=set)
    cost: Decimal | None = None
    unpriced: int = 0

    def add(self, energy: int, price: Decimal | None) -> None:
        self.energy = energy if self.energy is None else self.energy + energy
        if price is not None:
            cost = decimal(energy) * price
            self.cost = cost if self.cost is None else self.cost + cost
        else:
            self.unpriced += energy

    def cell(self) -> Cell:
        return Cell(self.energy, frozenset(self.marks), self.cost, self.unpriced)


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity in all intervals. total: with the gaps that lie between the outer borders."""

    quantity: str
    cells: list[Cell]
    total: Cell
    gaps: list[GapSpan]
    changes: list[Change]


def column(
    db: sqlite3.Connection,
    quantity: str,
    borders: Sequence[int],
    turns: Sequence[Turn],
    prices: Steps,
    now: int,
    digits: int | None,
) -> Column:
    """Reckon one quantity between borders (µs); its parts are priced at `prices`."""
    switches = [each.since for each in turns[1:] if borders[0] < each.since < borders[-1]]
    fine = sorted({*borders, *switches, *prices.changes(borders[0], borders[-1])})
    measured = _measured(db, fine, turns, now, digits)
    sums = [_Sum() for _ in borders[1:]]
    for piece in measured.pieces:
        _take_piece(sums[bisect_right(borders, piece.since) - 1], piece, prices)
    for at in switches:
        sums[bisect_right(borders, at) - 1].marks.add(Mark.METER_CHANGE)
    gaps: list[GapSpan] = []
    for each in measured.breaks:
        gaps += _take_break(each, sums, borders, measured.pieces, prices)
    cells = [each.cell() for each in sums]
    return Column(
        quantity,
        cells,
        _total(cells, gaps, borders),
        gaps,
        [_change(each) for each in measured.breaks if each.mark is not Mark.GAP],
    )


def _measured(
    db: sqlite3.Connection,
    borders: Sequence[int],
    turns: Sequence[Turn],
    now: int,
    digits: int | None,
) -> Measured:
    """Return the pieces between all borders, each by who speaks then."""
    found = Measured()
    for turn in turns:
        mine = [at for at in borders if turn.since <= at <= turn.until]
        if len(mine) > 1:
            part = turn.source.measure(db, mine, now, digits)
            found.pieces += part.pieces
            found.breaks += part.breaks
    return found


def _take_piece(into: _Sum, piece: Piece, prices: Steps) -> None:
    into.marks |= piece.marks
    if piece.energy is not None:
        into.add(piece.energy, prices.at(piece.since))


def _take_break(
    each: Break,
    sums: Sequence[_Sum],
    borders: Sequence[int],
    pieces: Sequence[Piece],
    prices: Steps,
) -> list[GapSpan]:
    """Add a break's energy to the interval it lies in, if no piece has it; else return it."""
    place = bisect_right(pieces, each.since, key=lambda piece: piece.since) - 1
    if place >= 0 and each.until <= pieces[place].until:
        return []
    price = None if prices.changes(each.since, each.until) else prices.at(each.since)
    row = bisect_right(borders, each.since) - 1
    if each.energy is not None and 0 <= row < len(sums) and each.until <= borders[row + 1]:
        sums[row].add(each.energy, price)
        return []
    value = None if each.energy is None else decimal(each.energy)
    cost = None if value is None or price is None else value * price
    since, until = instant(each.since), instant(each.until)
    return [GapSpan(each.device, each.quantity, since, until, value, cost)]


def _total(cells: Sequence[Cell], gaps: Sequence[GapSpan], borders: Sequence[int]) -> Cell:
    total = _Sum()
    for each in cells:
        total.marks |= each.marks
        total.unpriced += each.unpriced
        if each.energy is not None:
            total.energy = each.energy + (total.energy or 0)
        if each.cost is not None:
            total.cost = each.cost + (total.cost or _NOTHING)
    first, last = instant(borders[0]), instant(borders[-1])
    for gap in gaps:
        if gap.value is None or gap.since < first or gap.until > last:
            continue
        energy = int(gap.value.scaleb(9))
        total.energy = energy + (total.energy or 0)
        if gap.cost is None:
            total.unpriced += energy
        else:
            total.cost = gap.cost + (total.cost or _NOTHING)
    return total.cell()


def _change(each: Break) -> Change:
    return Change(
        each.device,
        each.quantity,
        instant(each.since),
        instant(each.until),
        decimal(each.before),
        decimal(each.after),
        each.mark,
    )
