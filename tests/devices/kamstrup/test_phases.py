"""What the meter measures: three phases, their sum, and energy that is its exact integral."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.kamstrup.phases import Wiring, amperes, idle, phases, volts
from mitmeter.protocol import HouseState, PlainMemory
from mitmeter.simulate import House
from mitmeter.testing.house import SteadyHouse
from tests.devices.kamstrup.meter_bench import EVENING, NEW_YEAR, MeterBench, shipped

STEADY = SteadyHouse().state(EVENING)


def without_sun() -> dict[str, Any]:
    tables = shipped()
    tables["meter"] |= {"feeds": "load"}
    return tables


@given(watts=st.integers(-25_000, 25_000), minutes=st.integers(0, 600_000), seed=st.integers(0))
def test_phases_sum_to_the_power_at_the_meter_and_have_its_sign(
    watts: int, minutes: int, seed: int
) -> None:
    found = phases(STEADY, watts, NEW_YEAR + timedelta(minutes=minutes), Wiring(), seed)
    assert sum(phase.power_w for phase in found) == watts
    assert all(phase.power_w * watts >= 0 for phase in found)


@given(watts=st.integers(-25_000, 25_000), minutes=st.integers(0, 600_000))
def test_power_is_voltage_times_current_times_power_factor(watts: int, minutes: int) -> None:
    wiring = Wiring(cosines=(98, 60, 100))
    found = phases(STEADY, watts, NEW_YEAR + timedelta(minutes=minutes), wiring, 1)
    for phase, cosine in zip(found, wiring.cosines, strict=True):
        measured = volts(phase) * amperes(phase) * Decimal(cosine) / 100
        # The current is told to a hundredth of an ampere: half of that is 1.2 W.
        assert abs(measured - abs(phase.power_w)) <= Decimal("1.2")


def test_a_loaded_phase_is_a_little_lower_and_none_leaves_its_band() -> None:
    wiring = Wiring(shares=(98, 1, 1), offsets=(0, 0, 0))
    heavy, light, _ = phases(STEADY, 9_000, EVENING, wiring, 1)
    assert heavy.decivolts < light.decivolts
    assert all(2_150 < phase.decivolts < 2_450 for phase in (heavy, light))


def test_open_relays_leave_the_voltage_and_nothing_else() -> None:
    found = idle(STEADY, Wiring(offsets=(3, 9, -21)))
    assert [(phase.power_w, phase.centiamps) for phase in found] == [(0, 0)] * 3
    assert [phase.decivolts for phase in found] == [2315, 2321, 2291]


def test_load_wanders_between_the_phases_without_jumps() -> None:
    at = EVENING
    before = phases(STEADY, 6_000, at, Wiring(), 1)
    changed = 0
    for _ in range(360):
        at += timedelta(seconds=10)
        now = phases(STEADY, 6_000, at, Wiring(), 1)
        steps = [abs(a.power_w - b.power_w) for a, b in zip(before, now, strict=True)]
        assert max(steps) < 100
        changed += any(steps)
        before = now
    assert changed > 300


def test_what_is_told_as_registers_adds_up() -> None:
    bench = MeterBench(without_sun(), house=House(1, NEW_YEAR), now=EVENING, memory=PlainMemory())
    for _ in range(50):
        bench.run(613)
        total = bench.number(0x03FF)
        assert total > 0
        assert sum(bench.number(each) for each in (0x0438, 0x0439, 0x043A)) == total
        for voltage, current, power in zip(
            (0x041E, 0x041F, 0x0420),
            (0x0434, 0x0435, 0x0436),
            (0x0438, 0x0439, 0x043A),
            strict=True,
        ):
            apparent = bench.number(voltage) * Decimal(bench.number(current)) / 100
            # Voltage is told in whole volts, current in hundredths; cos φ is at least 0.97.
            assert apparent * Decimal("0.96") - 4 <= bench.number(power) <= apparent + 4


def test_an_hour_of_the_house_energy_is_the_integral_of_reported_power_to_the_last_digit() -> None:
    bench = MeterBench(without_sun(), house=House(1, NEW_YEAR), now=EVENING)
    start = bench.number(0x000D)
    watt_seconds = 0
    for _ in range(360):
        # Power is constant within each ten seconds of UTC, and EVENING begins one.
        watt_seconds += bench.number(0x03FF) * 10
        bench.run(10)
        assert bench.number(0x000D) == start + watt_seconds // 360  # a tenth of a watt-hour
    assert watt_seconds > 360_000


@pytest.mark.parametrize("register", [(0x000D, 0x03FF), (0x000E, 0x0400)])
def test_a_day_at_the_grid_import_and_export_are_each_the_integral_of_their_own_power(
    register: tuple[int, int],
) -> None:
    counter, power = register
    noon = datetime(2025, 6, 1, 10, tzinfo=UTC)
    bench = MeterBench(house=House(3, NEW_YEAR), now=noon)
    start, watt_seconds = bench.number(counter), 0
    for _ in range(8_640):
        watt_seconds += bench.number(power) * 10
        bench.run(10)
    assert watt_seconds > 0
    assert bench.number(counter) == start + watt_seconds // 360


def test_few_digits_are_those_of_the_many() -> None:
    bench = MeterBench(without_sun(), house=House(1, NEW_YEAR), now=EVENING)
    assert bench.number(0x0001) == 71_832
    bench.run(86_400)
    assert bench.number(0x0001) == bench.number(0x000D) // 1_000 > 71_832


def test_counters_survive_a_restart_to_the_last_digit() -> None:
    memory = PlainMemory()
    first = MeterBench(without_sun(), house=House(1, NEW_YEAR), now=EVENING, memory=memory)
    undisturbed = MeterBench(without_sun(), house=House(1, NEW_YEAR), now=EVENING)
    for _ in range(5):
        first.run(4_321)
        first.number(0x000D)
    undisturbed.run(5 * 4_321 + 700)
    again = MeterBench(
        without_sun(),
        house=House(1, NEW_YEAR),
        now=first.now + timedelta(seconds=700),
        memory=memory,
    )
    assert again.number(0x000D) == undisturbed.number(0x000D)
    assert again.number(0x03EC) == undisturbed.number(0x03EC)


def test_a_house_whose_year_has_begun_anew_lets_no_counter_fall() -> None:
    memory = PlainMemory()
    december = datetime(2025, 12, 30, 12, tzinfo=UTC)
    bench = MeterBench(without_sun(), house=House(1, NEW_YEAR), now=december, memory=memory)
    bench.run(2 * 86_400)
    before = bench.number(0x000D)
    next_year = datetime(2026, 1, 1, tzinfo=UTC)
    again = MeterBench(
        without_sun(),
        house=House(1, next_year),
        now=next_year + timedelta(days=2),
        memory=memory,
    )
    assert again.number(0x000D) > before


def test_every_connection_sees_the_same_meter() -> None:
    memory, house = PlainMemory(), House(1, NEW_YEAR)
    one = MeterBench(without_sun(), house=house, now=EVENING, memory=memory)
    one.run(5_000)
    other = MeterBench(without_sun(), house=house, now=one.now, memory=memory)
    ids = (0x0001, 0x000D, 0x03FF, 0x041E, 0x0434, 0x0438, 0x03EA)
    assert one.read(*ids) == other.read(*ids)


def test_hours_are_counted_on() -> None:
    bench = MeterBench()
    bench.run(7_199)
    assert bench.number(0x03EC) == 283 + 1
    bench.run(1)
    assert bench.number(0x03EC) == 283 + 2


def test_a_counter_that_is_full_begins_again() -> None:
    tables = without_sun()
    tables["registers"]["0x000D"]["value"] = 0xFFFF_FFFF
    del tables["registers"]["0x0001"]
    house = SteadyHouse(pv_w=0, battery_w=0, load_w=360)
    bench = MeterBench(tables, house=house, now=EVENING)
    bench.run(2)
    assert bench.number(0x000D) == 1


def test_the_temperature_is_told_in_kelvin_above_that_of_the_air() -> None:
    class Cold(SteadyHouse):
        def state(self, at: datetime) -> HouseState:
            return replace(super().state(at), temperature_c=Decimal("-4.6"))

    assert MeterBench(house=Cold()).number(0x0437) == 284  # −4.6 + 15 °C in K, rounded
