"""Where the simulated house stands and what is installed there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from decimal import Decimal

from mitmeter.simulate.tariff import Tariff


@dataclass(frozen=True, slots=True)
class PvString:
    """Modules in series on one roof face.

    azimuth_deg: where the face looks, clockwise from north (180 is south). tilt_deg: 0 is flat.
    """

    peak_w: int
    azimuth_deg: float
    tilt_deg: float


@dataclass(frozen=True, slots=True)
class BatterySize:
    """A battery with its inverter, as seen from the AC side.

    Efficiencies are whole per mille of one way, so that stored energy stays an exact integer.
    """

    capacity_wh: int = 10_100
    charge_limit_w: int = 4_600
    discharge_limit_w: int = 4_600
    charge_permille: int = 960
    discharge_permille: int = 955
    initial_percent: int = 40


@dataclass(frozen=True, slots=True)
class Site:
    """Place, zone and equipment. `household` scales what people use; 1.0 is about 10 kWh a day.

    zone: whose clock the people, the tariff and the battery's charge windows live by.
    gas:  whether it is heated with gas. calorific: of that gas, MJ per m³ as it is billed.
    """

    latitude: float = 51.5
    longitude: float = -0.1
    zone: tzinfo = UTC
    strings: tuple[PvString, ...] = (PvString(2_800, 150.0, 35.0), PvString(2_800, 240.0, 35.0))
    pv_limit_w: int = 5_000
    battery: BatterySize = BatterySize()
    household: float = 1.0
    gas: bool = True
    boiler_w: int = 24_000
    calorific: Decimal = Decimal("39.4")
    tariff: Tariff = field(default_factory=Tariff)
