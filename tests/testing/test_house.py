"""The steady house keeps its books."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from mitmeter.protocol import BatterySchedule
from mitmeter.testing.house import SteadyHouse

BEGIN = datetime(2025, 6, 1, tzinfo=UTC)
TEN_HOURS_LATER = datetime(2025, 6, 1, 10, tzinfo=UTC)


def test_what_comes_in_is_what_is_used() -> None:
    state = SteadyHouse(pv_w=1500, battery_w=-800, load_w=520).state(BEGIN)
    assert state.grid_w == -180
    assert state.grid_w + state.pv_w + state.battery_w == state.load_w


def test_energy_is_power_by_time() -> None:
    house = SteadyHouse(pv_w=1500, battery_w=-800, load_w=520, since=BEGIN)
    energy = house.energy(TEN_HOURS_LATER)
    assert energy.pv == Decimal(15)
    assert energy.charged == Decimal(8)
    assert energy.exported == Decimal("1.8")
    assert energy.load == Decimal("5.2")
    assert energy.imported == energy.discharged == Decimal(0)


def test_what_it_was_told_is_kept_for_the_test_to_see() -> None:
    house = SteadyHouse()
    house.schedule(BEGIN, BatterySchedule(((1, 5),)))
    assert house.schedules == [(BEGIN, BatterySchedule(((1, 5),)))]
