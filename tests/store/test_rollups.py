import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.store import Batch, Store, carry_over
from mitmeter.store.rolled import open_series
from mitmeter.store.schema import Migration, migrate, migrations
from mitmeter.store.summary import Shape, Summary, fold, is_change, joined, shape_of
from tests.store.energykit import CLAMP, DISPLAY, at, every, moments, tell, unsum
from tests.store.storekit import NOON

MIDNIGHT = at("2025-06-01")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store.db")


def rows(store: Store, table: str) -> list[tuple[object, ...]]:
    with store.looking() as db:
        return db.execute(f"SELECT * FROM {table} ORDER BY device, quantity, number").fetchall()


def stale(store: Store) -> int:
    with store.looking() as db:
        return int(db.execute("SELECT count(*) FROM stale").fetchone()[0])


def power(hours: float, step: float = 10) -> list[tuple[datetime, object]]:
    end = MIDNIGHT + timedelta(hours=hours)
    return [(when, when.second * 7 - when.minute) for when in every(step, MIDNIGHT, end)]


def test_quarters_are_summed_up_once_their_time_is_over(store: Store) -> None:
    with store:
        tell(store, DISPLAY, "grid.power", power(1.5), at_once=6)
        # The sixth quarter is still spoken in, and the line into it is part of the fifth.
        assert len(rows(store, "quarters")) >= 4
        assert stale(store) <= 2


def test_a_row_holds_what_its_readings_come_to(store: Store) -> None:
    with store:
        tell(store, DISPLAY, "radio.rssi", [(NOON, -60.5), (NOON + timedelta(minutes=5), -71)])
        store.settle()
        ((_, _, number, count, first, last, exponent, *values),) = rows(store, "quarters")
    assert number == int(NOON.timestamp()) // 900
    assert (count, first, last, exponent) == (2, 0, 300_000_000, -1)
    assert values == [-605, -710, -710, -605, -1315, 300_000_000, 0, None, None, None]


