"""Where a stream begins, and where it goes on in a store made anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from mitmeter.model import Reading
from mitmeter.sinks.resume import (
    BEGINNING,
    Now,
    Since,
    begin,
    cursor_of,
    edge_of,
    go_on,
    newest,
    oldest_waiting,
    received_of,
    rows,
    total,
    wanted,
)
from mitmeter.sinks.state import Mark, Stream
from mitmeter.store import Batch, Store, Tailed
from tests.sinks.sinkkit import NOON, event, make_store, moments, noted, reading

R, E = Stream.READINGS, Stream.EVENTS


def filled(path: Path, readings: Sequence[Reading]) -> Store:
    store = Store.open(path)
    store.apply(Batch("", moments=moments(readings)))
    return store


def numbers(store: Store, mark: Mark) -> list[int]:
    """Return which of the kit's readings would be sent from that mark on."""
    found = [row for row in rows(store, R, mark.cursor, 10_000) if wanted(row, mark)]
    return [
        round((row.reading.received - NOON).total_seconds() / 10)
        for row in found
        if isinstance(row, Tailed)
    ]


def mark_at(store: Store, count: int) -> Mark:
    """Return the mark after the first `count` readings."""
    last = rows(store, R, 0, count)[-1]
    return Mark(store.identity, cursor_of(last), count, edge_of(last), received_of(last))


def never() -> bool:
    return False


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1000])
def test_the_newest_row_is_found(tmp_path: Path, count: int) -> None:
    with make_store(tmp_path / "s.db", count) as store:
        found = store.tail(0, 2000)
        assert newest(store, R) == (found[-1].cursor if found else 0)
        assert total(store, R) == count


def test_a_stream_from_now_on_sends_only_what_is_new(tmp_path: Path) -> None:
    with make_store(tmp_path / "s.db", 5) as store:
        mark = begin(store, R, Now())
        assert mark.passed == 5
        store.apply(Batch("", moments=moments([reading(9)])))
        assert numbers(store, mark) == [9]


def test_a_stream_since_a_moment_sends_what_was_measured_from_then_on(tmp_path: Path) -> None:
    with make_store(tmp_path / "s.db", 5) as store:
        mark = begin(store, R, Since(NOON + timedelta(seconds=30)))
        assert numbers(store, mark) == [3, 4]


def test_a_stream_from_the_beginning_sends_all(tmp_path: Path) -> None:
    with make_store(tmp_path / "s.db", 3) as store:
        assert numbers(store, begin(store, R, BEGINNING)) == [0, 1, 2]


def test_the_same_store_goes_on_at_its_cursor(tmp_path: Path) -> None:
    with make_store(tmp_path / "s.db", 5) as store:
        mark = mark_at(store, 2)
        assert go_on(store, R, mark, idempotent=True, stop=never) == mark


def test_a_rebuilt_store_goes_on_with_the_last_chunk_that_was_sent(tmp_path: Path) -> None:
    with make_store(tmp_path / "old.db", 10) as old:
        mark = mark_at(old, 6)
    # A better decoder finds more in the earlier chunks, so that every cursor is another.
    more = [
        each for n in range(10) for each in (reading(n, quantity="battery.voltage"), reading(n))
    ]
    with filled(tmp_path / "new.db", more) as new:
        again = go_on(new, R, mark, idempotent=False, stop=never)
        assert again.identity == new.identity
        assert numbers(new, again) == [5, 5, 6, 6, 7, 7, 8, 8, 9, 9]
        assert again.passed == 10


def test_a_chunk_that_means_nothing_any_more_is_found_by_its_time(tmp_path: Path) -> None:
    with make_store(tmp_path / "old.db", 10) as old:
        mark = mark_at(old, 6)
    with filled(tmp_path / "new.db", [reading(n) for n in range(10) if n != 5]) as new:
        again = go_on(new, R, mark, idempotent=True, stop=never)
        assert numbers(new, again) == [6, 7, 8, 9]


def test_a_clock_that_was_wrong_before_does_not_make_readings_look_sent(tmp_path: Path) -> None:
    # A Pi without a clock: its first readings are received far in the future, then it is set.
    wrong, right = [reading(900_000 + n) for n in range(3)], [reading(n) for n in range(5)]
    with filled(tmp_path / "old.db", wrong + right) as old:
        mark = mark_at(old, 5)
    with filled(tmp_path / "new.db", wrong + right) as new:
        again = go_on(new, R, mark, idempotent=True, stop=never)
        assert numbers(new, again) == [1, 2, 3, 4]


@pytest.mark.parametrize(("idempotent", "sent"), [(True, [7, 8, 9, 0, 1, 2]), (False, [7, 8, 9])])
def test_rows_carried_over_are_repeated_only_where_that_does_no_harm(
    tmp_path: Path, idempotent: bool, sent: list[int]
) -> None:
    with make_store(tmp_path / "old.db", 10) as old:
        mark = mark_at(old, 8)
    # The journal has lost 0 to 2: they come last in the new store.
    readings = [reading(n) for n in (3, 4, 5, 6, 7, 8, 9, 0, 1, 2)]
    with filled(tmp_path / "new.db", readings) as new:
        again = go_on(new, R, mark, idempotent=idempotent, stop=never)
        assert numbers(new, again) == sent
        # What comes later is sent, however wrong our clock is then.
        new.apply(Batch("", moments=moments([reading(-50)])))
        assert numbers(new, again) == [*sent, -50]


def test_looking_through_a_new_store_can_be_given_up(tmp_path: Path) -> None:
    with make_store(tmp_path / "old.db", 5) as old:
        mark = mark_at(old, 3)
    with make_store(tmp_path / "new.db", 5) as new:
        assert go_on(new, R, mark, idempotent=True, stop=lambda: True) == mark


def test_a_sink_that_had_sent_nothing_begins_anew_with_what_it_was_asked(tmp_path: Path) -> None:
    with make_store(tmp_path / "new.db", 5) as new:
        mark = Mark("other", since=7)
        assert go_on(new, R, mark, idempotent=True, stop=never) == Mark(new.identity, since=7)


def test_events_go_on_behind_the_last_one_sent(tmp_path: Path) -> None:
    events = [noted(event(n)) for n in range(6)]
    with Store.open(tmp_path / "old.db") as old:
        old.apply(Batch("", events=events))
        last = old.tail_events(0, 3)[-1]
        mark = Mark(old.identity, last.number, 3, edge_of(last), received_of(last))
    with Store.open(tmp_path / "new.db") as new:
        new.apply(Batch("", events=[noted(event(-9, "mitmeter.new")), *events]))
        again = go_on(new, E, mark, idempotent=True, stop=never)
        found = [row.event.message for row in new.tail_events(again.cursor)]
        assert found == ["event 2", "event 3", "event 4", "event 5"]


def test_the_oldest_row_that_waits_tells_when_it_was_received(tmp_path: Path) -> None:
    with make_store(tmp_path / "s.db", 5) as store:
        assert oldest_waiting(store, R, mark_at(store, 2)) == NOON + timedelta(seconds=20)
        assert oldest_waiting(store, R, mark_at(store, 5)) is None
