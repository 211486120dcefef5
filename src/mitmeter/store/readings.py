"""Reading readings: the latest, those of a time span, and those since a cursor."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mitmeter.model import DeviceId, Origin, Reading
from mitmeter.store.batch import Clock
from mitmeter.store.schema import LIVE, QUANTITY_BITS, QUANTITY_MASK, SYNTHETIC
from mitmeter.store.value import instant, micros, unpack, wall

COLUMNS = (
    "r.id, r.value, r.exponent,"
    " m.device, m.clock, m.key, m.at, m.received, m.conversation, m.seq, m.flags"
)
_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Tailed:
    """A reading and its cursor: give the cursor to `tail` to get what came after it."""

    cursor: int
    reading: Reading


class Names:
    """Numbers of devices, quantities and conversations back to their names, remembered."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._devices: dict[int, DeviceId] = {}
        self._quantities: dict[int, str] = {}
        self._conversation: tuple[int, str] = (0, "")

    def device(self, number: int) -> DeviceId:
        found = self._devices.get(number)
        if found is None:
            found = DeviceId.parse(self._name("devices", number))
            self._devices[number] = found
        return found

    def quantity(self, number: int) -> str:
        found = self._quantities.get(number)
        if found is None:
            found = self._quantities[number] = self._name("quantities", number)
        return found

    def source(self, conversation: int | None, seq: int | None) -> str:
        """Return a chunk's id, or "" for what came from none."""
        if conversation is None or seq is None:
            return ""
        if self._conversation[0] != conversation:
            self._conversation = (conversation, self._name("conversations", conversation))
        return f"{self._conversation[1]}/{seq}"

    def _name(self, table: str, number: int) -> str:
        found = self._db.execute(
            f"SELECT name FROM {table} WHERE id = ?",  # noqa: S608 - table names are ours
            (number,),
        ).fetchone()
        return str(found[0])


class Builder:
    """Rows of COLUMNS → readings. Those of one moment come together, so its part is made once."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._moment = 0

    def build(self, row: tuple[Any, ...]) -> Reading:
        cursor, value, exponent = row[:3]
        if cursor >> QUANTITY_BITS != self._moment:
            self._enter(row)
        return Reading(
            device=self._device,
            quantity=self._names.quantity(cursor & QUANTITY_MASK),
            value=unpack(value, exponent),
            received=self._received,
            reported=self._reported,
            live=self._live,
            at=self._at,
            origin=self._origin,
            source=self._source,
        )

    def _enter(self, row: tuple[Any, ...]) -> None:
        cursor, _, _, device, clock, key, at, received, conversation, seq, flags = row
        self._moment = cursor >> QUANTITY_BITS
        self._device = self._names.device(device)
        self._reported = reported(Clock(clock), key)
        self._at = instant(at)
        self._received = instant(received)
        self._live = bool(flags & LIVE)
        self._origin = Origin.SYNTHETIC if flags & SYNTHETIC else Origin.OBSERVED
        self._source = self._names.source(conversation, seq)


def reported(clock: Clock, key: int) -> datetime | None:
    """Return the device's own time as it was in the reading."""
    match clock:
        case Clock.LOCAL | Clock.UNSET_LOCAL:
            return wall(key)
        case Clock.UTC | Clock.UNSET_UTC:
            return instant(key)
        case Clock.RECEIVED:
            return None


def select(
    db: sqlite3.Connection,
    names: Names,
    device: DeviceId | None,
    quantity: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
) -> Iterator[Reading]:
    """Yield readings with since ≤ at < until, oldest first; with a limit, the newest so many."""
    span = (
        -_FOREVER if since is None else micros(since),
        _FOREVER if until is None else micros(until),
    )
    wanted = None if quantity is None else quantity_numbers(db, quantity)
    newest_first = limit is not None
    # The union of one ordered walk per device: an index over all devices would only serve this.
    walks = [
        _walk(db, number, wanted, span, newest_first=newest_first)
        for number in _device_numbers(db, device)
    ]
    rows = heapq.merge(*walks, key=lambda row: (row[6], row[0]), reverse=newest_first)
    builder = Builder(names)
    if limit is None:
        return map(builder.build, rows)
    newest = [row for _, row in zip(range(limit), rows, strict=False)]
    return map(builder.build, reversed(newest))


