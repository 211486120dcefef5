"""What only the old store still knows when a new one was decoded from a pruned journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Self

from mitmeter.model import Conversation, DeviceId, Fact, Severity
from mitmeter.store.batch import Batch, Clock, Closed, Known, Moment, Noted, Progress
from mitmeter.store.overview import clocks, conversations, events
from mitmeter.store.readings import COLUMNS, Builder, Names
from mitmeter.store.schema import QUANTITY_BITS, QUANTITY_MASK
from mitmeter.store.value import instant, micros


@dataclass(frozen=True, slots=True)
class Lost:
    """Which chunks the journal no longer has.

    opened:     the conversations whose opening was read anew.
    first_held: conversation → the first chunk whose messages were decoded anew.
    horizon:    when the oldest thing in the new store happened, in µs; None when it is empty.
    """

    opened: frozenset[str]
    first_held: Mapping[str, int]
    horizon: int | None

    @classmethod
    def of(cls, new: sqlite3.Connection) -> Self:
        """Find out from the new store what it was decoded from."""
        decoded = dict(
            new.execute(
                "SELECT conversation, min(seq) FROM moments"
                " WHERE conversation IS NOT NULL GROUP BY conversation"
            ).fetchall()
        )
        # A conversation whose beginning was pruned may begin with the end of a torn message: only
        # from the first reading on was everything decoded that can be.
        first_held = {
            str(name): first if first == 0 else max(first, decoded.get(number, first))
            for number, name, first in new.execute(
                "SELECT id, name, first_seq FROM conversations WHERE first_seq IS NOT NULL"
            )
        }
        opened = frozenset(
            str(name)
            for (name,) in new.execute("SELECT name FROM conversations WHERE protocol <> ''")
        )
        # An event with a chunk may tell of times long before it; the others tell of when they came.
        horizon = new.execute(
            "SELECT min(t) FROM (SELECT min(received) AS t FROM moments"
            " UNION ALL SELECT min(at) FROM events WHERE seq IS NULL)"
        ).fetchone()[0]
        return cls(opened, first_held, horizon)

    def chunk(self, conversation: str, seq: int | None, at: int) -> bool:
        """Tell whether the journal lost this chunk; without one, whether it lost that time."""
        if seq is None:
            return self.horizon is None or at < self.horizon
        held = self.first_held.get(conversation)
        return held is None or seq < held


def kept_moments(old: sqlite3.Connection, lost: Lost) -> Iterator[Moment]:
    """Yield the moments that only the old store has, in the order they came to it."""
    names = Names(old)
    builder = Builder(names)
    rows = old.execute(
        f"SELECT {COLUMNS}, m.fold FROM moments AS m CROSS JOIN readings AS r ON r.id"  # noqa: S608 - numbers only
        f" BETWEEN (m.id << {QUANTITY_BITS}) AND ((m.id << {QUANTITY_BITS}) | {QUANTITY_MASK})"
        " ORDER BY m.id, r.id"
    )
    for _, group in groupby(rows, key=_moment_number):
        parts = list(group)
        _, _, _, _, clock, _, at, received, conversation, seq, _, fold = parts[0]
        source = names.source(conversation, seq)
        if not lost.chunk(source.rpartition("/")[0], seq, received):
            continue
        readings = [builder.build(row[:-1]) for row in parts]
        yield Moment(readings, instant(at), Clock(clock), fold, source, kept=True)


def _moment_number(row: tuple[Any, ...]) -> int:
    return int(row[0]) >> QUANTITY_BITS


def kept_conversations(old: sqlite3.Connection, lost: Lost) -> Batch:
    """Return the openings, counts and closings of the conversations that only the old store has."""
    opened: list[Conversation] = []
    progress: list[Progress] = []
    closed: list[Closed] = []
    for each in conversations(old, None, None, None, None):
        name = each.conversation.id
        if name in lost.opened:
            continue
        opened.append(each.conversation)
        if name in lost.first_held:
            continue  # goes on in the new store, which has counted what is left of it
        if each.first_seq is not None:
            progress.append(
                Progress(name, each.first_seq, each.chunks, each.device_bytes, each.headend_bytes)
            )
        if each.closed_ns is not None:
            closed.append(Closed(name, each.reason, each.closed_ns))
    return Batch("", opened=opened, progress=progress, closed=closed)


def kept_events(old: sqlite3.Connection, lost: Lost) -> list[Noted]:
    """Return the events that only the old store has."""
    found: list[Noted] = []
    for each in events(old, None, None, None, "", Severity.INFO, None):
        seq = int(each.source.rpartition("/")[2]) if each.source else None
        if lost.chunk(each.conversation, seq, micros(each.event.at)):
            found.append(Noted(each.event, each.station, each.conversation, each.source))
    return found


def kept_facts(old: sqlite3.Connection, new: sqlite3.Connection) -> list[Known]:
    """Return the facts whose names the new store has not heard of."""
    sql = (
        "SELECT d.name, f.name, f.value, f.private, f.at, f.source FROM facts AS f"
        " JOIN devices AS d ON d.id = f.device ORDER BY d.name, f.name"
    )
    held = {(row[0], row[1]) for row in new.execute(sql)}
    return [
        Known(Fact(DeviceId.parse(device), name, value, bool(private)), instant(at), source)
        for device, name, value, private, at, source in old.execute(sql)
        if (device, name) not in held
    ]


def kept_clocks(old: sqlite3.Connection, new: sqlite3.Connection) -> dict[DeviceId, str]:
    """Return the clocks of devices the new store has not met."""
    met = clocks(new)
    return {device: state for device, state in clocks(old).items() if device not in met}
