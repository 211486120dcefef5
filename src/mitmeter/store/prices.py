"""What each fuel costs over time, by the devices that say so and by what is configured."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from decimal import Decimal

from mitmeter.model import DeviceId
from mitmeter.store.contract import export_prices, is_valid, standing_charge, usage_prices
from mitmeter.store.energy import Fuel
from mitmeter.store.overview import Series
from mitmeter.store.periods import midnight
from mitmeter.store.rolled import Rolled, open_series
from mitmeter.store.steps import Steps, told
from mitmeter.store.tariff import Tariff
from mitmeter.store.value import micros

EXPORT = "grid.export"

_DAY_US = 86_400_000_000
# Quantities by the ends of their names: the price of a unit, and the standing charge of a day.
_TOLD = {
    Fuel.ELECTRICITY: ("grid.import", "price.import", "price.standing"),
    Fuel.GAS: ("gas.energy", "gas.price_per_kwh", "gas.standing_per_day"),
}


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one fuel. quantity: what is charged for."""

    fuel: Fuel
    quantity: str
    usage: Steps
    export: Steps
    tariffs: Sequence[Tariff]
    told_standing: Steps
    zone: tzinfo

    def standing(self, day: date) -> Decimal | None:
        """Return the standing charge of a local day."""
        ours = [each for each in self.tariffs if each.ours and is_valid(each, day)]
        agreed = standing_charge(ours, day)
        if agreed is not None:
            return agreed
        begins = micros(midnight(day, self.zone))
        said = self.told_standing.at(begins)
        if said is None and self.told_standing.changes(begins, begins + _DAY_US):
            said = self.told_standing.next(begins)
        return standing_charge(self.tariffs, day) if said is None else said


def prices(
    db: sqlite3.Connection,
    known: Iterable[Series],
    tariffs: Sequence[Tariff],
    zone: tzinfo,
    since: int,
    until: int,
) -> list[Prices]:
    """Return the prices of each fuel that has any between two instants (µs).

    known: the series whose devices are asked for prices.
    """
    known = list(known)
    found: list[Prices] = []
    for fuel, (quantity, unit, standing) in _TOLD.items():
        agreed = [each for each in tariffs if each.fuel is fuel]
        ours = [each for each in agreed if each.ours]
        charged = agreed[-1].quantity if agreed else quantity
        # What a device says is per kWh, and no price of a cubic metre.
        said = told(_opened(db, known, unit), since, until) if charged == quantity else Steps()
        usage = usage_prices(ours, zone, since, until).over(
            said.over(usage_prices(agreed, zone, since, until))
        )
        one = Prices(
            fuel,
            charged,
            usage,
            export_prices(agreed, zone, since, until),
            agreed,
            told(_opened(db, known, standing), since, until),
            zone,
        )
        if usage or one.export or one.told_standing or any(each.standing for each in agreed):
            found.append(one)
    return found


def currency(db: sqlite3.Connection, known: Iterable[Series], tariffs: Sequence[Tariff]) -> str:
    """Return the currency of all money: as configured, else as a device that has prices says."""
    if tariffs:
        return tariffs[-1].currency
    devices = sorted({each.device for each in known if each.quantity.name == "price.import"})
    for device in devices:
        found = _told_currency(db, device)
        if len(found) == 3 and found.isalpha() and found.isupper():
            return found
    return ""


def _told_currency(db: sqlite3.Connection, device: DeviceId) -> str:
    row = db.execute(
        "SELECT f.value FROM facts AS f JOIN devices AS d ON d.id = f.device"
        " WHERE d.name = ? AND f.name = 'currency'",
        (str(device),),
    ).fetchone()
    return "" if row is None else str(row[0])


def _opened(db: sqlite3.Connection, known: Iterable[Series], end: str) -> list[Rolled]:
    """Return the series whose names are this, or end so for a vendor's."""
    found = [
        open_series(db, each.device, each.quantity.name)
        for each in known
        if each.quantity.name == end or each.quantity.name.endswith(f".{end}")
    ]
    return [each for each in found if each is not None]
