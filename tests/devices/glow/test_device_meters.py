"""Counters of an emulated display's meters, and its gas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mitmeter.devices.glow.device_gas import (
    GasMeter,
    watt_hours,
)
from mitmeter.devices.glow.device_meters import ElectricityMeter, begins, read_gas
from mitmeter.testing.house import SteadyHouse

CV = Decimal("39.4")
# 2024-01-18 is a Thursday.
THURSDAY = datetime(2024, 1, 18, 6, tzinfo=UTC)


def test_day_week_and_month_begin_at_midnight_utc_and_the_week_on_monday() -> None:
    found = begins(datetime(2024, 3, 31, 23, 59, 59, tzinfo=UTC))
    assert found.day == datetime(2024, 3, 31, tzinfo=UTC)
    assert found.week == datetime(2024, 3, 25, tzinfo=UTC)
    assert found.month == datetime(2024, 3, 1, tzinfo=UTC)


def test_counters_count_from_their_own_midnight_and_registers_for_ever() -> None:
    # 500 W are taken from the grid, always.
    house = SteadyHouse(pv_w=0, battery_w=0, load_w=500, since=datetime(2024, 1, 1, tzinfo=UTC))
    read = ElectricityMeter(house, imported_wh=1_000_000, exported_wh=7).read(THURSDAY)
    assert read.demand_w == 500
    assert read.day_wh == 6 * 500
    assert read.week_wh == (3 * 24 + 6) * 500
    assert read.month_wh == (17 * 24 + 6) * 500
    assert read.imported_wh == 1_000_000 + (17 * 24 + 6) * 500
    assert read.exported_wh == 7


def test_counters_reset_at_midnight_and_the_register_does_not() -> None:
    house = SteadyHouse(pv_w=0, battery_w=0, load_w=3600, since=datetime(2024, 1, 1, tzinfo=UTC))
    meter = ElectricityMeter(house, 0, 0)
    midnight = datetime(2024, 1, 19, tzinfo=UTC)
    before, after = meter.read(midnight - timedelta(seconds=1)), meter.read(midnight)
    assert before.day_wh == 24 * 3600 - 1
    assert after.day_wh == 0
    assert after.imported_wh == before.imported_wh + 1


def test_exporting_counts_on_the_other_register() -> None:
    house = SteadyHouse(pv_w=2000, battery_w=0, load_w=0, since=datetime(2024, 1, 18, tzinfo=UTC))
    read = ElectricityMeter(house, 0, 100).read(THURSDAY)
    assert (read.demand_w, read.day_wh, read.exported_wh) == (-2000, 0, 12_100)


@pytest.mark.parametrize(("litres", "wh"), [(987_654, 11_054_047), (0, 0), (1000, 11_192), (1, 11)])
def test_gas_becomes_energy_as_on_a_bill(litres: int, wh: int) -> None:
    # 987.654 m³ × 1.02264 × 39.4 ÷ 3.6 = 11054.047 kWh, in the fact sheet.
    assert watt_hours(litres, CV) == wh


HOUSE = SteadyHouse(gas_w=22_385, since=datetime(2024, 1, 1, tzinfo=UTC))


def test_the_gas_register_counts_from_what_was_on_it_when_the_house_began() -> None:
    # 414 hours of 22.385 kW are 9267.39 kWh: by the formula of a bill 828.020 m³.
    assert GasMeter(HOUSE, 987_654).litres(THURSDAY) == 987_654 + 828_020


def test_the_gas_register_moves_on_every_half_hour_only() -> None:
    meter = GasMeter(HOUSE, 987_654)
    values = [meter.litres(THURSDAY + timedelta(minutes=n)) for n in range(0, 120, 5)]
    assert [later - values[0] for later in dict.fromkeys(values)] == [0, 1000, 2000, 3000]


def test_gas_counters_reset_like_the_others() -> None:
    meter = GasMeter(HOUSE, 500)
    thursday = read_gas(meter, THURSDAY, CV)
    # 2 m³ an hour: six hours of the day, 78 of the week, 414 of the month.
    for got, hours in ((thursday.day_wh, 6), (thursday.week_wh, 78), (thursday.month_wh, 414)):
        assert abs(got - hours * 22_385) <= 12  # a litre
    monday = read_gas(meter, datetime(2024, 1, 22, 0, 0, 30, tzinfo=UTC), CV)
    assert (monday.day_wh, monday.week_wh) == (0, 0)
    assert abs(monday.month_wh - 504 * 22_385) <= 12


def test_a_gas_meter_asked_about_an_earlier_instant_goes_back() -> None:
    meter = GasMeter(HOUSE, 0)
    early = meter.litres(THURSDAY)
    assert meter.litres(THURSDAY + timedelta(hours=5)) > early
    assert meter.litres(THURSDAY) == early
