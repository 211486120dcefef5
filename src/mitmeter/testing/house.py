"""The plainest house there can be: nothing in it ever changes, so every expected value is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mitmeter.protocol import BatterySchedule, HouseEnergy, HouseState


@dataclass(slots=True)
class SteadyHouse:
    """A house whose powers are constant; grid + pv + battery = load.

    grid_w + is import, battery_w + is discharge; energies are their integrals since `since`.
    The state of charge never moves. `schedules` collects what it was told.
    """

    pv_w: int = 1500
    battery_w: int = -800
    load_w: int = 520
    soc_percent: Decimal = Decimal("72.4")
    gas_w: int = 0
    since: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    schedules: list[tuple[datetime, BatterySchedule]] = field(default_factory=list)

    @property
    def grid_w(self) -> int:
        return self.load_w - self.pv_w - self.battery_w

    def state(self, at: datetime) -> HouseState:
        return HouseState(
            grid_w=self.grid_w,
            pv_w=self.pv_w,
            battery_w=self.battery_w,
            load_w=self.load_w,
            soc_percent=self.soc_percent,
            voltage_v=Decimal("231.2"),
            frequency_hz=Decimal("50.01"),
            temperature_c=Decimal("33"),
            gas_w=self.gas_w,
        )

    def energy(self, at: datetime) -> HouseEnergy:
        passed = at - self.since

        def kwh(power_w: int) -> Decimal:
            """Return the energy of a power since the house began; a negative one counts for 0."""
            watt_microseconds = max(power_w, 0) * (passed // timedelta(microseconds=1))
            return Decimal(watt_microseconds) / Decimal(3_600_000_000_000)

        return HouseEnergy(
            imported=kwh(self.grid_w),
            exported=kwh(-self.grid_w),
            pv=kwh(self.pv_w),
            charged=kwh(-self.battery_w),
            discharged=kwh(self.battery_w),
            load=kwh(self.load_w),
            charged_from_grid=Decimal(0),
            gas=kwh(self.gas_w),
            # At 39.4 MJ per m³, as a bill has it.
            gas_volume=kwh(self.gas_w) * Decimal("3.6") / (Decimal("1.02264") * Decimal("39.4")),
        )

    def schedule(self, at: datetime, schedule: BatterySchedule) -> None:
        self.schedules.append((at, schedule))
