"""What today costs so far, for the whole house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

from mitmeter.store import Store
from mitmeter.store.energy import Bill, Fuel
from mitmeter.store.intervals import today
from mitmeter.store.tariff import Tariff

_CENTS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Costs:
    """currency: ISO 4217. fields: of the state; `cost_today_since` is the local midnight."""

    currency: str
    fields: dict[str, object]


def todays_costs(
    store: Store, zone: tzinfo, tariffs: Sequence[Tariff], now: datetime
) -> Costs | None:
    """Return what the local day has cost so far, each part at the price of its time; None where no
    price is known. Raises StoreError.
    """
    found = today(store, zone, tariffs=tariffs, now=now)
    if not found.currency or not found.items:
        return None
    day = found.items[0]
    totals = {
        "cost_today": day.cost,
        "cost_today_electricity": _of(Fuel.ELECTRICITY, day.bills),
        "cost_today_gas": _of(Fuel.GAS, day.bills),
    }
    fields: dict[str, object] = {
        name: None if total is None else total.quantize(_CENTS) for name, total in totals.items()
    }
    fields["cost_today_since"] = day.since.astimezone(zone).isoformat()
    return Costs(found.currency, fields)


def _of(fuel: Fuel, bills: Mapping[Fuel, Bill]) -> Decimal | None:
    bill = bills.get(fuel)
    return None if bill is None else bill.total
