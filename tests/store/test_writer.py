from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.errors import StoreError
from mitmeter.model import DeviceId, Origin, Reading
from mitmeter.store import Applied, Batch, Closed, Pending, Progress, Store, writer
from tests.store.storekit import (
    BATTERY,
    HUB,
    NOON,
    SAYS_NOON,
    TALK,
    conversation,
    live,
    moment,
    row,
    seconds,
    status,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


def counts(applied: Applied) -> tuple[int, int, int]:
    return applied.new, applied.doubled, applied.refused


def test_a_reading_comes_back_whole(store: Store) -> None:
    reading = Reading(
        BATTERY,
        "battery.power",
        Decimal("-2233.5000"),
        received=NOON + seconds(0.25),
        reported=SAYS_NOON,
        live=False,
        at=NOON,
        origin=Origin.SYNTHETIC,
        source=f"{TALK}/7",
    )
    store.apply(Batch("1:1", moments=[moment(reading, at=NOON, source=f"{TALK}/7")]))
    (back,) = store.readings()
    assert back == reading
    assert str(back.value) == "-2233.5000"


def test_a_state_comes_back_as_text(store: Store) -> None:
    word = Reading(BATTERY, "vendor.alphaess.EmsStatus", "Normal", NOON, SAYS_NOON)
    store.apply(Batch("1:1", moments=[moment(word)]))
    assert [reading.value for reading in store.readings()] == ["Normal"]


def test_the_same_status_again_is_counted_as_doubled(store: Store) -> None:
    first = store.apply(Batch("1:1", moments=[status(0), status(1)]))
    again = store.apply(Batch("1:2", moments=[status(1, value="50"), status(2)]))
    assert (counts(first), counts(again)) == ((2, 0, 0), (1, 1, 0))
    assert [str(each.value) for each in store.readings()] == ["93.6", "93.6", "93.6"]


def test_a_double_within_one_batch_is_found_too(store: Store) -> None:
    applied = store.apply(Batch("1:1", moments=[status(0), status(0, value="1"), status(0)]))
    assert counts(applied) == (1, 2, 0)


def test_a_row_sent_twice_is_one_reading_though_the_correction_changed(store: Store) -> None:
    said = row(SAYS_NOON, NOON + seconds(60))
    store.apply(Batch("1:1", moments=[moment(said, at=NOON)]))
    again = row(SAYS_NOON, NOON + seconds(9000))
    applied = store.apply(Batch("1:2", moments=[moment(again, at=NOON - seconds(3600))]))
    assert counts(applied) == (0, 1, 0)
    assert [each.at for each in store.readings()] == [NOON]


def test_another_message_of_the_same_second_adds_its_quantities(store: Store) -> None:
    store.apply(Batch("1:1", moments=[moment(live(SAYS_NOON, NOON), source=f"{TALK}/1")]))
    telemetry = moment(
        live(SAYS_NOON, NOON + seconds(1), "12.0"),
        live(SAYS_NOON, NOON + seconds(1), "49.98", "grid.frequency"),
        source=f"{TALK}/2",
    )
    assert counts(store.apply(Batch("1:2", moments=[telemetry]))) == (1, 1, 0)
    held = {each.quantity: (str(each.value), each.source) for each in store.readings()}
    assert held == {"battery.soc": ("93.6", f"{TALK}/1"), "grid.frequency": ("49.98", f"{TALK}/2")}
    assert counts(store.apply(Batch("1:3", moments=[telemetry]))) == (0, 2, 0)


def test_a_quantity_said_twice_in_one_message_counts_once(store: Store) -> None:
    twice = moment(live(SAYS_NOON, NOON, "1"), live(SAYS_NOON, NOON, "2"))
    assert counts(store.apply(Batch("1:1", moments=[twice]))) == (1, 1, 0)
    assert [str(each.value) for each in store.readings()] == ["1"]


def test_the_doubled_hour_is_two_readings_by_its_fold(store: Store) -> None:
    first = moment(live(SAYS_NOON, NOON))
    second = moment(live(SAYS_NOON, NOON + seconds(3600)), fold=1)
    assert counts(store.apply(Batch("1:1", moments=[first, second]))) == (2, 0, 0)


def test_the_doubled_hour_is_two_readings_by_its_offset(store: Store) -> None:
    summer = datetime(2025, 10, 26, 1, 30, tzinfo=timezone(timedelta(hours=1)))
    winter = datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
    both = [moment(live(summer, summer)), moment(live(winter, winter))]
    assert counts(store.apply(Batch("1:1", moments=both))) == (2, 0, 0)


def test_a_time_with_a_zone_is_not_the_same_without(store: Store) -> None:
    both = [moment(live(SAYS_NOON.replace(tzinfo=UTC), NOON)), moment(live(SAYS_NOON, NOON))]
    assert counts(store.apply(Batch("1:1", moments=both))) == (2, 0, 0)


def test_without_a_time_of_its_own_a_reading_is_one_by_when_it_was_received(store: Store) -> None:
    batch = [
        moment(live(None, NOON)),
        moment(live(None, NOON)),
        moment(live(None, NOON + seconds(1))),
    ]
    assert counts(store.apply(Batch("1:1", moments=batch))) == (2, 1, 0)


def test_two_devices_may_say_the_same_at_the_same_time(store: Store) -> None:
    both = [moment(live(SAYS_NOON, NOON)), moment(live(SAYS_NOON, NOON, device=HUB))]
    assert counts(store.apply(Batch("1:1", moments=both))) == (2, 0, 0)


def test_cursors_grow_over_a_restart(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        first = store.apply(Batch("1:1", moments=[status(0)])).cursor
    with Store.open(tmp_path / "store.db") as store:
        assert store.apply(Batch("1:2", moments=[status(0)])).cursor == first
        assert store.apply(Batch("1:3", moments=[status(1)])).cursor > first


def test_position_and_readings_are_kept_together_or_not_at_all(store: Store) -> None:
    store.apply(Batch("1:1", moments=[status(0)]))
    too_large = Progress(TALK, 0, chunks=2**70)
    with pytest.raises(StoreError, match="too large"):
        store.apply(Batch("1:2", moments=[status(1)], progress=[too_large]))
    assert store.position == "1:1"
    assert len(list(store.readings())) == 1
    assert counts(store.apply(Batch("1:2", moments=[status(1)]))) == (1, 0, 0)


def test_names_of_quantities_have_an_end_but_the_catalogue_goes_in(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_QUANTITIES", 2)
    said = [live(SAYS_NOON, NOON, "1", f"vendor.x.{name}") for name in "abc"]
    applied = store.apply(Batch("1:1", moments=[moment(*said, live(SAYS_NOON, NOON))]))
    assert counts(applied) == (3, 0, 1)
    assert {each.quantity for each in store.readings()} == {
        "vendor.x.a",
        "vendor.x.b",
        "battery.soc",
    }


def test_a_name_that_utf_8_cannot_hold_is_the_same_quantity_after_a_restart(tmp_path: Path) -> None:
    odd = "vendor.alphaess.\ud800"
    for number in range(2):
        with Store.open(tmp_path / "store.db") as store:
            said = live(SAYS_NOON + seconds(number), NOON + seconds(number), quantity=odd)
            store.apply(Batch("1:1", moments=[moment(said)]))
            assert len(store.series()) == 1


def test_a_conversation_counts_up_and_closes(store: Store) -> None:
    store.apply(Batch("1:1", opened=[conversation()], progress=[Progress(TALK, 4, 2, 100, 29)]))
    store.apply(Batch("1:2", opened=[conversation()], progress=[Progress(TALK, 6, 1, 50, 0)]))
    (going,) = store.conversations()
    assert going.conversation == conversation()
    assert (going.chunks, going.device_bytes, going.headend_bytes) == (3, 150, 29)
    assert (going.first_seq, going.closed_ns) == (4, None)
    store.apply(Batch("1:3", closed=[Closed(TALK, "the peer closed", 5_000)]))
    (ended,) = store.conversations()
    assert (ended.closed_ns, ended.reason) == (5_000, "the peer closed")


def test_a_conversation_with_a_simulated_device_is_known_as_such(store: Store) -> None:
    made_up = replace(conversation(), synthetic=True, upstream="192.0.2.1:7777")
    store.apply(Batch("1:1", opened=[made_up]))
    assert [each.conversation for each in store.conversations()] == [made_up]


def test_pending_bytes_are_replaced_emptied_and_forgotten_with_their_conversation(
    store: Store,
) -> None:
    store.apply(Batch("1:1", pending=[Pending(TALK, "device", b"\x01"), Pending(TALK, "us", b"a")]))
    store.apply(Batch("1:2", pending=[Pending(TALK, "device", b"\x01\x02")]))
    assert store.pending() == [Pending(TALK, "device", b"\x01\x02"), Pending(TALK, "us", b"a")]
    store.apply(Batch("1:3", pending=[Pending(TALK, "us", b"")]))
    assert store.pending() == [Pending(TALK, "device", b"\x01\x02")]
    store.apply(Batch("1:4", closed=[Closed(TALK, "", 1)]))
    assert store.pending() == []


def test_clock_states_are_kept_by_device(store: Store) -> None:
    store.apply(Batch("1:1", clocks={BATTERY: "{}", HUB: "{1}"}))
    store.apply(Batch("1:2", clocks={BATTERY: "{2}"}))
    assert store.clocks() == {BATTERY: "{2}", HUB: "{1}"}


def test_an_empty_position_leaves_the_one_that_is_held(store: Store) -> None:
    store.apply(Batch("7:1234"))
    store.apply(Batch("", moments=[status(0)]))
    assert store.position == "7:1234"


def test_series_and_devices_count_what_is_new_only(store: Store) -> None:
    store.apply(Batch("1:1", moments=[status(0), status(1)]))
    store.apply(Batch("1:2", moments=[status(1), status(2)]))
    (series,) = store.series()
    assert (series.readings, series.first_at, series.latest_at) == (3, NOON, NOON + seconds(20))
    assert (series.quantity.unit, series.device) == ("%", BATTERY)
    (device,) = store.devices()
    assert (device.first_seen, device.last_seen, device.readings) == (NOON, NOON + seconds(20), 3)


def test_a_thousand_devices_are_as_good_as_one(store: Store) -> None:
    crowd = [
        moment(live(SAYS_NOON, NOON, device=DeviceId("alphaess", f"AL{number:013}")))
        for number in range(1000)
    ]
    assert counts(store.apply(Batch("1:1", moments=crowd))) == (1000, 0, 0)
    assert counts(store.apply(Batch("1:2", moments=crowd))) == (0, 1000, 0)
