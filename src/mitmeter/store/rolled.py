"""One series as it is read: roll-ups where they are right, readings where they are not."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from mitmeter.model import DeviceId, lean
from mitmeter.store.rollups import COLUMNS, days, quarters, summary_of
from mitmeter.store.scale import BRIDGE, Sample, nano, sample
from mitmeter.store.schema import QUANTITY_BITS
from mitmeter.store.summary import DAY, QUARTER, Shape, Summary, fold, joined, shape_of

_PER_DAY = DAY // QUARTER
# How many numbers one statement is given.
_AT_ONCE = 500
_MANY = 200

Rows = dict[int, Summary | None]
"""Quarters by their numbers, None for those that were looked for in vain."""

_SERIES = """
    SELECT d.id, q.id, s.first_at, s.latest_at FROM series AS s
    JOIN devices AS d ON d.id = s.device JOIN quantities AS q ON q.id = s.quantity
    WHERE d.name = ? AND q.name = ?"""


@lean
class Reach:
    """The readings of a series next to an instant, at or before it and at or after it."""

    before: Sample | None
    after: Sample | None


class Rolled:
    """One series of one store, read inside one transaction.

    stale, stale_days: numbers of the device's quarters and days that are not summed up, in order.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        device: DeviceId,
        name: str,
        numbers: tuple[int, int],
        span: tuple[int, int],
        stale: Sequence[int],
        stale_days: Sequence[int],
    ) -> None:
        self.device = device
        self.quantity = name
        self.shape = shape_of(name)
        self.first_at, self.latest_at = span
        self._db = db
        self._device, self._quantity = numbers
        self._stale = stale
        self._stale_days = stale_days
        self._stale_set = set(stale)
        self._known: dict[int, Summary | None] = {}

    # --- stretches --------------------------------------------------------------------------------

    def days(self, first: int, last: int) -> list[Summary]:
        """Return the days of UTC with readings, by their numbers, in order."""
        first, last = self._within(first, last, DAY)
        rows = dict(days(self._db, self._device, self._quantity, first, last))
        low = bisect_left(self._stale_days, first)
        for day in self._stale_days[low : bisect_left(self._stale_days, last + 1)]:
            parts = self.quarters(day * _PER_DAY, (day + 1) * _PER_DAY - 1)
            rows.pop(day, None)
            if parts:
                rows[day] = joined(parts, self.shape)
        self._known.update(rows)
        return [rows[day] for day in sorted(rows)]

    def day(self, number: int) -> Summary | None:
        """Return one day of UTC, None without readings."""
        if number not in self._known:
            found = self.days(number, number)
            self._known[number] = found[0] if found else None
        return self._known[number]

    def quarters(self, first: int, last: int) -> list[Summary]:
        """Return the quarters of an hour with readings, by their numbers, in order."""
        first, last = self._within(first, last, QUARTER)
        rows = dict(quarters(self._db, self._device, self._quantity, first, last))
        for low, high in _runs(self._stale_between(first, last)):
            for number in range(low, high + 1):
                rows.pop(number, None)
            rows.update(self._summed(low, high))
        return [rows[number] for number in sorted(rows)]

    def _within(self, first: int, last: int, width: int) -> tuple[int, int]:
        return max(first, self.first_at // width, 0), min(last, self.latest_at // width)

    def _stale_between(self, first: int, last: int) -> Sequence[int]:
        low = bisect_left(self._stale, first)
        return self._stale[low : bisect_left(self._stale, last + 1)]

    def _summed(self, first: int, last: int) -> Iterator[tuple[int, Summary]]:
        """Yield quarters summed up here and now, from the readings."""
        since, until = first * QUARTER, (last + 1) * QUARTER
        around = BRIDGE if self.shape is Shape.POWER else 0
        found = self.samples(since - around, until + around + 1)
        groups = [
            (number, list(group))
            for number, group in groupby(found, key=lambda each: each[0] // QUARTER)
        ]
        for place, (number, inside) in enumerate(groups):
            if first <= number <= last:
                before = groups[place - 1][1][-1] if place else None
                after = groups[place + 1][1][0] if place + 1 < len(groups) else None
                start = number * QUARTER
                yield number, fold(inside, self.shape, before, after, start, start + QUARTER)

    # --- readings ---------------------------------------------------------------------------------

    def samples(self, since: int, until: int) -> list[Sample]:
        """Return the numbers with since ≤ at < until (µs), in order of time."""
        rows = self._raw(since, until, "ASC", -1)
        return [found for row in rows if (found := sample(*row)) is not None]

    def _raw(self, since: int, until: int, order: str, limit: int) -> list[tuple[int, int, int]]:
        since, until = max(since, self.first_at), min(until, self.latest_at + 1)
        return self._db.execute(
            "SELECT m.at, r.value, r.exponent FROM moments AS m INDEXED BY moments_at"  # noqa: S608 - numbers only
            f" CROSS JOIN readings AS r ON r.id = (m.id << {QUANTITY_BITS}) | {self._quantity:d}"
            " WHERE m.device = ? AND m.at >= ? AND m.at < ? AND r.exponent IS NOT NULL"
            f" ORDER BY m.at {order}, m.id {order} LIMIT ?",
            (self._device, since, until, limit),
        ).fetchall()

    def reaches(self, instants: Sequence[int]) -> list[Reach]:
        """Return the neighbours of each instant (µs); the instants come in order."""
        wanted = {number for at in instants for number in (at // QUARTER, at // QUARTER - 1)}
        rows = self._picked(sorted(wanted - self._stale_set))
        return [Reach(self._before(at, rows), self._after(at, rows)) for at in instants]

    def _picked(self, numbers: Sequence[int]) -> Rows:
        rows: Rows = dict.fromkeys(numbers)
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            for row in self._db.execute(
                f"SELECT number, {COLUMNS} FROM quarters WHERE device = ? AND quantity = ?"  # noqa: S608 - numbers only
                f" AND number IN ({','.join(map(str, some))})",
                (self._device, self._quantity),
            ):
                rows[row[0]] = summary_of(row, QUARTER)
        return rows

    def _before(self, at: int, rows: Rows) -> Sample | None:
        """Return the last reading at or before an instant."""
        if at < self.first_at:
            return None
        if at >= self.latest_at:
            at = self.latest_at
        number = at // QUARTER
        found = self._last_in(number, at, rows) or self._last_in(number - 1, at, rows)
        while found is None:
            number = self._neighbour(number, rows, forward=False)
            if number < 0:
                return None
            found = self._last_in(number, at, rows)
        return found

    def _after(self, at: int, rows: Rows) -> Sample | None:
        """Return the first reading at or after an instant."""
        if at > self.latest_at:
            return None
        if at < self.first_at:
            at = self.first_at
        number = at // QUARTER
        found = self._first_in(number, at, rows)
        while found is None:
            number = self._neighbour(number, rows, forward=True)
            if number < 0:
                return None
            found = self._first_in(number, at, rows)
        return found

    def _last_in(self, number: int, at: int, rows: Rows) -> Sample | None:
        row = self._row(number, rows)
        if row is not None:
            if row.last_at <= at:
                return row.last_at, row.last, row.exponent
            if row.first_at > at:
                return None
        elif number not in self._stale_set:
            return None
        since, until = number * QUARTER, min(at + 1, (number + 1) * QUARTER)
        return _first_sample(self._raw(since, until, "DESC", 20), self, since, until, last=True)

    def _first_in(self, number: int, at: int, rows: Rows) -> Sample | None:
        row = self._row(number, rows)
        if row is not None:
            if row.first_at >= at:
                return row.first_at, row.first, row.exponent
            if row.last_at < at:
                return None
        elif number not in self._stale_set:
            return None
        since, until = max(at, number * QUARTER), (number + 1) * QUARTER
        return _first_sample(self._raw(since, until, "ASC", 20), self, since, until, last=False)

    def _row(self, number: int, rows: Rows) -> Summary | None:
        if number in self._stale_set:
            return None
        if number not in rows:
            rows.update(self._picked([number]))
        return rows.get(number)

    def _neighbour(self, number: int, rows: Rows, *, forward: bool) -> int:
        """Return the next quarter on one side that may hold readings, -1 for none."""
        sign, order, pick = (">", "ASC", min) if forward else ("<", "DESC", max)
        row = self._db.execute(
            f"SELECT number, {COLUMNS} FROM quarters WHERE device = ? AND quantity = ?"  # noqa: S608 - fixed words
            f" AND number {sign} ? ORDER BY number {order} LIMIT 1",
            (self._device, self._quantity, number),
        ).fetchone()
        found = []
        if row is not None:
            rows.setdefault(row[0], summary_of(row, QUARTER))
            found.append(int(row[0]))
        place = bisect_left(self._stale, number + 1 if forward else number)
        if forward and place < len(self._stale):
            found.append(self._stale[place])
        if not forward and place > 0:
            found.append(self._stale[place - 1])
        return pick(found, default=-1)

    def area(self, since: int, until: int) -> tuple[int, int, int]:
        """Return a power's energy above and below zero (1e-9 kWh) from whole quarter to whole
        quarter, by their numbers, `until` not included, and the µs covered.
        """
        stale = self._stale_between(since, until - 1)
        if len(stale) > _MANY:
            parts = self.quarters(since, until - 1)
            return (
                sum(each.plus for each in parts),
                sum(each.minus for each in parts),
                sum(each.covered for each in parts),
            )
        skipped = f" AND number NOT IN ({','.join(map(str, stale))})" if stale else ""
        row = self._db.execute(
            "SELECT sum(plus), sum(minus), sum(covered) FROM quarters"  # noqa: S608 - numbers only
            " WHERE device = ? AND quantity = ? AND number >= ? AND number < ?" + skipped,
            (self._device, self._quantity, since, until),
        ).fetchone()
        plus, minus, covered = (each or 0 for each in row)
        for low, high in _runs(stale):
            for _, each in self._summed(low, high):
                plus, minus, covered = (
                    plus + each.plus,
                    minus + each.minus,
                    covered + each.covered,
                )
        return plus, minus, covered


def open_series(db: sqlite3.Connection, device: DeviceId, name: str) -> Rolled | None:
    """Return a series of a store, None where there is none."""
    row = db.execute(_SERIES, (str(device), name)).fetchone()
    if row is None:
        return None
    number, quantity, first_at, latest_at = row
    stale, stale_days = (
        [
            each[0]
            for each in db.execute(
                f"SELECT number FROM {table} WHERE device = ? ORDER BY number",  # noqa: S608 - table names are ours
                (number,),
            )
        ]
        for table in ("stale", "stale_days")
    )
    span = (first_at, latest_at)
    return Rolled(db, device, name, (number, quantity), span, stale, stale_days)


def nanos(found: Sample) -> int:
    """Return a sample's value in 1e-9 of its unit."""
    return nano(found[1], found[2])


def _first_sample(
    rows: Iterable[tuple[int, int, int]], series: Rolled, since: int, until: int, *, last: bool
) -> Sample | None:
    """Return the first of the rows that is a number to reckon with."""
    rows = list(rows)
    for row in rows:
        found = sample(*row)
        if found is not None:
            return found
    if not rows:
        return None
    usable = series.samples(since, until)
    return usable[-1 if last else 0] if usable else None


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of numbers that follow each other."""
    place = 0
    while place < len(numbers):
        end = place
        while end + 1 < len(numbers) and numbers[end + 1] == numbers[end] + 1:
            end += 1
        yield numbers[place], numbers[end]
        place = end + 1
