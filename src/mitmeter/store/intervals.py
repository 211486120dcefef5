"""Energy and cost per interval: the face of the store's reckoning.

Everything here reads the store as it is, roll-ups where they are up to date and readings where not:
the numbers are the same either way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, localcontext

from mitmeter.errors import StoreError
from mitmeter.model import DeviceId
from mitmeter.store import overview
from mitmeter.store.column import Cell, Column, column
from mitmeter.store.energy import Bill, Fuel, Interval, Intervals, Mark
from mitmeter.store.history import history
from mitmeter.store.periods import Every, borders, local_day
from mitmeter.store.prices import EXPORT, Prices, currency, prices
from mitmeter.store.scale import decimal
from mitmeter.store.sources import Sources, Turn
from mitmeter.store.standing import Standing
from mitmeter.store.steps import Steps
from mitmeter.store.store import Store
from mitmeter.store.tariff import Tariff
from mitmeter.store.value import instant, micros

__all__ = ["Every", "history", "intervals", "today"]

MOST = 40_000
"""Intervals at once: more than a year of quarters of an hour."""

# Prices times energies are exact: both have few digits, and there is room for all of them.
_PRECISION = 60


def intervals(
    store: Store,
    zone: tzinfo,
    every: Every,
    since: datetime,
    until: datetime,
    *,
    device: DeviceId | None = None,
    tariffs: Sequence[Tariff] = (),
    sources: Mapping[str, DeviceId] | None = None,
    digits: Mapping[str, int] | None = None,
    now: datetime | None = None,
) -> Intervals:
    """Return the energy, and with prices the cost, of each interval that touches [since, until).

    every:   Every("15m"), "30m", "1h", "1d", "1mo" or "1y", by the clock of `zone`: a day may have
             23 or 25 hours, and the hour that comes twice is two intervals. First and last interval
             are whole; none but the first begins after `now`.
    device:  only what this device tells; without it the site as a whole, where one device speaks
             for each quantity at a time, see `Intervals.sources`.
    tariffs: as configured; prices that a device reports come before them unless a tariff says
             otherwise.
    sources: quantity → the device that is to speak for it.
    digits:  quantity → digits before the decimal point, of counters that are known to roll over.
    now:     intervals that end later are marked as partial; the present unless given.
    Raises:  StoreError for more than 40,000 intervals, or when the file cannot be read.
    """
    present = datetime.now(UTC) if now is None else now
    instants = _borders(zone, every, since, min(until, present + timedelta(microseconds=1)))
    with store.looking() as db, localcontext() as context:
        context.prec = _PRECISION
        known = [each for each in overview.series(db) if device in (None, each.device)]
        reckoning = _Reckoning(db, zone, instants, micros(present), digits or {})
        cast = Sources(known, sources)
        # A device without prices of its own is priced like the site.
        asked = known if _has_prices(known) else overview.series(db)
        money = prices(db, asked, tariffs, zone, instants[0], instants[-1])
        for quantity in cast.quantities(whole=device is None):
            reckoning.add(quantity, cast.turns(quantity), money)
        return reckoning.result(money, currency(db, asked, tariffs) if money else "")


def today(
    store: Store,
    zone: tzinfo,
    *,
    device: DeviceId | None = None,
    tariffs: Sequence[Tariff] = (),
    sources: Mapping[str, DeviceId] | None = None,
    now: datetime | None = None,
) -> Intervals:
    """Return the local day that `now` is in, as one interval (`items[0]`, marked as partial)."""
    present = datetime.now(UTC) if now is None else now
    since, until = local_day(present, zone)
    return intervals(
        store,
        zone,
        Every.DAY,
        since,
        until,
        device=device,
        tariffs=tariffs,
        sources=sources,
        now=present,
    )


def _borders(zone: tzinfo, every: Every, since: datetime, until: datetime) -> list[int]:
    """Return the borders in µs. Raises StoreError for too many, or too far away."""
    try:
        found = borders(zone, every, since, max(until, since + timedelta(microseconds=1)), MOST)
    except (OverflowError, ValueError) as exc:
        raise StoreError(f"intervals since {since:%Y-%m-%d}: no such time ({exc})") from exc
    if len(found) > MOST + 1:
        raise StoreError(
            f"more than {MOST:,} intervals of {every} between {since:%Y-%m-%d} and "
            f"{until:%Y-%m-%d}: take longer ones, or less time"
        )
    return [micros(each) for each in found]


def _has_prices(known: Sequence[overview.Series]) -> bool:
    return any(each.quantity.name == "price.import" for each in known)


class _Reckoning:
    """All quantities between the same borders, on their way to intervals."""

    def __init__(
        self,
        db: sqlite3.Connection,
        zone: tzinfo,
        instants: Sequence[int],
        now: int,
        digits: Mapping[str, int],
    ) -> None:
        self._db = db
        self._zone = zone
        self._borders = instants
        self._now = now
        self._digits = digits
        self._columns: dict[str, Column] = {}
        self._sources: dict[str, tuple[DeviceId, ...]] = {}
        self._first: dict[str, int] = {}

    def add(self, quantity: str, turns: Sequence[Turn], money: Sequence[Prices]) -> None:
        """Reckon one quantity, priced where it is charged for."""
        here = [
            each
            for each in turns
            if each.until > self._borders[0] and each.since < self._borders[-1]
        ]
        made = column(
            self._db,
            quantity,
            self._borders,
            here,
            _prices_of(quantity, money),
            self._now,
            self._digits.get(quantity),
        )
        estimated = any(each.source.power for each in here)
        if quantity == EXPORT and estimated and not made.total.energy:
            return  # a clamp does not know which way a current flows
        self._columns[quantity] = made
        self._sources[quantity] = tuple(dict.fromkeys(each.source.device for each in here))
        self._first[quantity] = turns[0].source.first

    def result(self, money: Sequence[Prices], unit: str) -> Intervals:
        """Return the intervals with their bills."""
        standing = {
            each.fuel: Standing(each.standing, self._zone, self._first[each.quantity], self._now)
            for each in money
            if each.quantity in self._first
        }
        rows = [
            self._interval(
                since,
                until,
                {name: each.cells[row] for name, each in self._columns.items()},
                money,
                standing,
            )
            for row, (since, until) in enumerate(
                zip(self._borders, self._borders[1:], strict=False)
            )
        ]
        totals = {name: each.total for name, each in self._columns.items()}
        whole = self._interval(self._borders[0], self._borders[-1], totals, money, standing)
        return Intervals(
            tuple(rows),
            whole,
            unit,
            self._sources,
            tuple(gap for each in self._columns.values() for gap in each.gaps),
            tuple(change for each in self._columns.values() for change in each.changes),
        )

    def _interval(
        self,
        since: int,
        until: int,
        cells: Mapping[str, Cell],
        money: Sequence[Prices],
        standing: Mapping[Fuel, Standing],
    ) -> Interval:
        return Interval(
            instant(since),
            instant(until),
            {name: each.shown for name, each in cells.items()},
            {
                each.fuel: _bill(each, cells, standing[each.fuel].between(since, until))
                for each in money
                if each.fuel in standing
            },
        )


def _prices_of(quantity: str, money: Sequence[Prices]) -> Steps:
    for each in money:
        if quantity == each.quantity:
            return each.usage
        if quantity == EXPORT and each.fuel is Fuel.ELECTRICITY:
            return each.export
    return Steps()


def _bill(of: Prices, cells: Mapping[str, Cell], standing: Decimal | None) -> Bill:
    used = cells[of.quantity]
    given = cells.get(EXPORT) if of.fuel is Fuel.ELECTRICITY and of.export else None
    marks = set(used.marks)
    if used.unpriced:
        marks.add(Mark.UNPRICED)
    return Bill(
        used.cost,
        None if given is None else given.cost,
        standing,
        decimal(used.unpriced),
        frozenset(marks),
    )
