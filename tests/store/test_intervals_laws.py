"""What holds of intervals whatever the readings are."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mitmeter.store import Store
from mitmeter.store.energy import Fuel, Intervals
from mitmeter.store.intervals import Every, intervals
from mitmeter.store.tariff import Rate, Tariff
from tests.store.energykit import CLAMP, DISPLAY, at, tell, unsum
from tests.store.storekit import LONDON

# Across the hour that comes twice.
BEGIN = at("2025-10-25T23:00")
END = BEGIN + timedelta(hours=8)
NOW = END + timedelta(days=1)
TARIFF = Tariff("flat", "GBP", rates=(Rate(Decimal("0.25")),), standing=Decimal("0.48"))

# Seconds since the reading before, and how far the counter went: mostly usual, sometimes a gap, a
# correction, another meter.
STEPS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([10, 10, 60, 300]), st.integers(1, 5_000)),
        st.one_of(st.integers(0, 400), st.sampled_from([-300, -9_000_000, 0, 25_000_000])),
    ),
    min_size=2,
    max_size=60,
)


@contextmanager
def held(steps: list[tuple[int, int]], start: int = 10_000_000) -> Iterator[Store]:
    when, value, told, powers = BEGIN - timedelta(minutes=40), start, [], []
    for seconds, rise in steps:
        told.append((when, Decimal(value).scaleb(-3)))
        powers.append((when, Decimal(rise % 5_000 - 1_000)))
        when += timedelta(seconds=seconds)
        value = max(0, value + rise)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "s.db") as store:
        tell(store, DISPLAY, "grid.import", told, at_once=40)
        tell(store, CLAMP, "pv.power", powers, at_once=40)
        yield store


def found(store: Store, every: Every) -> Intervals:
    return intervals(store, LONDON, every, BEGIN, END, tariffs=[TARIFF], now=NOW)


def energy(of: Intervals, quantity: str) -> list[Decimal]:
    return [each.energies[quantity].value or Decimal(0) for each in of.items]


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_parts_and_the_gaps_between_them_are_together_the_whole(
    steps: list[tuple[int, int]],
) -> None:
    with held(steps) as store:
        (day,) = found(store, Every.DAY).items[:1]
        for every in (Every.QUARTER, Every.HOUR):
            parts = intervals(store, LONDON, every, day.since, day.until, tariffs=[TARIFF], now=NOW)
            for quantity in ("grid.import", "pv.energy"):
                between = [
                    gap.value
                    for gap in parts.gaps
                    if gap.quantity == quantity
                    and gap.value is not None
                    and gap.since >= day.since
                    and gap.until <= day.until
                ]
                whole = day.energies[quantity].value or Decimal(0)
                assert sum(energy(parts, quantity), Decimal(0)) + sum(between, Decimal(0)) == whole
                assert (parts.totals.energies[quantity].value or Decimal(0)) == whole
            bills = parts.totals.bills[Fuel.ELECTRICITY], day.bills[Fuel.ELECTRICITY]
            assert (bills[0].usage or 0) == (bills[1].usage or 0)
            assert bills[0].standing == bills[1].standing


@settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def test_roll_ups_give_the_intervals_the_readings_give(steps: list[tuple[int, int]]) -> None:
    with held(steps) as store:
        while store.settle():
            pass
        summed = [found(store, every) for every in (Every.QUARTER, Every.DAY)]
        with store.looking() as db:
            unsum(db)
            raw = [found(store, every) for every in (Every.QUARTER, Every.DAY)]
        assert raw == summed


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(1, 100), st.integers(0, 20)), min_size=2, max_size=80))
def test_a_counter_that_only_rises_loses_nothing(steps: list[tuple[int, int]]) -> None:
    with held(steps) as store:
        of = intervals(
            store,
            LONDON,
            Every.QUARTER,
            BEGIN - timedelta(hours=1),
            BEGIN + timedelta(hours=4),
            now=NOW,
        )
        rise = sum(each[1] for each in steps[:-1])
        assert of.totals.energies["grid.import"].value == Decimal(rise).scaleb(-3)
        assert of.gaps == ()
