"""One house: whatever instants are asked, in whatever order, its powers and energies agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitmeter.protocol import BatterySchedule, HouseState
from mitmeter.protocol import House as HouseContract
from mitmeter.simulate import House, Integrals, Site

LONDON = Site(zone=ZoneInfo("Europe/London"))
START = datetime(2025, 3, 10, 6, 0, tzinfo=UTC)
STEP = timedelta(seconds=10)
CHARGE_AT_NIGHT = BatterySchedule(charge_windows=((1, 5),), stop_charging_percent=Decimal(80))

# Two weeks from the start, to the microsecond; houses are cached, so their day chains are shared.
instants = st.integers(0, 14 * 86_400 * 1_000_000).map(
    lambda us: START + timedelta(microseconds=us)
)
seeds = st.integers(1, 4)


@cache
def house_of(seed: int) -> House:
    return House(seed, START, LONDON)


@cache
def scheduled_house_of(seed: int) -> House:
    house = House(seed, START, LONDON)
    house.schedule(START + timedelta(days=2, hours=5, seconds=13), CHARGE_AT_NIGHT)
    house.schedule(
        START + timedelta(days=9, hours=20), BatterySchedule(reserve_percent=Decimal(50))
    )
    return house


makers = st.sampled_from((house_of, scheduled_house_of))
Maker = Callable[[int], House]


def sums_over(house: House, begin: datetime, steps: int) -> Integrals:
    """Add up power × time from the states alone."""
    totals = dict.fromkeys((field.name for field in fields(Integrals)), 0)
    for i in range(steps):
        state = house.state(begin + i * STEP)
        totals["imported"] += max(0, state.grid_w)
        totals["exported"] += max(0, -state.grid_w)
        totals["pv"] += state.pv_w
        totals["load"] += state.load_w
        totals["charged"] += max(0, -state.battery_w)
        totals["discharged"] += max(0, state.battery_w)
        totals["gas"] += state.gas_w
        totals["imported_low"] += max(0, state.grid_w) if state.low_rate else 0
    return Integrals(**{name: watts * 10_000_000 for name, watts in totals.items()})


def gained(house: House, begin: datetime, end: datetime) -> Integrals:
    first, last = house.integrals(begin), house.integrals(end)
    return Integrals(
        **{f.name: getattr(last, f.name) - getattr(first, f.name) for f in fields(Integrals)}
    )


def test_it_fulfils_the_contract() -> None:
    house: HouseContract = House(1, START)
    assert house.energy(START).load == 0


@given(make=makers, seed=seeds, at=instants)
def test_grid_and_pv_and_battery_are_the_load_at_every_instant(
    make: Maker, seed: int, at: datetime
) -> None:
    state = make(seed).state(at)
    assert state.grid_w + state.pv_w + state.battery_w == state.load_w
    assert state.load_w > 0
    assert state.pv_w >= 0
    assert 0 <= state.soc_percent <= 100


@settings(max_examples=40)
@given(make=makers, seed=seeds, at=instants, steps=st.integers(1, 400))
def test_energy_between_two_instants_is_the_sum_of_power_times_time(
    make: Maker, seed: int, at: datetime, steps: int
) -> None:
    house = make(seed)
    begin = at.replace(second=at.second // 10 * 10, microsecond=0)
    got, expected = gained(house, begin, begin + steps * STEP), sums_over(house, begin, steps)
    for field in fields(Integrals):
        if field.name != "charged_from_grid":
            assert getattr(got, field.name) == getattr(expected, field.name), field.name
    assert 0 <= got.charged_from_grid <= min(got.charged, got.imported)


@given(make=makers, seed=seeds, at=instants, us=st.integers(0, 9_999_999))
def test_energy_grows_evenly_within_a_step(make: Maker, seed: int, at: datetime, us: int) -> None:
    house = make(seed)
    begin = at.replace(second=at.second // 10 * 10, microsecond=0)
    state = house.state(begin)
    got = gained(house, begin, begin + timedelta(microseconds=us))
    assert got.load == state.load_w * us
    assert got.pv == state.pv_w * us
    assert got.imported - got.exported == state.grid_w * us
    assert got.discharged - got.charged == state.battery_w * us
    assert got.gas == state.gas_w * us
    assert got.imported_low == (got.imported if state.low_rate else 0)


@given(make=makers, seed=seeds, at=instants)
def test_the_state_of_charge_is_what_went_in_and_out_at_the_stated_efficiencies(
    make: Maker, seed: int, at: datetime
) -> None:
    house = make(seed)
    begin = at.replace(second=at.second // 10 * 10, microsecond=0)
    energy, size = house.energy(begin), LONDON.battery
    held_kwh = (
        Decimal(size.capacity_wh * size.initial_percent) / 100_000
        + energy.charged * size.charge_permille / 1000
        - energy.discharged * 1000 / size.discharge_permille
    )
    expected = held_kwh * 100_000 / size.capacity_wh
    assert abs(house.state(begin).soc_percent - expected) < Decimal("1e-15")


@given(make=makers, seed=seeds, at=instants)
def test_the_battery_keeps_its_power_limits(make: Maker, seed: int, at: datetime) -> None:
    battery = LONDON.battery
    watts = make(seed).state(at).battery_w
    assert -battery.charge_limit_w <= watts <= battery.discharge_limit_w


@settings(max_examples=15, deadline=None)
@given(seed=seeds, asked=st.lists(instants, min_size=1, max_size=6))
def test_answers_do_not_depend_on_what_was_asked_before(seed: int, asked: list[datetime]) -> None:
    fresh = House(seed, START, LONDON)
    other = House(seed, START, LONDON)
    answers = [(fresh.state(at), fresh.integrals(at)) for at in asked]
    backwards = [(other.state(at), other.integrals(at)) for at in reversed(asked)]
    assert answers == backwards[::-1]


def test_seeds_make_different_houses() -> None:
    at = START + timedelta(hours=5)
    assert len({House(seed, START).state(at) for seed in range(1, 6)}) == 5


def test_ten_second_steps_differ_so_that_a_status_is_seen_to_change() -> None:
    house = house_of(1)
    states = [house.state(START + timedelta(hours=4) + i * STEP) for i in range(12)]
    loads = [state.load_w for state in states]
    assert all(a != b for a, b in pairwise(loads))


def test_before_its_start_nothing_flows_and_nothing_is_counted() -> None:
    house = House(1, START + timedelta(seconds=42))
    early = house.state(START - STEP)
    assert (early.grid_w, early.pv_w, early.battery_w, early.load_w) == (0, 0, 0, 0)
    assert house.energy(START - timedelta(days=3)) == house.energy(START)
    assert house.energy(START).load == 0
    assert house.state(START).load_w > 0


def pv_kwh(seed: int, first: datetime, days: int) -> Decimal:
    house = House(seed, first, LONDON)
    return house.energy(first + timedelta(days=days)).pv


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_june_gives_more_than_twice_the_sun_of_december(seed: int) -> None:
    summer = pv_kwh(seed, datetime(2025, 6, 8, tzinfo=UTC), 14)
    winter = pv_kwh(seed, datetime(2025, 12, 8, tzinfo=UTC), 14)
    assert summer > 2 * winter > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_there_is_no_sun_at_night(seed: int) -> None:
    house = House(seed, datetime(2025, 6, 1, tzinfo=UTC), LONDON)
    midnight = datetime(2025, 6, 8, tzinfo=UTC)
    night = [house.state(midnight + timedelta(minutes=5 * i)).pv_w for i in range(-24, 24)]
    assert set(night) == {0}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_evening_uses_more_than_the_small_hours(seed: int) -> None:
    house, day = House(seed, START, LONDON), timedelta(days=1)
    midnight = START.replace(hour=0) + day

    def used(first: int, last: int) -> Decimal:
        hours = [
            (
                midnight + i * day + timedelta(hours=first),
                midnight + i * day + timedelta(hours=last),
            )
            for i in range(10)
        ]
        return sum(
            (house.energy(end).load - house.energy(begin).load for begin, end in hours), Decimal(0)
        )

    assert used(18, 22) > 2 * used(1, 5)


def test_a_window_charges_from_the_grid_up_to_its_limit_and_no_further() -> None:
    start = datetime(2025, 12, 10, tzinfo=UTC)
    house = House(3, start, LONDON)
    house.schedule(start + timedelta(hours=12), CHARGE_AT_NIGHT)
    tomorrow = start + timedelta(days=1)
    busy = house.state(tomorrow + timedelta(hours=1, seconds=20))
    assert busy.battery_w == -LONDON.battery.charge_limit_w
    assert busy.grid_w >= LONDON.battery.charge_limit_w
    after = house.state(tomorrow + timedelta(hours=4, minutes=59))
    assert after.battery_w == 0
    assert Decimal("79.9") < after.soc_percent <= 80
    night = gained(house, tomorrow + timedelta(hours=1), tomorrow + timedelta(hours=5))
    assert night.charged == night.charged_from_grid > 0


def test_a_window_is_in_local_hours_also_in_summer() -> None:
    start = datetime(2025, 7, 10, tzinfo=UTC)
    house = House(3, start, LONDON)
    house.schedule(start, BatterySchedule(charge_windows=((3, 4),)))
    opens = start + timedelta(hours=2)  # 03:00 British Summer Time
    assert house.integrals(opens).charged_from_grid == 0
    assert house.integrals(opens + timedelta(minutes=1)).charged_from_grid > 0


def test_a_window_across_midnight_covers_both_sides() -> None:
    start = datetime(2025, 12, 10, 12, tzinfo=UTC)
    house = House(3, start, Site())
    house.schedule(start, BatterySchedule(charge_windows=((23, 2),)))
    assert house.state(start.replace(hour=22, minute=59)).battery_w >= 0
    assert house.state(start.replace(hour=23, second=10)).battery_w < 0
    late = start.replace(hour=0, minute=5) + timedelta(days=1)
    assert house.state(late).battery_w <= 0
    assert house.state(late).grid_w >= house.state(late).load_w


def test_a_battery_at_its_reserve_leaves_the_load_to_the_grid() -> None:
    start = datetime(2025, 12, 10, 12, tzinfo=UTC)
    house = House(3, start, LONDON)
    house.schedule(start, BatterySchedule(reserve_percent=Decimal(100)))
    night = house.state(start + timedelta(hours=8))
    assert night.battery_w == 0
    assert night.grid_w == night.load_w


def test_a_new_schedule_leaves_the_past_as_it_was() -> None:
    at = START + timedelta(days=1, hours=18, seconds=7)
    told, untold = House(2, START, LONDON), House(2, START, LONDON)
    moments = [START + timedelta(minutes=37 * i) for i in range(80)]
    past = [moment for moment in moments if moment <= at]
    earlier = [told.integrals(moment) for moment in past]
    told.schedule(at, BatterySchedule(charge_windows=((0, 24),)))
    assert [told.integrals(moment) for moment in past] == earlier
    assert told.state(at) == untold.state(at)
    assert told.state(at + STEP).battery_w < 0
    assert told.integrals(moments[-1]) != untold.integrals(moments[-1])


def test_a_later_word_replaces_what_was_asked_for_later() -> None:
    house, plain = House(2, START, LONDON), House(2, START, LONDON)
    house.schedule(START + timedelta(days=3), BatterySchedule(charge_windows=((0, 24),)))
    house.schedule(START + timedelta(days=2), BatterySchedule())
    at = START + timedelta(days=4)
    assert house.integrals(at) == plain.integrals(at)


def smooth_values(state: HouseState) -> tuple[Decimal, Decimal, Decimal]:
    # The mains sag with the load of the house, which may jump at any time.
    return (
        state.temperature_c,
        state.frequency_hz,
        state.voltage_v + Decimal(state.grid_w) / 5000,
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_new_year_and_midnight_are_instants_like_any_other(seed: int) -> None:
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    house = House(seed, new_year - timedelta(days=1), LONDON)
    before = smooth_values(house.state(new_year - STEP))
    after = smooth_values(house.state(new_year))
    limits = (Decimal("0.1"), Decimal("0.03"), Decimal("0.6"))
    for one, other, limit in zip(before, after, limits, strict=True):
        assert abs(one - other) <= limit


def test_a_house_keeps_few_days_however_many_are_asked_for() -> None:
    house = House(1, START, LONDON)
    for day in range(12):
        house.state(START + timedelta(days=day))
    assert len(house._blocks) <= 3
    assert len(house._states) <= 64
