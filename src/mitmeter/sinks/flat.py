"""Events and readings as flat JSON: one object, fixed names, fixed types, one line, ASCII only.

The event's form is the one cowrie made usual for honeypots, so that what reads those reads these:
`eventid`, `timestamp`, `sensor`, `session`, `src_ip`, `message`, and the event's own fields.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from mitmeter.model import Reading, quantity
from mitmeter.sinks.sink import Occurrence

Flat = dict[str, str | int | float | bool | Decimal | list[str] | list[int]]


def flat_event(
    occurrence: Occurrence, sensor: str, listening: Mapping[str, tuple[str, int]] | None = None
) -> Flat:
    """Return the flat form of an event. A name without a value is left out.

    listening: station → address and port it listens on, for `dst_ip` and `dst_port`; "" where it
               listens on every address.
    """
    event = occurrence.event
    flat: Flat = {
        "eventid": event.eventid,
        "timestamp": utc_text(event.at),
        "sensor": sensor,
        "severity": str(event.severity),
        "message": event.message,
    }
    source_ip, source_port = split_address(occurrence.peer)
    to_ip, to_port = (listening or {}).get(occurrence.station, ("", 0))
    named: dict[str, str | int] = {
        "session": occurrence.conversation,
        "station": occurrence.station,
        "protocol": occurrence.protocol,
        "role": occurrence.role,
        "device": "" if event.device is None else str(event.device),
        "src_ip": source_ip,
        "src_port": source_port,
        "dst_ip": to_ip if occurrence.conversation else "",
        "dst_port": to_port if occurrence.conversation else 0,
        "source": occurrence.source,
    }
    # The event's own fields come behind, so that none of them can pose as one of the fixed names.
    for name, value in event.fields.items():
        flat.setdefault(name, list(value) if isinstance(value, tuple) else value)  # type: ignore[arg-type]  # a tuple of one kind
    flat.update({name: value for name, value in named.items() if value})
    return flat


def flat_reading(reading: Reading, sensor: str) -> Flat:
    """Return the flat form of a reading; its value a number with every digit, or a state's text."""
    flat: Flat = {
        "eventid": "mitmeter.reading",
        "timestamp": utc_text(reading.at or reading.received),
        "sensor": sensor,
        "device": str(reading.device),
        "quantity": reading.quantity,
        "value": reading.value,
        "unit": quantity(reading.quantity).unit,
        "received": utc_text(reading.received),
        "origin": str(reading.origin),
        "source": reading.source,
    }
    if reading.reported is not None:
        flat["reported"] = reading.reported.isoformat()
    return flat


def split_address(peer: str) -> tuple[str, int]:
    """Return address and port of `host:port`, ("", 0) for what is neither."""
    host, colon, port = peer.rpartition(":")
    if not colon or not port.isdecimal() or not port.isascii():
        return "", 0
    return host.removeprefix("[").removesuffix("]"), int(port)


def utc_text(at: datetime) -> str:
    """Return an aware instant as `2026-11-20T10:15:03.123456Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def json_line(flat: Mapping[str, object]) -> str:
    """Return JSON on one line, ASCII only; a Decimal keeps its digits, no number becomes null."""
    return "{" + ",".join(f"{json.dumps(str(k))}:{_json(v)}" for k, v in flat.items()) + "}"


def _json(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    if isinstance(value, Mapping):
        return json_line(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value)