def _walk(
    db: sqlite3.Connection,
    device: int,
    wanted: list[int] | None,
    span: tuple[int, int],
    *,
    newest_first: bool,
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of one device in order of time; `wanted` None is every quantity."""
    since, until = _narrow(db, device, wanted, span)
    if wanted is not None and len(wanted) == 1:
        match = f"r.id = (m.id << {QUANTITY_BITS}) | {wanted[0]:d}"
    else:
        base = f"m.id << {QUANTITY_BITS}"
        match = f"r.id BETWEEN ({base}) AND (({base}) | {QUANTITY_MASK})"
        if wanted is not None:
            match += f" AND (r.id & {QUANTITY_MASK}) IN ({','.join(map(str, wanted))})"
    order = "DESC" if newest_first else "ASC"
    yield from db.execute(
        # CROSS JOIN keeps the moments outside: their index gives the order and the span.
        f"SELECT {COLUMNS} FROM moments AS m INDEXED BY moments_at"  # noqa: S608 - numbers only
        f" CROSS JOIN readings AS r ON {match}"
        f" WHERE m.device = ? AND m.at >= ? AND m.at < ? ORDER BY m.at {order}, r.id {order}",
        (device, since, until),
    )


def _narrow(
    db: sqlite3.Connection, device: int, wanted: list[int] | None, span: tuple[int, int]
) -> tuple[int, int]:
    """Cut the span to where the wanted quantities lie, so that one that ended is found at once."""
    if wanted is None:
        return span
    first, last = db.execute(
        "SELECT min(first_at), max(latest_at) FROM series WHERE device = ?"  # noqa: S608 - numbers only
        f" AND quantity IN ({','.join(map(str, wanted))})",
        (device,),
    ).fetchone()
    if first is None:
        return (0, 0)
    return max(span[0], first), min(span[1], last + 1)


def latest(
    db: sqlite3.Connection, names: Names, device: DeviceId | None, quantity: str | None
) -> list[Reading]:
    """Return the newest reading (greatest `at`) of each series, by device and quantity name."""
    wanted = None if quantity is None else quantity_numbers(db, quantity)
    sql = (
        f"SELECT {COLUMNS} FROM series AS s JOIN readings AS r ON r.id = s.latest"  # noqa: S608 - numbers only
        f" JOIN moments AS m ON m.id = s.latest >> {QUANTITY_BITS} WHERE s.device = ?"
    )
    if wanted is not None:
        sql += f" AND s.quantity IN ({','.join(map(str, wanted))})"
    builder = Builder(names)
    found = [
        builder.build(row)
        for number in _device_numbers(db, device)
        for row in db.execute(sql, (number,))
    ]
    return sorted(found, key=lambda reading: (str(reading.device), reading.quantity))


def tail(db: sqlite3.Connection, names: Names, cursor: int, limit: int) -> list[Tailed]:
    """Return at most `limit` readings that came into the store after the cursor, in that order."""
    builder = Builder(names)
    rows = db.execute(
        f"SELECT {COLUMNS} FROM readings AS r JOIN moments AS m ON m.id = r.id >> {QUANTITY_BITS}"  # noqa: S608 - numbers only
        " WHERE r.id > ? ORDER BY r.id LIMIT ?",
        (cursor, limit),
    )
    return [Tailed(row[0], builder.build(row)) for row in rows]


def quantity_numbers(db: sqlite3.Connection, pattern: str) -> list[int]:
    """Return the numbers of a quantity by its name, or by the name's beginning followed by `*`."""
    prefix = pattern.removesuffix("*")
    if prefix == pattern:
        rows = db.execute("SELECT id FROM quantities WHERE name = ?", (pattern,))
    else:
        rows = db.execute(
            "SELECT id FROM quantities WHERE substr(name, 1, ?) = ?", (len(prefix), prefix)
        )
    return [int(row[0]) for row in rows]


def _device_numbers(db: sqlite3.Connection, device: DeviceId | None) -> list[int]:
    if device is None:
        return [int(row[0]) for row in db.execute("SELECT id FROM devices ORDER BY name")]
    return [
        int(row[0]) for row in db.execute("SELECT id FROM devices WHERE name = ?", (str(device),))
    ]
