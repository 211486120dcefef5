"""Energy and cost per interval as they are answered."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from pydantic import Field

from mitmeter.dashboard.answer import Instant, Shape, number
from mitmeter.store.energy import Change, GapSpan, Interval, Intervals

ENERGIES = {
    "import_kwh": "grid.import",
    "export_kwh": "grid.export",
    "pv_kwh": "pv.energy",
    "charged_kwh": "battery.charged",
    "discharged_kwh": "battery.discharged",
    "gas_kwh": "gas.energy",
    "gas_m3": "gas.volume",
}
MONEY = ("cost", "income", "standing", "total")


class IntervalShape(Shape):
    """One interval, from ≤ t < to. Null is not known.

    house_kwh: what was used: import − export + pv + discharged − charged.
    cost:      of the energy used; standing: the standing charge; income: earned by export; total:
               what is to be paid.
    marks:     why a number in here is not simply a difference of two readings; of: by quantity.
    """

    since: Instant = Field(serialization_alias="from")
    until: Instant = Field(serialization_alias="to")
    import_kwh: float | None
    export_kwh: float | None
    pv_kwh: float | None
    house_kwh: float | None
    charged_kwh: float | None
    discharged_kwh: float | None
    gas_kwh: float | None
    gas_m3: float | None
    cost: float | None
    income: float | None
    standing: float | None
    total: float | None
    marks: list[str]
    of: dict[str, list[str]]


class GapShape(Shape):
    """A time without readings across a border: its energy is in no interval, only in totals."""

    device: str
    quantity: str
    since: Instant = Field(serialization_alias="from")
    until: Instant = Field(serialization_alias="to")
    value: float | None
    cost: float | None


class ChangeShape(Shape):
    """A counter's step that is no difference: a meter changed, reset, or rolled over."""

    device: str
    quantity: str
    at: Instant
    before: float | None
    after: float | None
    mark: str


class PeriodShape(Shape):
    """The intervals of a span, and all of them together."""

    items: list[IntervalShape]
    totals: IntervalShape


class IntervalsShape(PeriodShape):
    """The intervals of a span. zone: by whose clock; sources: quantity → whose numbers these are.

    previous: the same for the time before, where asked for.
    """

    every: str
    zone: str
    currency: str | None
    sources: dict[str, list[str]]
    gaps: list[GapShape]
    changes: list[ChangeShape]
    previous: PeriodShape | None


def period_shape(found: Intervals) -> PeriodShape:
    known = frozenset(found.sources)
    return PeriodShape(
        items=[interval_shape(each, known) for each in found.items],
        totals=interval_shape(found.totals, known),
    )


def interval_shape(each: Interval, known: frozenset[str]) -> IntervalShape:
    """known: the quantities that this site has at all."""
    exact = exact_values(each, known)
    of = {
        name: sorted(map(str, energy.marks))
        for name, energy in each.energies.items()
        if energy.marks
    }
    marks = {mark for energy in each.energies.values() for mark in energy.marks}
    marks |= {mark for bill in each.bills.values() for mark in bill.marks}
    return IntervalShape(
        since=each.since,
        until=each.until,
        marks=sorted(map(str, marks)),
        of=of,
        **{name: number(value) for name, value in exact.items()},
    )


def exact_values(each: Interval, known: frozenset[str]) -> dict[str, Decimal | None]:
    """Return energies and money of an interval, exact."""
    values: dict[str, Decimal | None] = {
        field: each.energies[name].value if name in each.energies else None
        for field, name in ENERGIES.items()
    }
    values["house_kwh"] = _house(values, known)
    bills = each.bills.values()
    values["cost"] = _sum(bill.usage for bill in bills)
    values["income"] = _sum(bill.export for bill in bills)
    values["standing"] = _sum(bill.standing for bill in bills)
    values["total"] = each.cost
    return values


def _house(values: dict[str, Decimal | None], known: frozenset[str]) -> Decimal | None:
    """Return what the house used, None where a part that this site has is not known."""
    total = Decimal(0)
    signs = {"import_kwh": 1, "export_kwh": -1, "pv_kwh": 1, "discharged_kwh": 1, "charged_kwh": -1}
    for field, sign in signs.items():
        value = values[field]
        if value is None and (field == "import_kwh" or ENERGIES[field] in known):
            return None
        total += sign * (value or Decimal(0))
    return total


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [each for each in values if each is not None]
    return sum(known, Decimal(0)) if known else None


def gap_shape(each: GapSpan) -> GapShape:
    return GapShape(
        device=str(each.device),
        quantity=each.quantity,
        since=each.since,
        until=each.until,
        value=number(each.value),
        cost=number(each.cost),
    )


def change_shape(each: Change) -> ChangeShape:
    return ChangeShape(
        device=str(each.device),
        quantity=each.quantity,
        at=each.until,
        before=number(each.before),
        after=number(each.after),
        mark=str(each.mark),
    )
