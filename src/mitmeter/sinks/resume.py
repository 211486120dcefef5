"""Where a stream goes on: at its cursor, at the beginning, now, or in a store made anew.

A rebuild decodes the journal again, so the new store has other cursors, but nearly the same order.
The last row sent is found there by its chunk (`Reading.source`), which the journal gives and a
rebuild keeps; what ended in the same chunk is sent again. Rows whose bytes the journal no longer
holds were carried over and come last in the new store: a sink that takes a row twice without harm
gets them again, any other does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mitmeter.model import instant
from mitmeter.sinks.rows import event_edge, micros
from mitmeter.sinks.state import Mark, Stream
from mitmeter.store import RecordedEvent, Store, Tailed

_AT_ONCE = 5_000
_BEYOND = 2**62


@dataclass(frozen=True, slots=True)
class Beginning:
    """Everything there is."""


@dataclass(frozen=True, slots=True)
class Now:
    """Only what is new."""


@dataclass(frozen=True, slots=True)
class Since:
    """What happened at that instant and later."""

    at: datetime


Start = Beginning | Now | Since
BEGINNING: Final = Beginning()

Row = Tailed | RecordedEvent


def rows(store: Store, stream: Stream, cursor: int, limit: int) -> Sequence[Row]:
    """Return what came into the store after the cursor."""
    if stream is Stream.READINGS:
        return store.tail(cursor, limit)
    return store.tail_events(cursor, limit)


def cursor_of(row: Row) -> int:
    return row.cursor if isinstance(row, Tailed) else row.number


def edge_of(row: Row) -> str:
    """Return a name of the row's place that a rebuild keeps; "" when it has none."""
    if isinstance(row, Tailed):
        return row.reading.source
    return event_edge(row.event, row.station, row.conversation, row.source)


def received_of(row: Row) -> int:
    """Return when the row came to us, in µs; of an event, when it happened."""
    return micros(row.reading.received if isinstance(row, Tailed) else row.event.at)


def total(store: Store, stream: Stream) -> int:
    """Return how many rows the store holds."""
    if stream is Stream.READINGS:
        return sum(each.readings for each in store.series())
    # The numbers of events are without gaps: none is ever removed.
    return newest(store, stream)


def newest(store: Store, stream: Stream) -> int:
    """Return the cursor of the newest row, 0 when there is none; some sixty look-ups."""
    low, high = 0, _BEYOND  # a row lies beyond `low`, or low is the answer; none beyond `high`
    while low < high:
        middle = (low + high) // 2
        found = rows(store, stream, middle, 1)
        if found:
            low = cursor_of(found[0])
        else:
            high = middle
    return low


def begin(store: Store, stream: Stream, start: Start) -> Mark:
    """Return the mark of a stream that starts."""
    match start:
        case Now():
            with store.snapshot():
                return Mark(store.identity, newest(store, stream), total(store, stream))
        case Since(at):
            return Mark(store.identity, since=micros(at))
        case Beginning():
            return Mark(store.identity)


def go_on(
    store: Store, stream: Stream, mark: Mark, *, idempotent: bool, stop: Callable[[], bool]
) -> Mark:
    """Return the mark in this store, which may be another than the one the mark is of.

    Walks through a new store up to the mark; `stop` true lets it give up, with the mark as it was.
    """
    identity = store.identity
    if mark.identity == identity:
        return mark
    if not mark.received and not mark.edge:
        return Mark(identity, since=mark.since)
    found = _find(store, stream, mark, stop)
    if found is None:
        return mark
    cursor, passed = found
    again = Mark(identity, cursor, passed, mark.edge, mark.received, mark.since)
    if idempotent:
        return again
    return Mark(
        identity,
        cursor,
        passed,
        mark.edge,
        mark.received,
        mark.since,
        horizon=newest(store, stream),
        floor=mark.received,
    )


def _find(
    store: Store, stream: Stream, mark: Mark, stop: Callable[[], bool]
) -> tuple[int, int] | None:
    """Return cursor and count of the rows before the mark's; None when told to stop.

    Without that row (its chunk may mean nothing any more): before the first one received later.
    """
    cursor, passed = 0, 0
    later: tuple[int, int] | None = None
    while found := rows(store, stream, cursor, _AT_ONCE):
        if stop():
            return None
        for row in found:
            if mark.edge and edge_of(row) == mark.edge:
                return cursor, passed
            if later is None and received_of(row) >= mark.received:
                later = cursor, passed
            cursor, passed = cursor_of(row), passed + 1
        time.sleep(0.001)  # conversations with devices go first
    return later if later is not None else (cursor, passed)


def at_of(row: Row) -> int:
    """Return the row's own instant, in µs: of a reading, its corrected time."""
    if isinstance(row, Tailed):
        return micros(row.reading.at or row.reading.received)
    return micros(row.event.at)


def wanted(row: Row, mark: Mark) -> bool:
    """Tell whether the row is to be sent, as far as the mark says."""
    if mark.since is not None and at_of(row) < mark.since:
        return False
    return not (mark.horizon and cursor_of(row) <= mark.horizon and received_of(row) < mark.floor)


def oldest_waiting(store: Store, stream: Stream, mark: Mark) -> datetime | None:
    """Return when the first row that is not done with was received; None when all are."""
    found = rows(store, stream, mark.cursor, 1)
    return instant(received_of(found[0]) * 1000) if found else None
