"""Messages → events: logins, commands that change something, strange commands, wrong clocks.

Peer text is made printable; pins and serial numbers never get here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mitmeter.devices.kamstrup import identity, registers
from mitmeter.devices.kamstrup.messages import (
    LoginReply,
    OtherReply,
    OtherRequest,
    PutRegister,
    Request,
    SetClock,
    SetCutOffState,
)
from mitmeter.model import DeviceId, Event, Field, Severity, printable

_MOST_HEX = 64


def login(device: DeviceId | None, at: datetime, count: int) -> Event:
    return _event("login", f"a reader logs in{_again(count)}", device, at, {"count": count})


def login_answered(message: LoginReply, device: DeviceId | None, at: datetime) -> Event:
    words = {0: "accepted", 1: "denied"}.get(message.status, f"answered {message.status:02X}")
    fields: dict[str, Field] = {"status": message.status}
    return _event("login.answered", f"the login was {words}", device, at, fields)


def write(message: Request, device: DeviceId | None, at: datetime, count: int) -> Event:
    """Tell of a command that changes something in the meter."""
    text = f"a reader {_written(message)}{_again(count)}"
    fields: dict[str, Field] = {"command": type(message).__name__, "count": count}
    if isinstance(message, OtherRequest):
        fields["command"] = message.name
    return _event("write", text, device, at, fields, Severity.WARNING)


def _written(message: Request) -> str:
    if isinstance(message, SetClock):
        moment = message.moment
        told = f"{message.date} {message.time}" if moment is None else f"{moment}"
        return f"sets the clock to {told}"
    if isinstance(message, PutRegister):
        return f"writes register {message.value.id} ({registers.name_of(message.value.id)})"
    if isinstance(message, SetCutOffState):
        wish = identity.CUT_OFF_WISHES.get(message.wish, f"wish {message.wish:02X}")
        return f"switches the relays: {wish}"
    return f"says {message.name}" if isinstance(message, OtherRequest) else "writes"


def strange(message: OtherRequest | OtherReply, device: DeviceId | None, at: datetime) -> Event:
    """Tell of a command nobody has described, or one whose data does not fit."""
    side = "reader" if isinstance(message, OtherRequest) else "meter"
    text = f"a {side} says {printable(message.name)}: {printable(message.why)}"
    fields: dict[str, Field] = {
        "cid": message.cid,
        "bytes": len(message.data),
        "hex": message.data[:_MOST_HEX].hex(),
    }
    return _event("command.strange", text, device, at, fields, Severity.NOTICE)


def replaced(before: DeviceId, device: DeviceId, at: datetime) -> Event:
    text = f"another meter answers now: {device}, before it was {before}"
    return _event("meter.replaced", text, device, at, {"before": str(before)}, Severity.WARNING)


def nameless(device: DeviceId, at: datetime) -> Event:
    text = f"nobody asks the meter for its serial number; it is called {device}"
    return _event("meter.nameless", text, device, at)


def wrong_clock(told: datetime, device: DeviceId, at: datetime) -> Event:
    text = f"the meter's clock says {told}; its readings count when they are received"
    return _event("clock.wrong", text, device, at, {"device_time": str(told)}, Severity.NOTICE)


def _again(count: int) -> str:
    return f" ({count} so far in this conversation)" if count > 1 else ""


def _event(
    name: str,
    text: str,
    device: DeviceId | None,
    at: datetime,
    fields: Mapping[str, Field] | None = None,
    severity: Severity = Severity.INFO,
) -> Event:
    return Event(f"mitmeter.kamstrup.{name}", at, text, severity, device, dict(fields or {}))
