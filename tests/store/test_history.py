from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.store import Store
from mitmeter.store.energy import Hole, Point
from mitmeter.store.history import history
from tests.store.energykit import DISPLAY, at, every, tell
from tests.store.storekit import BATTERY

BEGIN = at("2026-01-10")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


def test_a_short_span_gives_the_readings_themselves(store: Store) -> None:
    told = [(BEGIN + timedelta(seconds=10 * each), each * 100) for each in range(6)]
    tell(store, DISPLAY, "grid.power", told)
    found = history(store, DISPLAY, "grid.power", BEGIN, BEGIN + timedelta(minutes=1), 60)
    assert found.width_seconds == 0
    assert found.points == tuple(Point(when, *[Decimal(value)] * 3) for when, value in told)


def test_a_longer_span_gives_mean_least_and_greatest_of_each_stretch(store: Store) -> None:
    told = [(BEGIN + timedelta(seconds=each), value) for each, value in ((0, 1), (10, 2), (20, -6))]
    tell(store, DISPLAY, "grid.power", [*told, (BEGIN + timedelta(seconds=60), 7)])
    found = history(store, DISPLAY, "grid.power", BEGIN, BEGIN + timedelta(minutes=2), 2)
    assert found.width_seconds == 60
    assert found.points[0] == Point(BEGIN, Decimal(-1), Decimal(-6), Decimal(2))
    assert found.points[1].mean == Decimal(7)


@pytest.mark.parametrize(("points", "width"), [(100, 900), (10, 10_800), (1, 86_400)])
def test_roll_ups_give_what_the_readings_come_to(store: Store, points: int, width: int) -> None:
    told = [
        (when, number * 37 % 1009) for number, when in enumerate(every(30, BEGIN, at("2026-01-11")))
    ]
    tell(store, DISPLAY, "grid.power", told)
    while store.settle():
        pass
    found = history(store, DISPLAY, "grid.power", BEGIN, at("2026-01-11"), points)
    assert found.width_seconds == width
    per = width // 30
    for place, point in enumerate(found.points):
        inside = [value for _, value in told[place * per : (place + 1) * per]]
        assert point.at == BEGIN + timedelta(seconds=place * width)
        assert abs(float(point.mean) - sum(inside) / len(inside)) < 0.001
        assert [point.low, point.high] == [Decimal(min(inside)), Decimal(max(inside))]


def test_a_time_without_readings_is_a_gap(store: Store) -> None:
    whole = [(when, 5) for when in every(10, BEGIN, BEGIN + timedelta(hours=6))]
    hole = Hole(BEGIN + timedelta(hours=2), BEGIN + timedelta(hours=3))
    tell(
        store,
        DISPLAY,
        "grid.power",
        [each for each in whole if not hole.since < each[0] < hole.until],
    )
    for points in (4000, 300, 20):
        found = history(store, DISPLAY, "grid.power", BEGIN, BEGIN + timedelta(hours=6), points)
        assert [each.until - each.since > timedelta(minutes=45) for each in found.gaps] == [True]
    assert history(
        store,
        DISPLAY,
        "grid.power",
        BEGIN + timedelta(hours=2, minutes=10),
        BEGIN + timedelta(hours=2, minutes=20),
    ).gaps == (hole,)


def test_readings_that_are_half_an_hour_apart_leave_no_gaps(store: Store) -> None:
    tell(store, DISPLAY, "gas.volume", [(when, 1) for when in every(1800, BEGIN, at("2026-01-12"))])
    found = history(store, DISPLAY, "gas.volume", BEGIN, at("2026-01-12"), 2000)
    assert (len(found.points), found.gaps) == (96, ())


def test_there_are_no_more_points_than_asked_for(store: Store) -> None:
    tell(store, DISPLAY, "grid.power", [(when, 1) for when in every(20, BEGIN, at("2026-01-11"))])
    for points in (1, 7, 50, 333, 2000):
        found = history(store, DISPLAY, "grid.power", BEGIN, at("2026-01-11"), points)
        assert 0 < len(found.points) <= points


def test_states_and_unknown_series_have_no_line(store: Store) -> None:
    tell(store, DISPLAY, "vendor.glow.tariff", [(BEGIN, "STANDARD")])
    for device, name in ((DISPLAY, "vendor.glow.tariff"), (BATTERY, "grid.power")):
        found = history(store, device, name, BEGIN, BEGIN + timedelta(hours=1))
        assert (found.points, found.gaps) == ((), ())


def test_a_span_that_ends_before_it_begins_is_empty(store: Store) -> None:
    tell(store, DISPLAY, "grid.power", [(BEGIN, 1)])
    assert history(store, DISPLAY, "grid.power", BEGIN + timedelta(hours=1), BEGIN).points == ()
