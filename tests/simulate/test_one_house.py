"""One house: what battery, display, hub and meter say of it agrees, as finely as each can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import combinations, pairwise

import pytest

from mitmeter import registry
from mitmeter.daemon.demo import Part, parts
from mitmeter.daemon.demo_history import FINE_STEP, STEP, Span, spans, tables
from mitmeter.daemon.persona import load_persona
from mitmeter.model import Reading
from mitmeter.simulate import House, Site
from mitmeter.testing.dialogue import dialogue

BUILT = datetime(2025, 6, 1, tzinfo=UTC)
# The battery is charging, the sun comes and goes, the evening's cooking begins.
START = datetime(2025, 6, 3, 15, 20, tzinfo=UTC)
# Three hours; the meter is asked for eighty registers every twenty seconds, which tells enough.
MINUTES = {"kamstrup": 40}
# Nobody's clock is better than a second, and a message may be that much older than its time.
LATE = timedelta(seconds=2)
MOST_KW = 12


@dataclass(frozen=True, slots=True)
class Said:
    """A value and when it was measured, by the device's own clock, which is right here."""

    at: datetime
    value: Decimal


@cache
def house() -> House:
    return House(5, BUILT, Site())


@cache
def told(protocol: str) -> Mapping[str, tuple[Said, ...]]:
    """Return what a device says in some hours, by quantity, repetitions left out."""
    part = next(part for part in parts() if part.protocol == protocol)
    spec = registry.spec(protocol)
    talk = dialogue(
        spec,
        start=START,
        house=house(),
        zone=UTC,
        persona=load_persona(spec, part.persona),
        device_options=part.options,
    ).run(minutes=MINUTES.get(protocol, 180))
    found: dict[str, dict[datetime, Said]] = {}
    for each in talk.readings():
        if isinstance(each.value, Decimal):
            said = Said(_own_time(each), each.value)
            found.setdefault(each.quantity, {}).setdefault(said.at, said)
    return {name: tuple(values.values()) for name, values in found.items()}


def _own_time(reading: Reading) -> datetime:
    reported = reading.reported or reading.received
    return reported.replace(tzinfo=UTC) if reported.tzinfo is None else reported


def together(one: str, other: str, quantity: str) -> Iterator[tuple[Said, Said]]:
    """Yield what two devices say within the same ten seconds."""
    late = told(other)[quantity]
    for each in told(one)[quantity]:
        for found in late:
            if abs(found.at - each.at) <= timedelta(seconds=10):
                yield each, found


def powers(read: str, at: datetime) -> set[Decimal]:
    """Return the watts of the house at an instant, and just before and after."""
    moments = (at - LATE, at, at + LATE)
    return {Decimal(getattr(house().state(moment), read)) for moment in moments}


@pytest.mark.parametrize(
    ("protocol", "quantity", "read", "within"),
    [
        ("alphaess", "grid.power", "grid_w", "0"),
        ("alphaess", "pv.power", "pv_w", "0"),
        ("alphaess", "house.power", "load_w", "0"),
        ("alphaess", "battery.power", "battery_w", "0.6"),  # BatV × BatC, in hundredths
        ("alphaess", "battery.soc", "soc_percent", "0.4"),
        ("glow", "grid.power", "grid_w", "0"),
        ("kamstrup", "grid.power", "grid_w", "0"),
    ],
)
def test_every_power_is_the_one_of_the_house(
    protocol: str, quantity: str, read: str, within: str
) -> None:
    values = told(protocol)[quantity]
    assert values
    for each in values:
        off = min(abs(each.value - watts) for watts in powers(read, each.at))
        assert off <= Decimal(within), each


def test_a_clamp_tells_the_same_without_direction() -> None:
    values = told("efergy")["grid.power"]
    assert len(values) > 500
    for each in values:
        # Hundredths of a milliampere at 0.138 W to the milliampere.
        off = min(abs(each.value - abs(watts)) for watts in powers("grid_w", each.at))
        assert off < Decimal("0.001"), each


@pytest.mark.parametrize(
    ("one", "other", "quantity"),
    [
        (one, other, quantity)
        for quantity in ("grid.import", "grid.export")
        for one, other in combinations(("alphaess", "glow", "kamstrup"), 2)
    ],
)
def test_counters_advance_alike(one: str, other: str, quantity: str) -> None:
    pairs = list(together(one, other, quantity))
    assert len(pairs) > 5
    first, second = pairs[0]
    resolution = Decimal("0.011")  # a hundredth of the battery's, a thousandth of the display's
    for mine, theirs in pairs:
        apart = abs((mine.at - theirs.at) - (first.at - second.at)).total_seconds()
        passed = Decimal(apart) * MOST_KW / 3600
        differ = (mine.value - first.value) - (theirs.value - second.value)
        assert abs(differ) <= resolution + passed, (mine, theirs)


