"""Counters of an emulated display's meters, and its gas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mitmeter.devices.glow.device_gas import (
    GasMeter,
    energy_kwh,
    half_hour_litres,
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


def test_the_same_half_hour_takes_the_same_gas_and_cold_takes_more() -> None:
    cold = half_hour_litres(Decimal(0), THURSDAY, 1, CV)
    assert cold == half_hour_litres(Decimal(0), THURSDAY, 1, CV)
    assert cold > half_hour_litres(Decimal(10), THURSDAY, 1, CV)
    assert half_hour_litres(Decimal(25), THURSDAY.replace(hour=3), 1, CV) == 0


def test_a_house_in_winter_takes_about_as_much_gas_as_its_degrees_ask() -> None:
    day = [THURSDAY.replace(hour=0) + n * timedelta(minutes=30) for n in range(48)]
    litres = sum(half_hour_litres(Decimal("5.5"), each, 7, CV) for each in day)
    # 10 degrees × 240 W × 24 h is 57.6 kWh; hot water comes on top.
    assert Decimal(56) < energy_kwh(litres, CV) < Decimal(72)


def test_the_gas_register_moves_on_every_half_hour_only() -> None:
    meter = GasMeter(lambda at: Decimal(2), 1, 987_654, CV)
    values = [meter.litres(THURSDAY + timedelta(minutes=n)) for n in range(0, 120, 5)]
    assert len(set(values)) == 4
    assert values == sorted(values)
    assert values[0] > 987_654


def test_the_gas_register_is_the_same_asked_often_or_once() -> None:
    often = GasMeter(lambda at: Decimal(at.hour), 3, 0, CV)
    for n in range(200):
        often.litres(THURSDAY + n * timedelta(minutes=17))
    end = THURSDAY + timedelta(days=3)
    once = GasMeter(lambda at: Decimal(at.hour), 3, 0, CV)
    once.litres(THURSDAY)
    assert often.litres(end) == once.litres(end)


def test_gas_counters_begin_when_the_meter_was_fitted_and_reset_like_the_others() -> None:
    meter = GasMeter(lambda at: Decimal(2), 1, 500, CV)
    first = read_gas(meter, THURSDAY, CV)
    assert first.day_wh == first.week_wh == first.month_wh == watt_hours(first.register_l - 500, CV)
    friday = read_gas(meter, THURSDAY + timedelta(days=1), CV)
    assert friday.day_wh < friday.week_wh == friday.month_wh
    monday = read_gas(meter, datetime(2024, 1, 22, 0, 0, 30, tzinfo=UTC), CV)
    assert (monday.day_wh, monday.week_wh) == (0, 0)
    assert monday.month_wh == watt_hours(monday.register_l - 500, CV)


def test_a_gas_meter_asked_about_an_earlier_instant_goes_back() -> None:
    meter = GasMeter(lambda at: Decimal(2), 1, 0, CV)
    early = meter.litres(THURSDAY)
    meter.litres(THURSDAY + timedelta(hours=5))
    assert meter.litres(THURSDAY) == early
