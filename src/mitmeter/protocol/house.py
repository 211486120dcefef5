"""The simulated house behind emulated devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HouseState:
    """The simulated house at one instant; grid + pv + battery = load, exactly.

    Power in whole watts: grid_w + import, battery_w + discharge, pv_w ≥ 0, load_w ≥ 0.
    soc_percent: 0..100, exact.
    gas_w: what heating and hot water burn, whole watts of the gas's heat.
    price_import, price_standing: the tariff now, currency per kWh and per day; 0 where there is
    none. low_rate: whether the cheaper of its two rates is valid.
    """

    grid_w: int
    pv_w: int
    battery_w: int
    load_w: int
    soc_percent: Decimal
    voltage_v: Decimal
    frequency_hz: Decimal
    temperature_c: Decimal
    gas_w: int = 0
    price_import: Decimal = Decimal(0)
    price_standing: Decimal = Decimal(0)
    low_rate: bool = False


@dataclass(frozen=True, slots=True)
class HouseEnergy:
    """Lifetime energies in kWh: the exact integrals of the powers in HouseState since the house
    began.

    imported_low: the part of `imported` taken while the low rate was valid.
    gas_volume:   what the gas meter has counted, m³; `gas` is its heat in kWh.
    """

    imported: Decimal
    exported: Decimal
    pv: Decimal
    charged: Decimal
    discharged: Decimal
    load: Decimal
    charged_from_grid: Decimal
    imported_low: Decimal = Decimal(0)
    gas: Decimal = Decimal(0)
    gas_volume: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class BatterySchedule:
    """When the battery charges from the grid, in the site's local hours; `None` windows mean never.

    stop_charging_percent: charge from the grid up to here.
    reserve_percent:       do not discharge below here.
    """

    charge_windows: tuple[tuple[int, int], ...] = ()
    stop_charging_percent: Decimal = Decimal(100)
    reserve_percent: Decimal = Decimal(10)


class House(Protocol):
    """One simulated house behind every emulated device; any instant, any order, always equal."""

    def state(self, at: datetime) -> HouseState: ...

    def energy(self, at: datetime) -> HouseEnergy: ...

    def schedule(self, at: datetime, schedule: BatterySchedule) -> None:
        """From `at` on the battery follows this schedule."""
        ...
