"""The boiler burns when it is cold, less at night, and when somebody washes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitmeter.simulate import House, Site
from mitmeter.simulate.gas import GasLedger, Heating
from mitmeter.simulate.load import Household
from mitmeter.simulate.weather import Weather

START = datetime(2025, 3, 10, 6, 0, tzinfo=UTC)
START_US = int(START.timestamp()) * 1_000_000
LONDON = Site(zone=ZoneInfo("Europe/London"))
offsets = st.integers(0, 14 * 86_400 * 1_000_000)


def heating(seed: int, site: Site = LONDON) -> Heating:
    return Heating(seed, site, Weather(seed, site), Household(seed, site))


@cache
def ledger(seed: int) -> GasLedger:
    return GasLedger(heating(seed), START_US // 60_000_000)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(1, 3), one=offsets, other=offsets)
def test_energy_between_any_two_instants_is_the_sum_of_power_times_time(
    seed: int, one: int, other: int
) -> None:
    first, last = START_US + min(one, other), START_US + max(one, other)
    last = min(last, first + 7_200_000_000)
    gas = ledger(seed)
    expected, at = 0, first
    while at < last:
        upto = min(last, at // 60_000_000 * 60_000_000 + 60_000_000)
        expected += gas.power_w(at // 60_000_000) * (upto - at)
        at = upto
    assert gas.integral(last) - gas.integral(first) == expected


@settings(max_examples=10, deadline=None)
@given(asked=st.lists(offsets, min_size=2, max_size=6))
def test_answers_do_not_depend_on_what_was_asked_before(asked: list[int]) -> None:
    fresh, other = (GasLedger(heating(1), START_US // 60_000_000) for _ in range(2))
    answers = [fresh.integral(START_US + us) for us in asked]
    assert answers == [other.integral(START_US + us) for us in reversed(asked)][::-1]


def test_before_the_start_nothing_is_burnt() -> None:
    gas = ledger(1)
    assert gas.integral(START_US - 86_400_000_000) == gas.integral(START_US) == 0
    assert gas.power_w(START_US // 60_000_000 - 1) == 0


def test_the_heating_is_set_back_at_night() -> None:
    site = Site()
    warm, cold = 0, 0
    for day in range(20_090, 20_104):  # January 2025
        warm += heating(2, site).heating_w(day * 86_400 + 22 * 3600)
        cold += heating(2, site).heating_w(day * 86_400 + 86_400 + 1800)
    assert warm > 1.15 * cold > 0


def test_a_summer_day_burns_for_hot_water_only() -> None:
    burnt = heating(1).minutes(20_285)  # July 2025
    assert 2 < sum(burnt) / 60_000 < 15
    assert sum(1 for watts in burnt if watts == 0) > 1_300


def test_a_house_without_gas_burns_none() -> None:
    assert not any(heating(1, Site(gas=False)).minutes(20_090))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_year_of_gas_is_that_of_an_ordinary_house_and_most_of_it_in_winter(seed: int) -> None:
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    gas = GasLedger(heating(seed), int(begin.timestamp()) // 60)

    def kwh(first: int, last: int) -> float:
        ends = [int((begin + timedelta(days=day)).timestamp()) * 10**6 for day in (first, last)]
        return (gas.integral(ends[1]) - gas.integral(ends[0])) / 3.6e12

    year, january, july = kwh(0, 365), kwh(0, 31), kwh(181, 212)
    assert 6_000 < year < 16_000  # Ofgem's typical household values: 7,500 to 17,000 kWh
    assert january > 5 * july > 0


def test_volume_and_heat_are_those_of_a_gas_bill() -> None:
    house = House(1, START, Site(calorific=Decimal("39.4")))
    energy = house.energy(START + timedelta(days=2, hours=3, seconds=17))
    # kWh = m³ × 1.02264 × MJ/m³ ÷ 3.6
    back = energy.gas_volume * Decimal("1.02264") * Decimal("39.4") / Decimal("3.6")
    assert energy.gas > 0
    assert abs(back - energy.gas) < Decimal("1e-20")
