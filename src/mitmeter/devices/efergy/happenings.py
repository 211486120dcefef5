"""Messages → events: what key checks, odd lines, stored data and strange requests tell, in words.

Peer text is made printable; hashes and keys never get here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mitmeter.devices.efergy.messages import Bulk, KeyCheck, Odd, Reply, Strange
from mitmeter.model import DeviceId, Event, Field, Severity, printable

_MOST_HEX = 64
_MOST_SHOWN = 8


def key_checked(message: KeyCheck, device: DeviceId | None, at: datetime) -> Event:
    ts = printable(message.query("ts"), 16)
    clock = "its clock is not set yet" if ts.strip("0") == "" else f"its clock says {ts}"
    text = f"the hub has started and checks its key; {clock}"
    return _event("key.checked", text, device, at, {"device_time": ts})


def key_asked(device: DeviceId | None, at: datetime) -> Event:
    return _event("key.asked", "the hub asks for a key", device, at)


def nameless(host: str, at: datetime) -> Event:
    shown = printable(host, 80)
    text = f"the host name {shown!r} tells no MAC address; each sensor counts as its own device"
    return _event("hub.unknown", text, None, at, {"host": shown}, Severity.NOTICE)


def odd(found: Sequence[Odd], count: int, device: DeviceId | None, at: datetime) -> Event:
    """Tell of lines, rows or records that could not be read; `count` of them so far."""
    first = f"{found[0].why}: {printable(found[0].text, 100)}"
    text = f"{len(found)} values could not be read ({count} so far), first: {first}"
    shown = tuple(f"{each.why}: {printable(each.text, 100)}" for each in found[:_MOST_SHOWN])
    fields: dict[str, Field] = {"odd": shown, "count": len(found), "so_far": count}
    return _event("values.odd", text, device, at, fields, Severity.NOTICE)


def odd_time(told: str, device: DeviceId | None, at: datetime) -> Event:
    shown = printable(told, 40)
    text = f"hub time is {shown!r}, expected Unix seconds in hex between 2015 and tomorrow"
    return _event("time.odd", text, device, at, {"device_time": shown}, Severity.WARNING)


def stored(message: Bulk, placed: bool, device: DeviceId | None, at: datetime) -> Event:
    """Tell of stored data; `placed` says whether it could be given its times."""
    count = len(message.records)
    fields: dict[str, Field] = {"records": count, "base": message.base}
    if not count:
        return _event("bulk.received", "stored data without a record", device, at, fields)
    first = min(record.at for record in message.records)
    last = max(record.at for record in message.records)
    text = f"{count} stored records from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"
    if placed:
        return _event("bulk.received", text, device, at, fields)
    # 500 values at the moment of their arrival would be a lie about now.
    text += "; the hub's clock was wrong, so they are of no use"
    return _event("bulk.unplaced", text, device, at, fields, Severity.WARNING)


def strange(message: Strange, device: DeviceId | None, at: datetime) -> Event:
    text = f"a request nobody has described: {printable(message.problem)}"
    fields: dict[str, Field] = {
        "method": printable(message.method, 16),
        "path": printable(message.path, 80),
        "bytes": len(message.body),
        "hex": message.body[:_MOST_HEX].hex(),
    }
    return _event("request.strange", text, device, at, fields, Severity.NOTICE)


def too_many(count: int, device: DeviceId | None, at: datetime) -> Event:
    text = f"more than {count} sensors on one connection; the others are not followed"
    return _event("sensors.many", text, device, at, {"count": count}, Severity.WARNING)


def refusal(message: Reply, device: DeviceId | None, at: datetime) -> Event:
    text = f"the server answered {message.status} {printable(message.reason, 60)}".rstrip()
    return _event("refusal", text, device, at, {"status": message.status}, Severity.WARNING)


def _event(
    name: str,
    text: str,
    device: DeviceId | None,
    at: datetime,
    fields: Mapping[str, Field] | None = None,
    severity: Severity = Severity.INFO,
) -> Event:
    return Event(f"mitmeter.efergy.{name}", at, text, severity, device, dict(fields or {}))
