"""Rows as text that outlives the store: what a dead letter holds, and a name for each row."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from mitmeter.model import DeviceId, Event, Origin, Reading, Severity, nanoseconds
from mitmeter.sinks.sink import Occurrence


def reading_row(reading: Reading) -> str:
    """Return the whole reading as JSON; `reading_of` gives it back, equal."""
    value = reading.value
    return json.dumps(
        {
            "device": str(reading.device),
            "quantity": reading.quantity,
            "state" if isinstance(value, str) else "value": str(value),
            "received": reading.received.isoformat(),
            "reported": None if reading.reported is None else reading.reported.isoformat(),
            "live": reading.live,
            "at": None if reading.at is None else reading.at.isoformat(),
            "origin": str(reading.origin),
            "source": reading.source,
        }
    )


def reading_of(row: str) -> Reading:
    held: dict[str, Any] = json.loads(row)
    return Reading(
        device=DeviceId.parse(held["device"]),
        quantity=held["quantity"],
        value=held["state"] if "state" in held else Decimal(held["value"]),
        received=datetime.fromisoformat(held["received"]),
        reported=_moment(held["reported"]),
        live=held["live"],
        at=_moment(held["at"]),
        origin=Origin(held["origin"]),
        source=held["source"],
    )


def occurrence_row(occurrence: Occurrence) -> str:
    """Return the whole event as JSON; `occurrence_of` gives it back, equal."""
    event = occurrence.event
    return json.dumps(
        {
            "eventid": event.eventid,
            "at": event.at.isoformat(),
            "message": event.message,
            "severity": str(event.severity),
            "device": None if event.device is None else str(event.device),
            "fields": dict(event.fields),
            "number": occurrence.number,
            "station": occurrence.station,
            "conversation": occurrence.conversation,
            "source": occurrence.source,
            "protocol": occurrence.protocol,
            "role": occurrence.role,
            "peer": occurrence.peer,
        }
    )


def occurrence_of(row: str) -> Occurrence:
    held: dict[str, Any] = json.loads(row)
    device = held.pop("device")
    event = Event(
        held.pop("eventid"),
        datetime.fromisoformat(held.pop("at")),
        held.pop("message"),
        Severity(held.pop("severity")),
        None if device is None else DeviceId.parse(device),
        {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in held.pop("fields").items()
        },
    )
    return Occurrence(event=event, **held)


def event_edge(event: Event, station: str, conversation: str, source: str) -> str:
    """Return a name of an event that is the same in a store made again from the journal."""
    return f"{micros(event.at)}|{event.eventid}|{station}|{conversation}|{source}"


def micros(at: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970."""
    return nanoseconds(at) // 1000


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
