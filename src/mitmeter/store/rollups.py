"""Keeping the roll-ups: what a batch touches becomes stale, and is summed up again when it rests.

All of it happens in the transaction of the batch. A quarter is summed up from the readings as they
are, so whatever the order in which they came, the row is the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from mitmeter.store.scale import BRIDGE, Sample, sample
from mitmeter.store.schema import QUANTITY_BITS, QUANTITY_MASK
from mitmeter.store.summary import DAY, QUARTER, Shape, Summary, fold_columns, joined, shape_of

COLUMNS = (
    "count, first_after, last_after, exponent, first, last, low, high, total, longest, changes,"
    " plus, minus, covered"
)
# Readings summed up again for each that is new: ahead of any backlog, and no long halt either.
_PACE = 2
# What small batches may save up for the quarter's end: a battery's quarter, some 5 ms of work.
_SAVED = 5_000
_AT_ONCE = 1_000
_DAYS_AT_ONCE = 200
_MOST_MARKED = 100_000
# What a quarter, and a row of one, cost beside their readings; counted in readings.
_QUARTER_COST = 10
_ROW_COST = 2
_PER_DAY = DAY // QUARTER
_EVER = 2**62

_PUT = "INSERT OR REPLACE INTO {} (device, quantity, number, {}) VALUES ({})"

_SOME = f"""
    SELECT r.id & {QUANTITY_MASK} AS quantity, m.at, r.value, r.exponent
    FROM moments AS m INDEXED BY moments_at CROSS JOIN readings AS r
    ON r.id BETWEEN (m.id << {QUANTITY_BITS}) AND ((m.id << {QUANTITY_BITS}) | {QUANTITY_MASK})
    WHERE m.device = ? AND m.at >= ? AND m.at < ? AND r.exponent IS NOT NULL {{}}
    ORDER BY m.at, r.id"""  # noqa: S608 - numbers only
_RAW = _SOME.format("").replace("ORDER BY", "ORDER BY quantity,")

Place = tuple[int, int]
"""The number of a quarter or a day, and of a device."""

_quantity = itemgetter(0)


class Rollups:
    """The roll-ups of one store, as its writer keeps them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._shapes: dict[int, Shape] = {}
        self._touched: dict[Place, None] = {}
        self._marked: set[Place] = set()
        self._newest = 0
        self._credit = 0
        # Before which quarter and day everything is settled that can be.
        self._quarters_until = self._days_until = -1

    def note(self, device: int, at: int, received: int) -> None:
        """Take note of readings of a device at an instant (µs), received at another."""
        if at >= 0:
            number, into = divmod(at, QUARTER)
            self._touched[number, device] = None
            # Power is drawn a line through, over the quarter's borders.
            if into < BRIDGE:
                self._touched[number - 1, device] = None
            elif into >= QUARTER - BRIDGE:
                self._touched[number + 1, device] = None
        if received > self._newest:
            self._newest = received

    def commit(self, readings: int) -> None:
        """Mark what was noted, and sum up some of what no longer changes.

        readings: how many are new; for each of them about two are summed up.
        """
        self._mark()
        self._credit = min(max(self._credit, 0), _SAVED) + _PACE * readings
        newest = self._newest - BRIDGE
        if self._credit > 0:
            self._settle_quarters(newest // QUARTER)
        self._settle_days(newest // DAY)
        self._touched.clear()

    def settle(self, quarters: int) -> int:
        """Sum up at most so many quarters, whatever is still to come, and the days that are then
        complete; return how many quarters are left.
        """
        for number, device in self._waiting("stale", _EVER, quarters):
            self._sum_quarter(device, number)
        complete = self._db.execute(
            "SELECT number, device FROM stale_days AS d WHERE NOT EXISTS"
            " (SELECT 1 FROM stale AS s WHERE s.device = d.device"
            " AND s.number >= d.number * ? AND s.number < (d.number + 1) * ?)"
            " ORDER BY number, device",
            (_PER_DAY, _PER_DAY),
        ).fetchall()
        for number, device in complete:
            self._sum_day(device, number)
        return int(self._db.execute("SELECT count(*) FROM stale").fetchone()[0])

    def _mark(self) -> None:
        fresh = [place for place in self._touched if place not in self._marked]
        if not fresh:
            return
        if len(self._marked) > _MOST_MARKED:
            self._marked.clear()
        self._marked.update(fresh)
        self._db.executemany("INSERT OR IGNORE INTO stale (number, device) VALUES (?, ?)", fresh)
        days = {(number // _PER_DAY, device): None for number, device in fresh}
        self._db.executemany(
            "INSERT OR IGNORE INTO stale_days (number, device) VALUES (?, ?)", days
        )
        self._quarters_until = min(self._quarters_until, min(fresh)[0])
        self._days_until = min(self._days_until, min(days)[0])

    # --- quarters ---------------------------------------------------------------------------------

    def _settle_quarters(self, before: int) -> None:
        """Sum up quarters from before a number, as far as the credit goes."""
        if before <= self._quarters_until:
            return
        skipped = before
        waiting = self._waiting("stale", before, _AT_ONCE + len(self._touched))
        for place in waiting:
            if place in self._touched:
                skipped = min(skipped, place[0])
                continue
            if self._credit <= 0:
                return
            self._credit -= self._sum_quarter(place[1], place[0])
        if len(waiting) < _AT_ONCE:
            self._quarters_until = skipped

    def _waiting(self, table: str, before: int, limit: int) -> list[Place]:
        return self._db.execute(
            f"SELECT number, device FROM {table} WHERE number < ?"  # noqa: S608 - table names are ours
            " ORDER BY number, device LIMIT ?",
            (before, limit),
        ).fetchall()

    def _sum_quarter(self, device: int, number: int) -> int:
        """Sum up one quarter of a device; return what that took, counted in readings."""
        since, until = number * QUARTER, (number + 1) * QUARTER
        rows = self._db.execute(_RAW, (device, since, until)).fetchall()
        groups = {
            quantity: found
            for quantity, group in groupby(rows, key=_quantity)
            if (found := _columns(list(group)))
        }
        powers = [each for each in groups if self._shape(each) is Shape.POWER]
        early = self._edge(device, since - BRIDGE, since, powers, last=True)
        late = self._edge(device, until, until + BRIDGE + 1, powers, last=False)
        self._put(
            "quarters",
            device,
            number,
            {
                quantity: fold_columns(
                    *columns,
                    self._shape(quantity),
                    early.get(quantity),
                    late.get(quantity),
                    since,
                    until,
                )
                for quantity, columns in groups.items()
            },
        )
        self._db.execute("DELETE FROM stale WHERE number = ? AND device = ?", (number, device))
        self._marked.discard((number, device))
        self._days_until = min(self._days_until, number // _PER_DAY)
        return _QUARTER_COST + _ROW_COST * len(groups) + len(rows)

    def _edge(
        self, device: int, since: int, until: int, powers: Sequence[int], *, last: bool
    ) -> dict[int, Sample]:
        """Return of each power its last or first reading within a span."""
        if not powers:
            return {}
        wanted = f" AND r.id & {QUANTITY_MASK} IN ({','.join(map(str, powers))})"
        found: dict[int, Sample] = {}
        for quantity, *row in self._db.execute(_SOME.format(wanted), (device, since, until)):
            if last or quantity not in found:
                kept = sample(*row)
                if kept is not None:
                    found[quantity] = kept
        return found

    # --- days -------------------------------------------------------------------------------------

    def _settle_days(self, before: int) -> None:
        """Sum up days from before a number whose quarters are all settled, one at least."""
        if before <= self._days_until:
            return
        waiting = self._waiting("stale_days", before, _DAYS_AT_ONCE)
        done = 0
        for number, device in waiting:
            # One at a time goes even where quarters took all: it has to be some time.
            if done and self._credit <= 0:
                return
            if not self._is_stale(device, number):
                self._credit -= self._sum_day(device, number)
                done += 1
        if len(waiting) < _DAYS_AT_ONCE:
            self._days_until = before

    def _is_stale(self, device: int, day: int) -> bool:
        """Tell whether a quarter of a day is stale."""
        found = self._db.execute(
            "SELECT 1 FROM stale WHERE number >= ? AND number < ? AND device = ? LIMIT 1",
            (day * _PER_DAY, (day + 1) * _PER_DAY, device),
        ).fetchone()
        return found is not None

    def _sum_day(self, device: int, day: int) -> int:
        """Sum up one day of a device; return what that took, counted in readings."""
        first = day * _PER_DAY
        known = self._db.execute("SELECT quantity FROM series WHERE device = ?", (device,))
        sums: dict[int, Summary] = {}
        cost = _QUARTER_COST
        for (quantity,) in known.fetchall():
            parts = quarters(self._db, device, quantity, first, first + _PER_DAY - 1)
            cost += _ROW_COST + len(parts)
            if parts:
                sums[quantity] = joined([part for _, part in parts], self._shape(quantity))
        self._put("days", device, day, sums)
        self._db.execute("DELETE FROM stale_days WHERE number = ? AND device = ?", (day, device))
        return cost

    # --- rows -------------------------------------------------------------------------------------

    def _put(self, table: str, device: int, number: int, sums: dict[int, Summary]) -> None:
        width = QUARTER if table == "quarters" else DAY
        self._db.executemany(
            _PUT.format(table, COLUMNS, ",".join("?" * 17)),
            (
                (device, quantity, number, *_row(each, self._shape(quantity), number * width))
                for quantity, each in sums.items()
            ),
        )

    def _shape(self, number: int) -> Shape:
        shape = self._shapes.get(number)
        if shape is None:
            row = self._db.execute("SELECT name FROM quantities WHERE id = ?", (number,)).fetchone()
            shape = self._shapes[number] = shape_of(str(row[0]))
        return shape


def _row(each: Summary, shape: Shape, start: int) -> tuple[int | float | None, ...]:
    edges: tuple[int | None, ...] = (None, None, None)
    if shape is Shape.POWER:
        edges = (each.plus, each.minus, each.covered)
    return (
        each.count,
        each.first_at - start,
        each.last_at - start,
        each.exponent,
        each.first,
        each.last,
        each.low,
        each.high,
        each.total,
        each.longest,
        each.changes,
        *edges,
    )


def _columns(
    rows: list[tuple[int, int, int | str, int]],
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] | None:
    """Return times, mantissas and exponents of a series, None when none is a number."""
    _, times, values, exponents = zip(*rows, strict=True)
    usual = set(map(type, values)) == {int} and min(exponents) >= -18 and max(exponents) <= 0
    if usual:
        return times, values, exponents
    found = [kept for row in rows if (kept := sample(*row[1:])) is not None]
    if not found:
        return None
    times, values, exponents = zip(*found, strict=True)
    return times, values, exponents


def quarters(
    db: sqlite3.Connection, device: int, quantity: int, first: int, last: int
) -> list[tuple[int, Summary]]:
    """Return the rows of quarters by their numbers, in order."""
    return _rows(db, "quarters", QUARTER, device, quantity, first, last)


def days(
    db: sqlite3.Connection, device: int, quantity: int, first: int, last: int
) -> list[tuple[int, Summary]]:
    """Return the rows of days by their numbers, in order."""
    return _rows(db, "days", DAY, device, quantity, first, last)


def _rows(
    db: sqlite3.Connection,
    table: str,
    width: int,
    device: int,
    quantity: int,
    first: int,
    last: int,
) -> list[tuple[int, Summary]]:
    rows = db.execute(
        f"SELECT number, {COLUMNS} FROM {table}"  # noqa: S608 - table names are ours
        " WHERE device = ? AND quantity = ? AND number BETWEEN ? AND ? ORDER BY number",
        (device, quantity, first, last),
    )
    return [(row[0], summary_of(row, width)) for row in rows]


def summary_of(row: tuple[Any, ...], width: int) -> Summary:
    """Return a row of (number, COLUMNS) as a summary."""
    start = row[0] * width
    return Summary(
        row[1],
        start + row[2],
        start + row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
        row[12] or 0,
        row[13] or 0,
        row[14] or 0,
    )
