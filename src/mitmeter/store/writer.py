"""The one writer: a batch is one transaction, and no reading is held twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mitmeter.model import CATALOGUE, DeviceId, Origin, Reading, quantity
from mitmeter.store.batch import Applied, Batch, Clock, Closed, Known, Moment, Noted, Progress
from mitmeter.store.integral import Integrals, estimated_from
from mitmeter.store.rollups import Rollups
from mitmeter.store.schema import KEPT, LIVE, QUANTITY_BITS, QUANTITY_MASK, SYNTHETIC
from mitmeter.store.value import Columns, micros, pack, storable

MAX_QUANTITIES = 65_536
"""Names of quantities outside the catalogue: peers invent them, so there has to be an end."""

_MAX_CACHED = 50_000

_Row = tuple[int, int | str, int | None]

_ADD_MOMENT = """
    INSERT INTO moments (id, device, clock, key, fold, part, at, received, conversation, seq, flags)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (device, clock, key, fold, part) DO NOTHING"""

_ADD_READING = "INSERT INTO readings (id, value, exponent) VALUES (?, ?, ?)"

_COUNT_SERIES = """
    INSERT INTO series (device, quantity, readings, first_at, latest_at, latest)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (device, quantity) DO UPDATE SET
        readings = readings + excluded.readings,
        first_at = min(first_at, excluded.first_at),
        latest = CASE WHEN excluded.latest_at >= latest_at THEN excluded.latest ELSE latest END,
        latest_at = max(latest_at, excluded.latest_at)"""

_OPEN = """
    INSERT INTO conversations
        (name, protocol, role, station, peer, upstream, opened_ns, synthetic)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET
        protocol = excluded.protocol, role = excluded.role, station = excluded.station,
        peer = excluded.peer, upstream = excluded.upstream, opened_ns = excluded.opened_ns,
        synthetic = excluded.synthetic"""

_PROGRESS = """
    UPDATE conversations SET
        chunks = chunks + ?, device_bytes = device_bytes + ?, headend_bytes = headend_bytes + ?,
        first_seq = min(coalesce(first_seq, ?), ?)
    WHERE id = ?"""


@dataclass(slots=True)
class _Tally:
    """What one batch adds to one series."""

    readings: int
    first_at: int
    latest_at: int
    latest: int

    def columns(self) -> tuple[int, int, int, int]:
        return self.readings, self.first_at, self.latest_at, self.latest


@dataclass(slots=True)
class _Work:
    """What one batch has gathered and not yet told SQLite."""

    rows: list[_Row] = field(default_factory=list)
    series: dict[int, _Tally] = field(default_factory=dict)
    seen: dict[int, list[int]] = field(default_factory=dict)
    new: int = 0
    doubled: int = 0
    refused: int = 0


class Writer:
    """Applies batches over one connection in autocommit mode; nobody else may write to the file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._forget()

    def _forget(self) -> None:
        newest = self._db.execute("SELECT max(id) FROM moments").fetchone()[0]
        self._next = 1 if newest is None else int(newest) + 1
        self._devices: dict[DeviceId, int] = {}
        self._conversations: dict[str, int] = {}
        self._quantities: dict[str, int] = {
            str(name): int(number)
            for number, name in self._db.execute("SELECT id, name FROM quantities")
        }
        self._estimates: dict[int, str] = {
            number: estimate
            for name, number in self._quantities.items()
            if (estimate := estimated_from(name)) is not None
        }
        self._rollups = Rollups(self._db)
        self._integrals = Integrals(self._db)

    def apply(self, batch: Batch) -> Applied:
        """Commit the batch, all of it or, when this raises (sqlite3.Error), nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            work = self._write(batch)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._forget()
            raise
        return Applied(work.new, work.doubled, work.refused, self._cursor())

    def settle(self, quarters: int) -> int:
        """Sum up at most so many stale quarters of an hour; return how many are left."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            left = self._rollups.settle(quarters)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return left

    def _write(self, batch: Batch) -> _Work:
        for one in batch.opened:
            names = (one.id, one.protocol, one.role, one.station, one.peer, one.upstream)
            self._db.execute(_OPEN, (*names, one.opened_ns, one.synthetic))
        work = _Work()
        for moment in batch.moments:
            self._moment(moment, work)
        self._flush(work)
        self._integrals.commit()
        self._rollups.commit(work.new)
        self._events(batch.events)
        self._facts(batch.facts)
        self._progress(batch.progress)
        for each in batch.pending:
            self._pending(each.conversation, each.stream, each.data)
        self._db.executemany(
            "INSERT OR REPLACE INTO clocks (device, state) VALUES (?, ?)",
            ((str(device), state) for device, state in batch.clocks.items()),
        )
        self._close(batch.closed)
        if batch.position:
            self._db.execute(
                "INSERT OR REPLACE INTO meta (name, value) VALUES ('position', ?)",
                (batch.position,),
            )
        return work

    def _cursor(self) -> int:
        newest = self._db.execute("SELECT max(id) FROM readings").fetchone()[0]
        return 0 if newest is None else int(newest)

    # --- readings ---------------------------------------------------------------------------------

    def _moment(self, moment: Moment, work: _Work) -> None:
        if not moment.readings:
            return
        first = moment.readings[0]
        received = micros(first.received)
        reported = first.reported
        key = received if reported is None or moment.clock is Clock.RECEIVED else micros(reported)
        device = self._device(first.device, received, work)
        conversation, seq = self._source(moment.source)
        flags = (
            (LIVE if first.live else 0)
            | (SYNTHETIC if first.origin is Origin.SYNTHETIC else 0)
            | (KEPT if moment.kept else 0)
        )
        at = micros(moment.at)
        values = self._values(moment.readings, work)
        if not values:
            return
        identity = (device, int(moment.clock), key, moment.fold)
        rest = (at, received, conversation, seq, flags)
        if not self._db.execute(_ADD_MOMENT, (self._next, *identity, 0, *rest)).rowcount:
            part = self._drop_held(identity, values, work)
            if not values:
                return
            self._db.execute(_ADD_MOMENT, (self._next, *identity, part, *rest))
        work.new += len(values)
        if self._estimates and not moment.kept:
            self._estimate(device, at, values, live=first.live)
        self._rollups.note(device, at, received)
        self._add(device, at, values, work)

    def _estimate(self, device: int, at: int, values: dict[int, Columns], *, live: bool) -> None:
        """Add the energy that follows from powers without a counter."""
        for number in [each for each in values if each in self._estimates]:
            found = self._integrals.step(device, number, at, values[number], live=live)
            name = self._estimates[number]
            estimate = self._quantities.get(name) or self._new_quantity(name)
            if found is not None and estimate:
                values.setdefault(estimate, found)

    def _values(self, readings: Sequence[Reading], work: _Work) -> dict[int, Columns]:
        """Return quantity → columns; of a quantity said twice in one message the first counts."""
        values: dict[int, Columns] = {}
        known = self._quantities
        for reading in readings:
            number = known.get(reading.quantity) or self._new_quantity(reading.quantity)
            if number == 0:
                work.refused += 1
            elif number in values:
                work.doubled += 1
            else:
                values[number] = pack(reading.value)
        return values

    def _drop_held(
        self, identity: tuple[int, int, int, int], values: dict[int, Columns], work: _Work
    ) -> int:
        """Take out of `values` what earlier parts of this moment hold; return their number."""
        self._flush_rows(work)
        parts = self._db.execute(
            "SELECT id FROM moments WHERE device = ? AND clock = ? AND key = ? AND fold = ?",
            identity,
        ).fetchall()
        for (part,) in parts:
            base = part << QUANTITY_BITS
            held = self._db.execute(
                "SELECT id FROM readings WHERE id BETWEEN ? AND ?", (base, base | QUANTITY_MASK)
            )
            for (cursor,) in held.fetchall():
                if values.pop(cursor & QUANTITY_MASK, None) is not None:
                    work.doubled += 1
        return len(parts)

    def _add(self, device: int, at: int, values: dict[int, Columns], work: _Work) -> None:
        base = self._next << QUANTITY_BITS
        self._next += 1
        series = work.series
        prefix = device << QUANTITY_BITS
        for number, (value, exponent) in values.items():
            cursor = base | number
            work.rows.append((cursor, value, exponent))
            tally = series.get(prefix | number)
            if tally is None:
                series[prefix | number] = _Tally(1, at, at, cursor)
                continue
            tally.readings += 1
            if at >= tally.latest_at:
                tally.latest_at, tally.latest = at, cursor
            elif at < tally.first_at:
                tally.first_at = at

    def _flush_rows(self, work: _Work) -> None:
        self._db.executemany(_ADD_READING, work.rows)
        work.rows.clear()

    def _flush(self, work: _Work) -> None:
        self._flush_rows(work)
        self._db.executemany(
            _COUNT_SERIES,
            (
                (key >> QUANTITY_BITS, key & QUANTITY_MASK, *tally.columns())
                for key, tally in work.series.items()
            ),
        )
        self._db.executemany(
            "UPDATE devices SET first_seen = min(first_seen, ?), last_seen = max(last_seen, ?)"
            " WHERE id = ?",
            ((first, last, device) for device, (first, last) in work.seen.items()),
        )

    # --- names and their numbers ------------------------------------------------------------------

    def _device(self, device: DeviceId, received: int, work: _Work) -> int:
        number = self._devices.get(device)
        if number is None:
            number = self._new_device(device, received)
        seen = work.seen.get(number)
        if seen is None:
            work.seen[number] = [received, received]
        elif received > seen[1]:
            seen[1] = received
        elif received < seen[0]:
            seen[0] = received
        return number

    def _new_device(self, device: DeviceId, seen: int) -> int:
        self._db.execute(
            "INSERT OR IGNORE INTO devices (name, first_seen, last_seen) VALUES (?, ?, ?)",
            (str(device), seen, seen),
        )
        number = self._number_of("devices", str(device))
        if len(self._devices) >= _MAX_CACHED:
            self._devices.clear()
        self._devices[device] = number
        return number

    def _new_quantity(self, name: str) -> int:
        """Return the number of a quantity met for the first time, 0 when there are too many."""
        if name not in CATALOGUE and len(self._quantities) >= MAX_QUANTITIES:
            return 0
        known, held_as = quantity(name), storable(name)
        self._db.execute(
            "INSERT OR IGNORE INTO quantities (name, unit, kind) VALUES (?, ?, ?)",
            (held_as, known.unit, known.kind.value),
        )
        number = self._number_of("quantities", held_as)
        self._quantities[name] = number
        estimate = estimated_from(name)
        if estimate is not None:
            self._estimates[number] = estimate
        return number

    def _conversation(self, name: str) -> int:
        """Return a conversation's number, also of one whose opening the journal no longer holds."""
        number = self._conversations.get(name)
        if number is None:
            self._db.execute("INSERT OR IGNORE INTO conversations (name) VALUES (?)", (name,))
            number = self._number_of("conversations", name)
            if len(self._conversations) >= _MAX_CACHED:
                self._conversations.clear()
            self._conversations[name] = number
        return number

    def _number_of(self, table: str, name: str) -> int:
        found = self._db.execute(
            f"SELECT id FROM {table} WHERE name = ?",  # noqa: S608 - table names are ours
            (name,),
        ).fetchone()
        return int(found[0])

    def _source(self, source: str) -> tuple[int | None, int | None]:
        conversation, _, seq = source.rpartition("/")
        if not conversation:
            return None, None
        return self._conversation(conversation), int(seq)

    # --- the rest ---------------------------------------------------------------------------------

    def _events(self, events: Iterable[Noted]) -> None:
        for each in events:
            event = each.event
            conversation, seq = self._source(each.source)
            if conversation is None and each.conversation:
                conversation = self._conversation(each.conversation)
            self._db.execute(
                "INSERT INTO events (eventid, at, severity, device, station, conversation, seq,"
                " message, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    event.eventid,
                    micros(event.at),
                    event.severity.value,
                    None if event.device is None else str(event.device),
                    each.station,
                    conversation,
                    seq,
                    storable(event.message),
                    json.dumps(dict(event.fields)),
                ),
            )

    def _facts(self, facts: Iterable[Known]) -> None:
        for each in facts:
            fact, at = each.fact, micros(each.at)
            number = self._devices.get(fact.device) or self._new_device(fact.device, at)
            self._db.execute(
                "INSERT OR REPLACE INTO facts (device, name, value, private, at, source)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (number, storable(fact.name), storable(fact.value), fact.private, at, each.source),
            )

    def _progress(self, progress: Iterable[Progress]) -> None:
        for each in progress:
            self._db.execute(
                _PROGRESS,
                (
                    each.chunks,
                    each.device_bytes,
                    each.headend_bytes,
                    each.first_seq,
                    each.first_seq,
                    self._conversation(each.conversation),
                ),
            )

    def _pending(self, conversation: str, stream: str, data: bytes) -> None:
        number = self._conversation(conversation)
        if data:
            self._db.execute(
                "INSERT OR REPLACE INTO pending (conversation, stream, data) VALUES (?, ?, ?)",
                (number, stream, data),
            )
        else:
            self._db.execute(
                "DELETE FROM pending WHERE conversation = ? AND stream = ?", (number, stream)
            )

    def _close(self, closed: Iterable[Closed]) -> None:
        for each in closed:
            number = self._conversation(each.conversation)
            self._db.execute(
                "UPDATE conversations SET closed_ns = ?, reason = ? WHERE id = ?",
                (each.closed_ns, storable(each.reason), number),
            )
            self._db.execute("DELETE FROM pending WHERE conversation = ?", (number,))
            self._conversations.pop(each.conversation, None)
