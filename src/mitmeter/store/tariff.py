"""A tariff as it is reckoned with: which price applies when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from mitmeter.store.energy import Fuel

MIDNIGHT = time()
EVERY_DAY = frozenset(range(7))
EVERY_MONTH = frozenset(range(1, 13))


@dataclass(frozen=True, slots=True)
class Rate:
    """A price per unit and when it applies, by the local clock.

    start, end: of the day; end ≤ start goes on past midnight, and then belongs to the day (and
                month) on which it began. Both midnight: the whole day.
    days:       0 is Monday.
    """

    price: Decimal
    start: time = MIDNIGHT
    end: time = MIDNIGHT
    days: frozenset[int] = EVERY_DAY
    months: frozenset[int] = EVERY_MONTH


@dataclass(frozen=True, slots=True)
class Listed:
    """Prices from a list, each from `since` on up to `until`."""

    since: datetime
    until: datetime
    price: Decimal


@dataclass(frozen=True, slots=True)
class Tariff:
    """One contract. Of several that are valid at a time the last one counts.

    quantity:      what is charged for: grid.import, gas.energy or gas.volume.
    rates:         the first that applies counts.
    listed:        prices by date and time, ordered; where they say something, they count first.
    export_rates, export_listed: the same for grid.export.
    standing:      per local day.
    since, until:  first local day, and the first one no longer; None is no bound.
    ours:          counts even where a device reports prices.
    """

    name: str
    currency: str
    fuel: Fuel = Fuel.ELECTRICITY
    quantity: str = "grid.import"
    rates: tuple[Rate, ...] = ()
    listed: tuple[Listed, ...] = ()
    export_rates: tuple[Rate, ...] = ()
    export_listed: tuple[Listed, ...] = ()
    standing: Decimal | None = None
    since: date | None = None
    until: date | None = None
    ours: bool = False
