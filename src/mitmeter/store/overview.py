"""Reading what is known beside the readings: devices, series, facts, events, conversations."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from mitmeter.model import Conversation, DeviceId, Event, Field, Quantity, Severity, quantity
from mitmeter.store.batch import Pending
from mitmeter.store.value import instant, micros, unpack

_EVENTS = (
    "SELECT e.id, e.eventid, e.at, e.severity, e.device, e.station, c.name, e.seq, e.message,"
    " e.fields FROM events AS e LEFT JOIN conversations AS c ON c.id = e.conversation"
)
_RANK = {severity.value: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """One device. facts: the public ones. skew: its clock minus the true time, in seconds."""

    device: DeviceId
    first_seen: datetime
    last_seen: datetime
    readings: int
    facts: Mapping[str, str]
    skew: Decimal | None


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity of one device; first_at and latest_at are corrected times."""

    device: DeviceId
    quantity: Quantity
    readings: int
    first_at: datetime
    latest_at: datetime


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as held; `number` grows, and is the cursor of those who follow events."""

    number: int
    event: Event
    station: str
    conversation: str
    source: str


@dataclass(frozen=True, slots=True)
class RecordedConversation:
    """A conversation as far as the journal was read.

    closed_ns: None while it goes on.
    first_seq: the first chunk that was read, None before it; above 0 where the journal was pruned.
    """

    conversation: Conversation
    closed_ns: int | None
    reason: str
    device_bytes: int
    headend_bytes: int
    chunks: int
    first_seq: int | None


def devices(db: sqlite3.Connection) -> list[KnownDevice]:
    """Return every device, by name."""
    rows = db.execute(
        "SELECT id, name, first_seen, last_seen,"
        " (SELECT coalesce(sum(readings), 0) FROM series WHERE series.device = devices.id)"
        " FROM devices ORDER BY name"
    ).fetchall()
    skews = _skews(db)
    return [
        KnownDevice(
            DeviceId.parse(name),
            instant(first),
            instant(last),
            count,
            _facts(db, number, public_only=True),
            skews.get(number),
        )
        for number, name, first, last, count in rows
    ]


def _skews(db: sqlite3.Connection) -> dict[int, Decimal]:
    rows = db.execute(
        "SELECT s.device, r.value, r.exponent FROM quantities AS q"
        " JOIN series AS s ON s.quantity = q.id JOIN readings AS r ON r.id = s.latest"
        " WHERE q.name = 'clock.skew'"
    )
    return {
        device: value for device, *columns in rows if isinstance(value := unpack(*columns), Decimal)
    }


def series(db: sqlite3.Connection) -> list[Series]:
    """Return every series, by device and quantity name."""
    rows = db.execute(
        "SELECT d.name, q.name, s.readings, s.first_at, s.latest_at FROM series AS s"
        " JOIN devices AS d ON d.id = s.device JOIN quantities AS q ON q.id = s.quantity"
        " ORDER BY d.name, q.name"
    )
    return [
        Series(DeviceId.parse(device), quantity(name), count, instant(first), instant(last))
        for device, name, count, first, last in rows
    ]


def facts(db: sqlite3.Connection, device: DeviceId) -> dict[str, str]:
    """Return the device's facts by name, the private ones among them."""
    row = db.execute("SELECT id FROM devices WHERE name = ?", (str(device),)).fetchone()
    return {} if row is None else _facts(db, row[0], public_only=False)


def _facts(db: sqlite3.Connection, number: int, *, public_only: bool) -> dict[str, str]:
    return dict(
        db.execute(
            "SELECT name, value FROM facts WHERE device = ? AND private <= ? ORDER BY name",
            (number, not public_only),
        ).fetchall()
    )


def fact(db: sqlite3.Connection, device: DeviceId, name: str) -> str | None:
    """Return the latest fact of that name, or None."""
    row = db.execute(
        "SELECT value FROM facts JOIN devices ON devices.id = facts.device"
        " WHERE devices.name = ? AND facts.name = ?",
        (str(device), name),
    ).fetchone()
    return None if row is None else str(row[0])


