from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from mitmeter.model import Kind, Reading, quantity
from mitmeter.store import Batch, Clock, Moment, Store
from tests.store.energykit import CLAMP, DISPLAY, every, tell
from tests.store.storekit import NOON, seconds

WATTS, ENERGY = "vendor.efergy.700001.watts", "vendor.efergy.700001.energy.estimated"


def held(store: Store, name: str = ENERGY) -> list[tuple[datetime, str]]:
    found = store.readings(device=CLAMP, quantity=name, limit=None)
    return [(each.at or NOON, str(each.value)) for each in found]


def values(store: Store) -> list[str]:
    return [value for _, value in held(store)]


def test_each_power_is_followed_by_the_energy_so_far(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        tell(store, CLAMP, WATTS, [(NOON + seconds(30 * each), 1200) for each in range(3)])
        # 1.2 kW for half a minute is 0.01 kWh.
        assert values(store) == ["0.000000", "0.010000", "0.020000"]
        assert (quantity(ENERGY).unit, quantity(ENERGY).kind) == ("kWh", Kind.COUNTER)


def test_the_energy_stands_in_the_moment_of_its_power(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        told = Reading(CLAMP, WATTS, Decimal(5), NOON, NOON - seconds(1))
        applied = store.apply(
            Batch("", moments=[Moment([told], NOON - seconds(1), Clock.UTC, 0, "a/7")])
        )
        energy = next(store.readings(quantity=ENERGY))
        assert (energy.at, energy.reported, energy.source) == (
            NOON - seconds(1),
            NOON - seconds(1),
            "a/7",
        )
        assert applied.new == 1


def test_the_line_between_two_powers_is_straight(tmp_path: Path) -> None:
    steps = [(0, 100), (10, 300), (17, 0), (60, 50)]
    wanted = Fraction(0)
    for (start, low), (end, high) in pairwise(steps):
        wanted += Fraction((low + high) * (end - start), 2 * 3_600_000)
    with Store.open(tmp_path / "store.db") as store:
        tell(store, CLAMP, WATTS, [(NOON + seconds(when), each) for when, each in steps])
        assert abs(Fraction(values(store)[-1]) - wanted) < Fraction(1, 10**6)


def test_no_energy_is_made_up_for_an_outage(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        told = [(0, 3600), (120, 3600), (241, 3600), (251, 3600)]
        tell(store, CLAMP, WATTS, [(NOON + seconds(when), each) for when, each in told])
        assert values(store) == ["0.000000", "0.120000", "0.120000", "0.130000"]


def test_what_a_device_tells_later_does_not_turn_the_counter_back(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        tell(store, CLAMP, WATTS, [(NOON, 3600), (NOON + seconds(60), 3600)])
        late = Reading(CLAMP, WATTS, Decimal(9), NOON + seconds(90), NOON, live=False)
        store.apply(Batch("", moments=[Moment([late], NOON + seconds(30), Clock.UTC)]))
        assert values(store) == ["0.000000", "0.060000"]


def test_a_wrong_time_in_the_future_does_not_stop_the_counter(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        tell(store, CLAMP, WATTS, [(NOON + timedelta(hours=9), 3600), (NOON, 3600)])
        tell(store, CLAMP, WATTS, [(NOON + seconds(60), 3600)])
        assert sorted(values(store)) == ["0.000000", "0.000000", "0.060000"]


def test_a_row_sent_twice_counts_once(tmp_path: Path) -> None:
    told = [(NOON + seconds(10 * each), 720) for each in range(4)]
    with Store.open(tmp_path / "store.db") as store:
        tell(store, CLAMP, WATTS, told)
        tell(store, CLAMP, WATTS, told)
        assert values(store) == ["0.000000", "0.002000", "0.004000", "0.006000"]


def test_the_counter_is_the_same_however_the_journal_was_read(tmp_path: Path) -> None:
    told = [
        (when, Decimal(number * 37 % 3001).scaleb(-1))
        for number, when in enumerate(every(7, NOON, NOON + timedelta(minutes=40)))
    ]
    found = []
    for at_once in (1, 17, 10_000):
        path = tmp_path / f"{at_once}.db"
        with Store.open(path) as store:
            tell(store, CLAMP, WATTS, told[:100], at_once)
        with Store.open(path) as store:
            tell(store, CLAMP, WATTS, told[100:], at_once)
            found.append(held(store))
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == len(told)


def test_a_failed_batch_is_taken_back_whole(tmp_path: Path) -> None:
    told: Iterable[tuple[datetime, object]] = [(NOON, 3600), (NOON + seconds(60), 3600)]
    with Store.open(tmp_path / "store.db") as store:
        tell(store, CLAMP, WATTS, told)
        more = Moment(
            [Reading(CLAMP, WATTS, Decimal(3600), NOON + seconds(120))],
            NOON + seconds(120),
            Clock.RECEIVED,
        )
        for broken in (True, False):
            try:
                store.apply(
                    Batch("", moments=[more], clocks={CLAMP: object()} if broken else {})  # type: ignore[dict-item] # what SQLite refuses
                )
            except Exception:  # noqa: BLE001 - whichever it is
                assert broken
        assert values(store) == ["0.000000", "0.060000", "0.120000"]


def test_other_powers_have_counters_of_their_own(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        tell(store, DISPLAY, "grid.power", [(NOON, 5), (NOON + seconds(10), 5)])
        assert {each.quantity.name for each in store.series()} == {"grid.power"}


def test_a_state_is_no_power(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        tell(store, CLAMP, WATTS, [(NOON, "unknown")])
        assert held(store) == []
