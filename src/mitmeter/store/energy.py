"""What intervals are made of: energies with their marks, what they cost, and where data is missing.

Energies are in kWh (gas volumes in m³), money is in the currency of `Intervals.currency`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from mitmeter.model import DeviceId


class Mark(StrEnum):
    """Why a number is not simply the difference of two counter readings."""

    GAP = "gap"
    """Readings are missing: part of the energy is not in the number, or it is unknown when in the
    interval it was used."""
    ESTIMATED = "estimated"
    """Integrated from power, because there is no counter."""
    METER_CHANGE = "meter-change"
    """The counter was reset or replaced, or another device took over; the step between is not
    counted."""
    ROLL_OVER = "roll-over"
    """The counter ran through all its digits; counted."""
    PARTIAL = "partial"
    """Still running."""
    UNPRICED = "unpriced"
    """Of money: for part of the energy no price is known, or not which of several applies."""


class Fuel(StrEnum):
    """What a bill is for."""

    ELECTRICITY = "electricity"
    GAS = "gas"


@dataclass(frozen=True, slots=True)
class Energy:
    """One quantity in one interval. value: None where nothing is known of it."""

    value: Decimal | None
    marks: frozenset[Mark] = frozenset()


@dataclass(frozen=True, slots=True)
class Bill:
    """What one fuel cost in one interval; None where no price is known.

    usage:    the energy used, each part at the price of its time.
    export:   what the energy given to the grid earned; positive is income.
    standing: the standing charge: of whole local days, and a fair part of it for shorter intervals.
    unpriced: used energy that has no price, in the unit of the priced quantity.
    """

    usage: Decimal | None = None
    export: Decimal | None = None
    standing: Decimal | None = None
    unpriced: Decimal = Decimal(0)
    marks: frozenset[Mark] = frozenset()

    @property
    def total(self) -> Decimal | None:
        """What is to be paid: usage and standing charge less export; None without any of them."""
        if self.usage is None and self.standing is None and self.export is None:
            return None
        zero = Decimal(0)
        return (self.usage or zero) + (self.standing or zero) - (self.export or zero)


@dataclass(frozen=True, slots=True)
class Interval:
    """One interval, since ≤ t < until (aware UTC), with all quantities that are known of it.

    energies: by quantity: grid.import, grid.export, pv.energy, battery.charged,
              battery.discharged, gas.energy, gas.volume, and with a device its own others.
    bills:    by fuel; empty without prices.
    """

    since: datetime
    until: datetime
    energies: Mapping[str, Energy]
    bills: Mapping[Fuel, Bill] = field(default_factory=dict)

    @property
    def cost(self) -> Decimal | None:
        """What is to be paid for all fuels; None when nothing has a price."""
        known = [each.total for each in self.bills.values() if each.total is not None]
        return sum(known, Decimal(0)) if known else None


@dataclass(frozen=True, slots=True)
class GapSpan:
    """A time without readings that reaches over the border of an interval.

    value: the energy of the whole span, by the counter before and after it. It is in none of the
           intervals, because nobody knows how much of it is in which; None where it is unknown.
    cost:  of that energy; None when prices differ within the span.
    """

    device: DeviceId
    quantity: str
    since: datetime
    until: datetime
    value: Decimal | None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A counter's step that is no difference: the meter was changed or reset, or it rolled over."""

    device: DeviceId
    quantity: str
    since: datetime
    until: datetime
    before: Decimal
    after: Decimal
    mark: Mark


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals of a time span, oldest first.

    totals:   of all of them, with the gap spans that lie wholly between the first and the last.
    currency: ISO 4217 code of all money in here, "" when none is known.
    sources:  quantity → the devices it was taken from.
    gaps:     what is in no interval.
    changes:  meters changed, resets and roll-overs.
    """

    items: tuple[Interval, ...]
    totals: Interval
    currency: str = ""
    sources: Mapping[str, tuple[DeviceId, ...]] = field(default_factory=dict)
    gaps: tuple[GapSpan, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One stretch of a line on a chart, `History.width` long from `at` on."""

    at: datetime
    mean: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Hole:
    """A time without readings; a line must not be drawn across it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class History:
    """One series thinned out for a chart: stretches without readings are simply not there.

    width_seconds: of each point, 0 when the points are the readings themselves.
    """

    points: tuple[Point, ...]
    gaps: tuple[Hole, ...]
    width_seconds: float