def events(
    db: sqlite3.Connection,
    since: datetime | None,
    until: datetime | None,
    device: DeviceId | None,
    eventid: str,
    severity: Severity,
    limit: int | None,
) -> list[RecordedEvent]:
    """Return events, oldest first; with a limit, the newest so many."""
    wanted = [name for name, rank in _RANK.items() if rank >= _RANK[severity.value]]
    where = ["substr(e.eventid, 1, ?) = ?", f"e.severity IN ({','.join('?' * len(wanted))})"]
    values: list[int | str] = [len(eventid), eventid, *wanted]
    if since is not None:
        where.append("e.at >= ?")
        values.append(micros(since))
    if until is not None:
        where.append("e.at < ?")
        values.append(micros(until))
    if device is not None:
        where.append("e.device = ?")
        values.append(str(device))
    rows = db.execute(
        f"{_EVENTS} WHERE {' AND '.join(where)} ORDER BY e.at DESC, e.id DESC LIMIT ?",
        (*values, -1 if limit is None else limit),
    ).fetchall()
    return [_event(*row) for row in reversed(rows)]


def tail_events(db: sqlite3.Connection, number: int, limit: int) -> list[RecordedEvent]:
    """Return at most `limit` events that came into the store after that number, in that order."""
    rows = db.execute(f"{_EVENTS} WHERE e.id > ? ORDER BY e.id LIMIT ?", (number, limit))
    return [_event(*row) for row in rows]


def _event(
    number: int,
    eventid: str,
    at: int,
    severity: str,
    device: str | None,
    station: str,
    conversation: str | None,
    seq: int | None,
    message: str,
    fields: str,
) -> RecordedEvent:
    flat: dict[str, Field] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(fields).items()
    }
    event = Event(
        eventid,
        instant(at),
        message,
        Severity(severity),
        None if device is None else DeviceId.parse(device),
        flat,
    )
    source = "" if conversation is None or seq is None else f"{conversation}/{seq}"
    return RecordedEvent(number, event, station, conversation or "", source)


def conversations(
    db: sqlite3.Connection,
    since: datetime | None,
    until: datetime | None,
    station: str | None,
    limit: int | None,
) -> list[RecordedConversation]:
    """Return conversations open at some time of [since, until), by the time they opened."""
    where = ["protocol <> ''"]  # a name without its opening is only a source of readings
    values: list[int | str] = []
    if since is not None:
        where.append("coalesce(closed_ns, ?) >= ?")
        values += [2**62, micros(since) * 1000]
    if until is not None:
        where.append("opened_ns < ?")
        values.append(micros(until) * 1000)
    if station is not None:
        where.append("station = ?")
        values.append(station)
    rows = db.execute(
        "SELECT name, protocol, role, station, peer, opened_ns, upstream, synthetic, closed_ns,"  # noqa: S608 - fixed clauses
        " reason, device_bytes, headend_bytes, chunks, first_seq FROM conversations"
        f" WHERE {' AND '.join(where)} ORDER BY opened_ns DESC, name DESC LIMIT ?",
        (*values, -1 if limit is None else limit),
    ).fetchall()
    return [
        RecordedConversation(replace(Conversation(*row[:7]), synthetic=bool(row[7])), *row[8:])
        for row in reversed(rows)
    ]


def pending(db: sqlite3.Connection) -> list[Pending]:
    """Return the bytes that codecs still held when the last batch was committed."""
    rows = db.execute(
        "SELECT c.name, p.stream, p.data FROM pending AS p"
        " JOIN conversations AS c ON c.id = p.conversation ORDER BY c.name, p.stream"
    )
    return [Pending(name, stream, bytes(data)) for name, stream, data in rows]


def clocks(db: sqlite3.Connection) -> dict[DeviceId, str]:
    """Return the clock book's state of each device."""
    return {
        DeviceId.parse(name): str(state)
        for name, state in db.execute("SELECT device, state FROM clocks ORDER BY device")
    }
