"""Energy and cost against an independent reckoning from the readings, by plain fractions."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from mitmeter.errors import StoreError
from mitmeter.model import DeviceId, Fact
from mitmeter.store import Batch, Known, Store
from mitmeter.store.energy import Fuel, Intervals, Mark
from mitmeter.store.intervals import Every, intervals, today
from mitmeter.store.tariff import Rate, Tariff
from tests.store.energykit import CLAMP, DISPLAY, at, counted, every, near, tell
from tests.store.storekit import BATTERY, LONDON

DAY_NIGHT = Tariff(
    "day-night",
    "GBP",
    rates=(Rate(Decimal("0.079"), time(0, 30), time(5)), Rate(Decimal("0.2628"))),
    standing=Decimal("0.2962"),
    export_rates=(Rate(Decimal("0.15")),),
)
Register = list[tuple[datetime, Decimal]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


def register(
    since: datetime, until: datetime, step: float = 10, start: str = "5655.830"
) -> Register:
    """Return a counter that rises by a few Wh at a time, now faster and now slower."""
    value, found = Decimal(start), []
    for number, when in enumerate(every(step, since, until)):
        found.append((when, value))
        value += Decimal(number * 7919 % 13).scaleb(-3)
    return found


def values_of(found: Intervals, quantity: str = "grid.import") -> list[Decimal | None]:
    return [each.energies[quantity].value for each in found.items]


def marks_of(found: Intervals, quantity: str = "grid.import") -> list[set[Mark]]:
    return [set(each.energies[quantity].marks) for each in found.items]


# --- against an independent reckoning ---


def night_price(when: datetime) -> Fraction:
    """Return the price of a moment by the clock on a London wall, written down once more."""
    shown = when.astimezone(LONDON).time()
    return Fraction("0.079") if time(0, 30) <= shown < time(5) else Fraction("0.2628")


def reckoned_cost(
    values: Sequence[tuple[datetime, Decimal]],
    since: datetime,
    until: datetime,
    skip: Sequence[datetime] = (),
) -> Fraction:
    """Return the cost minute by minute: every price here begins on a whole minute."""
    return sum(
        (
            counted(values, minute, minute + timedelta(minutes=1), skip) * night_price(minute)
            for minute in every(60, since, until)
        ),
        Fraction(0),
    )


@pytest.mark.parametrize("offset", [0, 3.5])
@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [("2025-10-25T23:00", "2025-10-27T00:00", 25), ("2026-03-29T00:00", "2026-03-29T23:00", 23)],
)
def test_every_hour_of_a_clock_change_is_what_the_readings_say(
    store: Store, since: str, until: str, hours: int, offset: float
) -> None:
    begin, end = at(since), at(until)
    shift = timedelta(seconds=offset)
    values = register(begin - timedelta(minutes=5) + shift, end + timedelta(minutes=5), 20)
    tell(store, DISPLAY, "grid.import", values)
    found = intervals(
        store, LONDON, Every.HOUR, begin, end, tariffs=[DAY_NIGHT], now=end + timedelta(hours=1)
    )
    assert len(found.items) == hours
    for each in found.items:
        assert near(each.energies["grid.import"].value, counted(values, each.since, each.until))
        cost = reckoned_cost(values, each.since, each.until)
        assert near(each.bills[Fuel.ELECTRICITY].usage, cost)
        assert not each.energies["grid.import"].marks
        if not offset:
            assert Fraction(each.energies["grid.import"].value or 0) == counted(
                values, each.since, each.until
            )
            assert Fraction(each.bills[Fuel.ELECTRICITY].usage or 0) == cost
    day = intervals(store, LONDON, Every.DAY, begin, end, tariffs=[DAY_NIGHT], now=end)
    assert day.items[0].energies["grid.import"].value == sum(
        value for value in values_of(found) if value is not None
    )
    assert day.items[0].bills[Fuel.ELECTRICITY].standing == Decimal("0.2962")
    assert sum(
        (each.bills[Fuel.ELECTRICITY].standing or Decimal(0) for each in found.items), Decimal(0)
    ) == Decimal("0.2962")


def test_the_hour_in_which_the_price_changes_is_priced_in_parts(store: Store) -> None:
    # 1.2 kW from 00:00 to 00:30, then 6 kW: 0.6 kWh at the day's price, 3 kWh at the night's.
    begin = at("2026-01-10")
    values = [(begin - timedelta(seconds=10), Decimal(100))]
    for when in every(10, begin, begin + timedelta(hours=1, seconds=20)):
        watts = 1200 if when <= begin + timedelta(minutes=30) else 6000
        values.append((when, values[-1][1] + Decimal(watts) / 360_000))
    values = [(when, round(value, 9)) for when, value in values]
    tell(store, DISPLAY, "grid.import", values)
    (hour,) = intervals(
        store,
        LONDON,
        Every.HOUR,
        begin,
        begin + timedelta(hours=1),
        tariffs=[DAY_NIGHT],
        now=begin + timedelta(hours=2),
    ).items
    bill = hour.bills[Fuel.ELECTRICITY]
    wanted = Fraction("0.6") * Fraction("0.2628") + Fraction(3) * Fraction("0.079")
    assert near(hour.energies["grid.import"].value, Fraction("3.6"))
    assert near(bill.usage, wanted, "0.00001")


def test_energy_over_a_gap_is_told_apart_and_nothing_is_lost(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T06")
    whole = register(begin, end + timedelta(seconds=20))
    gap = (at("2026-01-10T02:20"), at("2026-01-10T03:40"))
    values = [each for each in whole if not gap[0] < each[0] < gap[1]]
    tell(store, DISPLAY, "grid.import", values)
    found = intervals(store, LONDON, Every.HOUR, begin, end, tariffs=[DAY_NIGHT], now=end)
    (span,) = found.gaps
    assert (span.since, span.until) == gap
    assert Fraction(span.value or 0) == counted(whole, *gap)
    # Both ends of the gap are at the night's price.
    assert Fraction(span.cost or 0) == counted(whole, *gap) * Fraction("0.079")
    assert marks_of(found) == [set(), set(), {Mark.GAP}, {Mark.GAP}, set(), set()]
    wanted = [counted(whole, each.since, each.until) for each in found.items]
    wanted[2] = counted(whole, at("2026-01-10T02"), gap[0])
    wanted[3] = counted(whole, gap[1], at("2026-01-10T04"))
    assert [Fraction(value or 0) for value in values_of(found)] == wanted
    total = found.totals.energies["grid.import"]
    assert Fraction(total.value or 0) == counted(whole, begin, end)
    assert Fraction(found.totals.bills[Fuel.ELECTRICITY].usage or 0) == reckoned_cost(
        whole, begin, end
    )


def test_a_gap_inside_an_interval_is_counted_and_marked(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T02")
    whole = register(begin, end + timedelta(seconds=20))
    values = [
        each for each in whole if not at("2026-01-10T00:20") < each[0] < at("2026-01-10T00:50")
    ]
    tell(store, DISPLAY, "grid.import", values)
    found = intervals(store, LONDON, Every.HOUR, begin, end, tariffs=[DAY_NIGHT], now=end)
    assert [Fraction(value or 0) for value in values_of(found)] == [
        counted(whole, each.since, each.until) for each in found.items
    ]
    assert marks_of(found) == [{Mark.GAP}, set()]
    # The price changes at 00:30, in the middle of it: nobody knows how much was used before.
    bill = found.items[0].bills[Fuel.ELECTRICITY]
    hidden = counted(whole, at("2026-01-10T00:20"), at("2026-01-10T00:50"))
    assert (Fraction(bill.unpriced), Mark.UNPRICED in bill.marks) == (hidden, True)
    outside = reckoned_cost(whole, begin, at("2026-01-10T00:20")) + reckoned_cost(
        whole, at("2026-01-10T00:50"), at("2026-01-10T01")
    )
    assert Fraction(bill.usage or 0) == outside


def test_a_changed_meter_is_told_and_its_step_not_counted(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T03")
    old = register(begin, at("2026-01-10T01:20"))
    new = register(at("2026-01-10T01:21"), end + timedelta(seconds=20), start="3.2")
    tell(store, DISPLAY, "grid.import", old + new)
    found = intervals(store, LONDON, Every.HOUR, begin, end, tariffs=[DAY_NIGHT], now=end)
    skip = [new[0][0]]
    assert [Fraction(value or 0) for value in values_of(found)] == [
        counted(old + new, each.since, each.until, skip) for each in found.items
    ]
    assert marks_of(found) == [set(), {Mark.METER_CHANGE}, set()]
    (change,) = found.changes
    assert (change.before, change.after, change.until) == (old[-1][1], new[0][1], new[0][0])
    assert [Fraction(each.bills[Fuel.ELECTRICITY].usage or 0) for each in found.items] == [
        reckoned_cost(old + new, each.since, each.until, skip) for each in found.items
    ]


def test_a_price_the_display_reports_comes_before_the_configured_one(store: Store) -> None:
    begin, end = at("2026-01-10T10"), at("2026-01-10T12")
    values = register(begin, end + timedelta(seconds=20))
    tell(store, DISPLAY, "grid.import", values)
    told = [(begin + timedelta(minutes=3), "0.30"), (at("2026-01-10T11:07"), "0.10")]
    tell(store, DISPLAY, "price.import", [(when, Decimal(price)) for when, price in told])
    tell(store, DISPLAY, "price.standing", [(begin, Decimal("0.5"))])
    found = intervals(store, LONDON, Every.HOUR, begin, end, tariffs=[DAY_NIGHT], now=end)
    wanted = (
        counted(values, begin, told[0][0]) * Fraction("0.2628")
        + counted(values, told[0][0], told[1][0]) * Fraction("0.30")
        + counted(values, told[1][0], end) * Fraction("0.10")
    )
    bill = found.totals.bills[Fuel.ELECTRICITY]
    assert Fraction(bill.usage or 0) == wanted
    # Two of twenty-four hours.
    assert near(bill.standing, Fraction("0.5") / 12)
    ours = [Tariff("mine", "GBP", rates=DAY_NIGHT.rates, ours=True)]
    mine = intervals(store, LONDON, Every.HOUR, begin, end, tariffs=ours, now=end)
    assert Fraction(mine.totals.bills[Fuel.ELECTRICITY].usage or 0) == counted(
        values, begin, end
    ) * Fraction("0.2628")


def test_energy_from_power_is_the_area_under_its_line(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T02")
    values = [
        (when, Decimal(number * 7919 % 5003 - 1500))
        for number, when in enumerate(every(7, begin, end + timedelta(minutes=1)))
    ]
    tell(store, CLAMP, "grid.power", values)
    found = intervals(store, LONDON, Every.HOUR, begin, end, now=end + timedelta(hours=1))
    for each in found.items:
        above = below = Fraction(0)
        for (start, low), (stop, high) in pairwise(values):
            inside = [max(start, each.since), min(stop, each.until)]
            if inside[0] >= inside[1]:
                continue
            slope = Fraction(high - low) / Fraction((stop - start).total_seconds())
            left, right = (
                Fraction(low) + slope * Fraction((when - start).total_seconds()) for when in inside
            )
            cuts = [Fraction(0), Fraction((inside[1] - inside[0]).total_seconds())]
            if left * right < 0:
                cuts.insert(1, -left / slope)
            for first, second in pairwise(cuts):
                area = (second - first) * (2 * left + slope * (first + second)) / 2
                above, below = (above + area, below) if area > 0 else (above, below - area)
        joule = Fraction(1, 3_600_000)
        assert near(each.energies["grid.import"].value, above * joule)
        assert near(each.energies["grid.export"].value, below * joule)
    assert marks_of(found) == [{Mark.ESTIMATED}, {Mark.ESTIMATED}]


# --- marks ---


def test_the_running_interval_is_marked_and_ends_at_the_newest_reading(store: Store) -> None:
    begin, now = at("2026-01-10"), at("2026-01-10T01:30:04")
    values = register(begin, now)
    tell(store, DISPLAY, "grid.import", values)
    found = intervals(store, LONDON, Every.HOUR, begin, at("2026-01-10T05"), now=now)
    assert marks_of(found) == [set(), {Mark.PARTIAL}]
    assert Fraction(values_of(found)[1] or 0) == counted(values, at("2026-01-10T01"), now)


def test_a_device_that_fell_silent_leaves_a_gap(store: Store) -> None:
    begin, now = at("2026-01-10"), at("2026-01-10T02:30")
    tell(store, DISPLAY, "grid.import", register(begin, at("2026-01-10T00:40")))
    found = intervals(store, LONDON, Every.HOUR, begin, now, now=now)
    assert marks_of(found) == [{Mark.GAP}, {Mark.GAP}, {Mark.GAP, Mark.PARTIAL}]
    assert values_of(found)[1:] == [None, None]


def test_before_the_first_reading_nothing_is_known(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T03")
    tell(
        store, DISPLAY, "grid.import", register(at("2026-01-10T01:30"), end + timedelta(minutes=1))
    )
    found = intervals(store, LONDON, Every.HOUR, begin, end, tariffs=[DAY_NIGHT], now=end)
    assert values_of(found)[0] is None
    assert marks_of(found) == [{Mark.GAP}, {Mark.GAP}, set()]
    earlier = intervals(
        store, LONDON, Every.DAY, at("2026-01-08"), at("2026-01-09"), tariffs=[DAY_NIGHT], now=end
    )
    assert earlier.items[0].cost is None


def test_a_power_of_another_outage_is_estimated_with_a_gap(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T02")
    told = [(when, 3600) for when in every(10, begin, end + timedelta(seconds=11))]
    lost = [each for each in told if not at("2026-01-10T00:10") < each[0] < at("2026-01-10T00:40")]
    tell(store, CLAMP, "pv.power", lost)
    found = intervals(store, LONDON, Every.HOUR, begin, end, now=end)
    assert values_of(found, "pv.energy") == [Decimal("1.8"), Decimal("3.6")]
    assert marks_of(found, "pv.energy") == [{Mark.ESTIMATED, Mark.GAP}, {Mark.ESTIMATED}]


def test_a_small_step_back_is_no_new_meter(store: Store) -> None:
    begin = at("2026-01-10")
    told = [(0, "100.0"), (20, "100.4"), (40, "100.3"), (60, "100.5")]
    values = [(begin + timedelta(seconds=when), Decimal(value)) for when, value in told]
    tell(store, DISPLAY, "grid.import", values)
    found = intervals(store, LONDON, Every.QUARTER, begin, begin + timedelta(minutes=1), now=begin)
    assert values_of(found) == [Decimal("0.5")]
    assert found.changes == ()


def test_a_reading_of_zero_in_between_adds_nothing(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T01")
    values = register(begin, end + timedelta(seconds=20))
    values[100] = (values[100][0], Decimal(0))
    tell(store, DISPLAY, "grid.import", values)
    found = intervals(store, LONDON, Every.HOUR, begin, end, now=end)
    skip = [values[100][0], values[101][0]]
    assert [Fraction(value or 0) for value in values_of(found)] == [
        counted(values, begin, end, skip)
    ]
    assert len(found.changes) == 2


@pytest.mark.parametrize(
    ("digits", "energy", "mark"),
    [(None, "0.3", Mark.METER_CHANGE), ({"grid.import": 5}, "0.6", Mark.ROLL_OVER)],
)
def test_a_counter_rolls_over_only_where_its_digits_are_known(
    store: Store, digits: dict[str, int] | None, energy: str, mark: Mark
) -> None:
    begin = at("2026-01-10")
    told = [(0, "99999.7"), (60, "99999.8"), (120, "0.1"), (180, "0.3")]
    values = [(begin + timedelta(seconds=when), Decimal(value)) for when, value in told]
    tell(store, DISPLAY, "grid.import", values)
    found = intervals(
        store, LONDON, Every.QUARTER, begin, begin + timedelta(minutes=1), digits=digits, now=begin
    )
    assert values_of(found) == [Decimal(energy)]
    assert mark in marks_of(found)[0]
    assert [each.mark for each in found.changes] == [mark]


def test_half_hourly_registers_are_read_off_between_their_readings(store: Store) -> None:
    begin = at("2026-01-10T00:10")
    told = [(begin + timedelta(minutes=30 * each), Decimal(each * 6)) for each in range(48)]
    tell(store, DISPLAY, "gas.energy", told)
    found = intervals(
        store, LONDON, Every.HOUR, at("2026-01-10T02"), at("2026-01-10T04"), now=at("2026-01-12")
    )
    assert values_of(found, "gas.energy") == [Decimal(12), Decimal(12)]
    assert marks_of(found, "gas.energy") == [set(), set()]


# --- who speaks ---


def test_the_display_of_the_supply_meter_speaks_before_the_battery(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T01")
    tell(store, BATTERY, "battery.charged", [(begin, 1), (end, 2)])
    tell(store, BATTERY, "grid.import", register(begin, end, start="1"))
    tell(store, DISPLAY, "grid.import", register(begin, end))
    found = intervals(store, LONDON, Every.HOUR, begin, end, now=end)
    assert found.sources["grid.import"] == (DISPLAY,)
    assert found.sources["battery.charged"] == (BATTERY,)
    other = intervals(
        store, LONDON, Every.HOUR, begin, end, sources={"grid.import": BATTERY}, now=end
    )
    assert other.sources["grid.import"] == (BATTERY,)


def test_a_counter_speaks_before_a_power(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T01")
    tell(store, CLAMP, "grid.power", [(when, 500) for when in every(10, begin, end)])
    tell(store, DISPLAY, "grid.import", register(begin, end))
    found = intervals(store, LONDON, Every.HOUR, begin, end, now=end)
    assert found.sources == {"grid.import": (DISPLAY,)}
    alone = intervals(store, LONDON, Every.HOUR, begin, end, device=CLAMP, now=end)
    assert Mark.ESTIMATED in alone.items[0].energies["grid.import"].marks
    assert set(alone.items[0].energies) == {"grid.import"}


def test_a_successor_takes_over_where_the_old_display_ends(store: Store) -> None:
    successor = DeviceId("glow", "NEW")
    old = register(at("2026-01-01"), at("2026-01-05"), 60)
    new = register(at("2026-01-05"), at("2026-01-09"), 60, "77")
    tell(store, DISPLAY, "grid.import", old)
    tell(store, successor, "grid.import", new)
    found = intervals(
        store, LONDON, Every.DAY, at("2026-01-02"), at("2026-01-08"), now=at("2026-01-09")
    )
    assert set(found.sources["grid.import"]) == {DISPLAY, successor}
    assert [Fraction(value or 0) for value in values_of(found)] == [
        counted(old if each.since < at("2026-01-05") else new, each.since, each.until)
        for each in found.items
    ]


def test_a_device_is_asked_for_all_its_energies(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-10T01")
    watts = [(when, 720) for when in every(10, begin, end + timedelta(seconds=1))]
    tell(store, CLAMP, "vendor.efergy.7.watts", watts)
    found = intervals(store, LONDON, Every.HOUR, begin, end, device=CLAMP, now=end)
    name = "vendor.efergy.7.energy.estimated"
    assert values_of(found, name) == [Decimal("0.72")]
    assert marks_of(found, name) == [{Mark.ESTIMATED}]
    assert intervals(store, LONDON, Every.HOUR, begin, end, now=end).sources == {}


# --- money ---


def test_export_earns_and_the_total_is_what_is_to_be_paid(store: Store) -> None:
    begin, end = at("2026-01-10T12"), at("2026-01-10T13")
    for quantity, much in (("grid.import", 2), ("grid.export", 3)):
        told = [
            (when, Decimal(much * n).scaleb(-3))
            for n, when in enumerate(every(10, begin, end + timedelta(seconds=1)))
        ]
        tell(store, DISPLAY, quantity, told)
    found = intervals(store, LONDON, Every.HOUR, begin, end, tariffs=[DAY_NIGHT], now=end)
    bill = found.items[0].bills[Fuel.ELECTRICITY]
    assert (bill.usage, bill.export) == (Decimal("0.189216"), Decimal("0.162"))
    assert found.currency == "GBP"
    assert found.items[0].cost == Decimal("0.189216") - Decimal("0.162") + (bill.standing or 0)


def test_gas_has_a_bill_of_its_own(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-11")
    told = [
        (when, Decimal(n)) for n, when in enumerate(every(1800, begin, end + timedelta(hours=1)))
    ]
    tell(store, DISPLAY, "gas.volume", told)
    tell(store, DISPLAY, "grid.import", register(begin, end + timedelta(minutes=1), 60))
    gas = Tariff(
        "gas", "GBP", Fuel.GAS, "gas.volume", (Rate(Decimal("0.7")),), standing=Decimal("0.3")
    )
    found = intervals(store, LONDON, Every.DAY, begin, end, tariffs=[DAY_NIGHT, gas], now=end)
    bills = found.items[0].bills
    assert (bills[Fuel.GAS].usage, bills[Fuel.GAS].standing) == (Decimal("33.6"), Decimal("0.3"))
    assert found.items[0].cost == sum(
        (each.total or Decimal(0) for each in bills.values()), Decimal(0)
    )


def test_energy_of_a_time_without_a_price_is_told(store: Store) -> None:
    begin, end = at("2026-01-10"), at("2026-01-12")
    values = register(begin, end + timedelta(minutes=1), 60)
    tell(store, DISPLAY, "grid.import", values)
    later = Tariff("later", "EUR", rates=(Rate(Decimal("0.3")),), since=date(2026, 1, 11))
    found = intervals(store, LONDON, Every.DAY, begin, end, tariffs=[later], now=end)
    first, second = (each.bills[Fuel.ELECTRICITY] for each in found.items)
    assert (first.usage, Mark.UNPRICED in first.marks) == (None, True)
    assert Fraction(first.unpriced) == counted(values, begin, at("2026-01-11"))
    assert Fraction(second.usage or 0) == counted(values, at("2026-01-11"), end) * Fraction("0.3")


def test_a_device_tells_the_currency_where_nothing_is_configured(store: Store) -> None:
    begin = at("2026-01-10")
    tell(store, DISPLAY, "grid.import", [(begin, 1), (begin + timedelta(seconds=60), 2)])
    tell(store, DISPLAY, "price.import", [(begin, Decimal("0.2"))])
    store.apply(Batch("", facts=[Known(Fact(DISPLAY, "currency", "GBP"), begin)]))
    found = today(store, LONDON, now=begin + timedelta(seconds=61))
    assert (found.currency, found.items[0].cost) == ("GBP", Decimal("0.2"))


# --- spans ---


def test_today_is_one_interval_of_the_local_day(store: Store) -> None:
    now = at("2026-06-10T10:00")
    tell(store, DISPLAY, "grid.import", register(at("2026-06-09T20:00"), now))
    found = today(store, LONDON, tariffs=[DAY_NIGHT], now=now)
    (day,) = found.items
    assert (day.since, day.until) == (at("2026-06-09T23:00"), at("2026-06-10T23:00"))
    assert day.energies["grid.import"].marks == {Mark.PARTIAL}
    assert day.bills[Fuel.ELECTRICITY].standing == Decimal("0.2962")


def test_a_month_that_runs_owes_the_standing_charge_up_to_today(store: Store) -> None:
    now = at("2026-01-10T10:00")
    tell(store, DISPLAY, "grid.import", register(at("2025-12-31"), now, 300))
    found = intervals(store, LONDON, Every.MONTH, now, now, tariffs=[DAY_NIGHT], now=now)
    assert found.items[0].bills[Fuel.ELECTRICITY].standing == Decimal("2.962")


def test_too_many_intervals_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="more than 40,000 intervals of 15m"):
        intervals(store, LONDON, Every.QUARTER, at("2020-01-01"), at("2026-01-01"))


def test_an_empty_store_has_intervals_without_energies(store: Store) -> None:
    begin = at("2026-01-10")
    found = intervals(
        store, LONDON, Every.HOUR, begin, begin + timedelta(hours=2), now=at("2026-02-01")
    )
    assert [dict(each.energies) for each in found.items] == [{}, {}]
    assert (found.totals.cost, found.currency) == (None, "")


def test_a_time_before_any_calendar_is_refused_in_words(store: Store) -> None:
    with pytest.raises(StoreError, match="no such time"):
        intervals(
            store, LONDON, Every.YEAR, at("9999-06-01"), at("9999-07-01"), now=at("9999-12-31")
        )
