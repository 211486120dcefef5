from collections.abc import Iterator
from pathlib import Path

import pytest

from mitmeter.store import Batch, Store
from tests.store.storekit import BATTERY, HUB, NOON, SAYS_NOON, live, moment, seconds, status


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Ten statuses of a battery 10 s apart, a grid power in every third; five of a hub between."""
    with Store.open(tmp_path / "store.db") as opened:
        moments = []
        for number in range(10):
            said = [
                live(SAYS_NOON + seconds(10 * number), NOON + seconds(10 * number), str(number))
            ]
            if number % 3 == 0:
                power = live(said[0].reported, said[0].received, str(-number), "grid.power")
                said.append(power)
            moments.append(moment(*said))
        for number in range(5):
            at = NOON + seconds(20 * number + 5)
            moments.append(moment(live(None, at, str(100 + number), "grid.power", HUB)))
        opened.apply(Batch("1:1", moments=moments))
        yield opened


def values(store: Store, quantity: str | None = None, limit: int | None = 1000) -> list[str]:
    return [str(each.value) for each in store.readings(quantity=quantity, limit=limit)]


def test_readings_of_all_devices_come_in_the_order_of_time(store: Store) -> None:
    times = [each.at for each in store.readings()]
    assert len(times) == 19
    assert times == sorted(times, key=lambda at: at or NOON)
    assert [str(each.device) for each in store.readings()][:4] == [
        "alphaess:AL9900000000007",
        "alphaess:AL9900000000007",
        "glow:HUB1",
        "alphaess:AL9900000000007",
    ]


def test_a_limit_gives_the_newest_with_the_newest_last(store: Store) -> None:
    assert values(store, limit=3) == ["104", "9", "-9"]
    assert values(store, "battery.soc", limit=3) == ["7", "8", "9"]


def test_a_quantity_is_found_by_name_and_by_beginning(store: Store) -> None:
    assert values(store, "battery.soc") == [str(number) for number in range(10)]
    assert values(store, "battery.*") == values(store, "battery.soc")
    assert values(store, "battery*", limit=None) == values(store, "battery.soc")
    assert len(values(store, "*")) == 19
    assert values(store, "battery") == []
    assert values(store, "price.*") == []


def test_of_several_matching_quantities_all_come(store: Store) -> None:
    store.apply(Batch("1:2", moments=[moment(live(None, NOON, "1", "grid.frequency", HUB))]))
    assert len(values(store, "grid.*")) == 10


def test_since_is_within_the_span_and_until_is_not(store: Store) -> None:
    span = store.readings(
        BATTERY, "battery.soc", since=NOON + seconds(20), until=NOON + seconds(50)
    )
    assert [str(each.value) for each in span] == ["2", "3", "4"]


def test_a_device_nobody_knows_has_no_readings(store: Store) -> None:
    other = type(BATTERY)("alphaess", "AL1")
    assert list(store.readings(other)) == []
    assert store.latest(other) == []


def test_the_latest_is_by_time_and_not_by_arrival(store: Store) -> None:
    late = moment(live(SAYS_NOON - seconds(60), NOON + seconds(500), "1"), at=NOON - seconds(60))
    store.apply(Batch("1:2", moments=[late]))
    latest = {(each.device, each.quantity): str(each.value) for each in store.latest()}
    assert latest == {
        (BATTERY, "battery.soc"): "9",
        (BATTERY, "grid.power"): "-9",
        (HUB, "grid.power"): "104",
    }
    assert [str(each.value) for each in store.latest(HUB)] == ["104"]
    assert [str(each.value) for each in store.latest(quantity="battery.*")] == ["9"]


def test_a_tail_begins_after_its_cursor_in_the_order_of_arrival(store: Store) -> None:
    first = store.tail(0, limit=4)
    rest = store.tail(first[-1].cursor)
    assert len(first) + len(rest) == 19
    assert [each.cursor for each in first + rest] == sorted(each.cursor for each in first + rest)
    store.apply(Batch("1:2", moments=[status(-5, value="55")]))
    assert [str(each.reading.value) for each in store.tail(rest[-1].cursor)] == ["55"]


def test_a_tail_that_is_up_to_date_is_empty(store: Store) -> None:
    assert store.tail(store.tail(0)[-1].cursor) == []