def test_gas_is_the_houses_at_the_last_half_hour() -> None:
    for each in told("glow")["gas.volume"]:
        half = each.at - timedelta(minutes=each.at.minute % 30, seconds=each.at.second)
        behind = Decimal("987.654") + house().energy(half).gas_volume - each.value
        assert 0 <= behind < Decimal("0.001")


def test_in_what_the_devices_say_grid_and_pv_and_battery_are_the_load() -> None:
    quantities = ("grid.power", "pv.power", "battery.power", "house.power")
    by_time: dict[datetime, dict[str, Decimal]] = {}
    for quantity in quantities:
        for each in told("alphaess")[quantity]:
            by_time.setdefault(each.at, {})[quantity] = each.value
    whole = [each for each in by_time.values() if len(each) == len(quantities)]
    assert len(whole) > 100
    for watts in whole:
        sums = watts["grid.power"] + watts["pv.power"] + watts["battery.power"]
        assert abs(sums - watts["house.power"]) <= Decimal("0.6")


# --- the past that a demo fills in


def _dialled_or_not(part: Part) -> str:
    return part.protocol


@pytest.mark.parametrize("part", [part for part in parts() if part.dials], ids=_dialled_or_not)
def test_the_past_of_a_demo_is_what_its_device_would_have_said(part: Part) -> None:
    compared = 0
    for quantity, cell in part.tells.items():
        if quantity.endswith(".power"):
            continue  # a mean, which no device says
        for each in told(part.protocol)[quantity]:
            at = each.at
            if quantity == "gas.volume":
                at -= timedelta(minutes=at.minute % 30, seconds=at.second)
            moments = (at, at + LATE / 2)
            expected = [_cell(cell, moment) for moment in moments]
            assert each.value in (*expected, Decimal(expected[0])), (quantity, each)
            compared += 1
    assert compared or part.protocol == "efergy"


def _cell(cell: object, at: datetime) -> Decimal:
    assert callable(cell)
    nothing = house().integrals(BUILT)
    span = Span(nothing, house().energy(at), house().state(at), STEP)
    return Decimal(str(cell(span)))


@pytest.mark.parametrize(("days", "step"), [(0, FINE_STEP), (3, STEP)])
def test_means_are_the_energies_since_the_report_before(days: int, step: timedelta) -> None:
    begin = START + timedelta(hours=1)
    found = [
        each for each in spans(house(), START, begin + timedelta(days=days)) if each[0] <= begin
    ]
    assert len(found) == pytest.approx(timedelta(hours=1) / step, abs=1)
    for at, span in found:
        before, after = house().energy(at - step), house().energy(at)
        kwh = (after.imported - before.imported) - (after.exported - before.exported)
        told_w = int(part_of("display").tells["grid.power"](span))
        assert abs(told_w - kwh * 1000 * Decimal(timedelta(hours=1) / step)) <= Decimal("0.5")
        assert span.flowed.pv == house().integrals(at).pv - house().integrals(at - step).pv


def test_the_last_two_days_are_told_by_the_minute() -> None:
    until = datetime(2025, 6, 5, 10, 0, 30, tzinfo=UTC)
    told_at = [at for at, _ in spans(house(), datetime(2025, 6, 3, tzinfo=UTC), until)]
    border = told_at.index(datetime(2025, 6, 4, tzinfo=UTC))
    assert {b - a for a, b in pairwise(told_at[: border + 1])} == {STEP}
    assert {b - a for a, b in pairwise(told_at[border:])} == {FINE_STEP}
    assert told_at[-1] == datetime(2025, 6, 5, 10, 0, tzinfo=UTC)


def part_of(name: str) -> Part:
    return next(part for part in parts() if part.name == name)


def test_a_price_is_told_when_it_changes_and_once_a_day() -> None:
    lines = tables(house(), BUILT, BUILT + timedelta(days=2), [part_of("display").tells])[0]
    names = lines[0].decode().strip().split(",")
    prices = [line.decode().strip().split(",")[names.index("price.import")] for line in lines[1:]]
    assert [price for price in prices if price] == [
        *("0.0790", "0.2628", "0.2628", "0.0790", "0.2628", "0.2628")
    ]


def test_what_is_no_longer_wanted_is_not_made() -> None:
    (lines,) = tables(house(), BUILT, START, [part_of("hub").tells], lambda: False)
    assert lines == [b"at,grid.power\n"]
