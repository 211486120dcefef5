"""The meters of an emulated display: registers as the house has them, counters as meters reset.

Day, week and month begin at midnight UTC, the week on Monday. Source: fact sheet §3.9 [O].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from mitmeter.devices.glow.device_gas import GasMeter, watt_hours
from mitmeter.protocol import House


@dataclass(frozen=True, slots=True)
class Electricity:
    """Watts, and watt-hours: lifetime and since the beginning of day, week and month."""

    demand_w: int
    imported_wh: int
    exported_wh: int
    day_wh: int
    week_wh: int
    month_wh: int


@dataclass(frozen=True, slots=True)
class Gas:
    """Litres on the register; watt-hours since the beginning of day, week and month."""

    register_l: int
    day_wh: int
    week_wh: int
    month_wh: int


@dataclass(frozen=True, slots=True)
class Begins:
    """When day, week and month began."""

    day: datetime
    week: datetime
    month: datetime


def begins(at: datetime) -> Begins:
    """Return the midnights, UTC, at which the present day, week and month began."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return Begins(day, day - timedelta(days=day.weekday()), day.replace(day=1))


class ElectricityMeter:
    """The house's grid connection, with so much on its registers already when the house began."""

    def __init__(self, house: House, imported_wh: int, exported_wh: int) -> None:
        self._house = house
        self._imported_wh = imported_wh
        self._exported_wh = exported_wh
        self._earlier: dict[datetime, int] = {}

    def read(self, at: datetime) -> Electricity:
        energy = self._house.energy(at)
        begin = begins(at)
        if begin.day not in self._earlier:
            # Another day: what is known of older midnights is not asked for any more.
            wanted = (begin.day, begin.week, begin.month)
            self._earlier = {each: _wh(self._house.energy(each).imported) for each in wanted}
        imported = _wh(energy.imported)
        return Electricity(
            demand_w=self._house.state(at).grid_w,
            imported_wh=self._imported_wh + imported,
            exported_wh=self._exported_wh + _wh(energy.exported),
            day_wh=imported - self._earlier[begin.day],
            week_wh=imported - self._earlier[begin.week],
            month_wh=imported - self._earlier[begin.month],
        )


def read_gas(meter: GasMeter, at: datetime, calorific: Decimal) -> Gas:
    begin = begins(at)
    day, week, month = (
        watt_hours(meter.since(each, at), calorific)
        for each in (begin.day, begin.week, begin.month)
    )
    return Gas(meter.litres(at), day, week, month)


def _wh(kwh: Decimal) -> int:
    """Return whole watt-hours: a register shows what is complete."""
    return int(kwh * 1000)