def test_late_readings_are_summed_up_again(store: Store) -> None:
    with store:
        tell(store, DISPLAY, "grid.power", power(2))
        store.settle()
        before = rows(store, "quarters")
        tell(store, DISPLAY, "grid.power", [(MIDNIGHT + timedelta(minutes=7, seconds=3), 99_999)])
        assert stale(store) == 1
        store.settle()
        after = rows(store, "quarters")
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [row[2] for row in changed] == [int(MIDNIGHT.timestamp()) // 900]
    assert changed[0][10] == 99_999


def test_the_rows_do_not_depend_on_the_order_or_the_batches(tmp_path: Path) -> None:
    values = power(3)
    found = []
    for name, told, at_once in (
        ("a", values, 500),
        ("b", values[::-1], 7),
        ("c", values[1::2] + values[::2], 100),
    ):
        with Store.open(tmp_path / name) as store:
            tell(store, DISPLAY, "grid.power", told, at_once)
            while store.settle():
                pass
            found.append((rows(store, "quarters"), rows(store, "days")))
    assert found[0] == found[1] == found[2]
    assert len(found[0][0]) == 12


def test_a_bulk_of_history_is_summed_up_beside_it(store: Store) -> None:
    with store:
        tell(store, DISPLAY, "grid.power", power(96, 60), at_once=200)
        assert stale(store) < 16
        assert len(rows(store, "days")) >= 3


def test_a_series_reads_the_same_from_roll_ups_and_from_readings(store: Store) -> None:
    first = int(MIDNIGHT.timestamp()) // 900
    with store:
        tell(store, DISPLAY, "grid.power", power(30))
        with store.looking() as db:
            unsum(db)
            series = open_series(db, DISPLAY, "grid.power")
            assert series is not None
            raw = (series.quarters(first, first + 200), series.days(first // 96, first // 96 + 3))
        while store.settle():
            pass
        with store.looking() as db:
            series = open_series(db, DISPLAY, "grid.power")
            assert series is not None
            summed = (
                series.quarters(first, first + 200),
                series.days(first // 96, first // 96 + 3),
            )
    assert raw == summed
    assert len(raw[0]) == 120


def test_states_and_what_is_no_number_are_left_out(store: Store) -> None:
    with store:
        tell(store, DISPLAY, "vendor.glow.price.tier", [(NOON, "one"), (NOON, "NaN")])
        tell(store, DISPLAY, "radio.lqi", [(NOON, Decimal("NaN")), (NOON, Decimal("1E+30"))])
        assert store.settle() == 0
        assert rows(store, "quarters") == []


def test_readings_from_before_1970_are_left_out(store: Store) -> None:
    with store:
        tell(store, DISPLAY, "radio.lqi", [(at("1969-12-31T23:00"), 5)])
        assert (store.settle(), rows(store, "quarters")) == (0, [])


def test_a_store_of_the_first_schema_is_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        tell(store, DISPLAY, "grid.power", power(2))
        while store.settle():
            pass
        wanted = (rows(store, "quarters"), rows(store, "days"), list(store.readings(limit=None)))
    db = sqlite3.connect(path, isolation_level=None)
    for table in ("quarters", "days", "stale", "stale_days", "integrals"):
        db.execute(f"DROP TABLE {table}")
    db.execute("PRAGMA user_version = 1")
    db.close()
    with Store.open(path) as store:
        assert stale(store) == 8
        assert list(store.readings(limit=None)) == wanted[2]
        # Batches work it off, however little they bring themselves.
        for number in range(40):
            tell(store, CLAMP, "radio.lqi", [(MIDNIGHT + timedelta(days=2, hours=number), 1)])
        assert [row for row in rows(store, "quarters") if row[0] == 1] == wanted[0]
        assert [row for row in rows(store, "days") if row[0] == 1] == wanted[1]


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    migrate(db, migrations()[:1])
    steps = [*migrations()[:1], Migration(2, migrations()[1].sql + "\nSELECT nothing;")]
    with pytest.raises(Exception, match="step 2"):
        migrate(db, steps)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    assert not tables & {"quarters", "days", "stale", "integrals"}


def test_a_rebuilt_store_has_all_its_roll_ups(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    for path in (old, new):
        with Store.open(path) as store:
            tell(store, DISPLAY, "grid.power", power(2))
    carry_over(old, new)
    with Store.open(new) as store:
        assert stale(store) == 0
        assert len(rows(store, "quarters")) == 8
        assert len(rows(store, "days")) == 1


def test_a_failed_batch_leaves_no_mark(store: Store) -> None:
    with store:
        tell(store, DISPLAY, "grid.power", power(0.1))
        before = stale(store)
        bad = moments(DISPLAY, "grid.power", [(at("2025-07-01"), 5)])
        with pytest.raises(Exception, match="no attribute"):
            store.apply(Batch("", moments=bad, facts=[object()]))  # type: ignore[list-item] # what breaks a batch
        assert stale(store) == before


# --- what stretches come to ---


SAMPLES = st.lists(
    st.tuples(st.integers(0, 10**10), st.integers(-(10**6), 10**6), st.sampled_from([0, -1, -3])),
    min_size=2,
    max_size=30,
    unique_by=lambda each: each[0],
).map(sorted)


@given(samples=SAMPLES, cut=st.integers(1, 29), shape=st.sampled_from([Shape.COUNTER, Shape.GAUGE]))
def test_two_stretches_joined_are_the_stretch_they_were_cut_from(
    samples: list[tuple[int, int, int]], cut: int, shape: Shape
) -> None:
    cut = min(cut, len(samples) - 1)
    whole = fold(samples, shape)
    parts = joined([fold(samples[:cut], shape), fold(samples[cut:], shape)], shape)
    assert parts == whole


@given(samples=SAMPLES, border=st.integers(1, 10**10 - 1))
def test_the_areas_on_both_sides_of_a_border_are_together_the_whole(
    samples: list[tuple[int, int, int]], border: int
) -> None:
    left = [each for each in samples if each[0] < border]
    right = [each for each in samples if each[0] >= border]
    whole = fold(samples, Shape.POWER, None, None, 0, 10**10)
    sums = [0, 0, 0]
    for part, before, after, since, until in (
        (left, None, right[0] if right else None, 0, border),
        (right, left[-1] if left else None, None, border, 10**10),
    ):
        if part:
            each = fold(part, Shape.POWER, before, after, since, until)
            sums = [sums[0] + each.plus, sums[1] + each.minus, sums[2] + each.covered]
    if left and right:
        assert sums == [whole.plus, whole.minus, whole.covered]


def test_values_that_do_not_fit_one_exponent_are_rounded_not_lost() -> None:
    found = fold([(0, 9 * 10**17, 0), (1, 5, -18)], Shape.GAUGE)
    assert found.exponent == -1
    assert (found.first, found.last) == (9 * 10**18, 0)


@pytest.mark.parametrize(
    ("before", "after", "seconds", "change"),
    [
        (5000, 5000.01, 10, False),
        (5000, 4999.5, 10, False),
        (5000, 4998, 10, True),
        (0.5, 0.1, 10, True),
        (5000, 0, 10, True),
        (5000, 5009, 10, False),
        (5000, 5020, 10, True),
        (5000, 5020, 3600, False),
        (5000, 90000, 10, True),
    ],
)
def test_a_counter_that_falls_or_leaps_has_changed(
    before: float, after: float, seconds: int, change: bool
) -> None:
    left, right = (int(Decimal(str(each)) * 10**9) for each in (before, after))
    assert is_change(left, right, seconds * 10**6) is change


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("grid.import", Shape.COUNTER),
        ("vendor.efergy.7.energy.estimated", Shape.COUNTER),
        ("grid.power.l1", Shape.POWER),
        ("vendor.efergy.7.watts", Shape.POWER),
        ("battery.soc", Shape.GAUGE),
        ("price.import", Shape.GAUGE),
    ],
)
def test_a_quantity_has_a_shape(name: str, shape: Shape) -> None:
    assert shape_of(name) is shape


def test_readings_that_are_usually_far_apart_are_neighbours_all_the_same() -> None:
    half_hours = [(number * 1_800_000_000, number, 0) for number in range(48)]
    seconds = [(number * 10_000_000, number, 0) for number in range(48)]
    found: list[Summary] = [fold(each, Shape.COUNTER) for each in (half_hours, seconds)]
    assert [each.near for each in found] == [7_200_000_000, 120_000_000]
    assert fold(seconds[:1], Shape.COUNTER).near == 120_000_000
