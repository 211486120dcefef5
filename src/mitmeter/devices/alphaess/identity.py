"""Who is speaking: the serial number a battery names in what it says."""

from __future__ import annotations

from mitmeter.devices.alphaess.messages import (
    ConfigReport,
    ConfigRequest,
    History,
    Login,
    Message,
    Status,
    Telemetry,
)
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import DeviceId

PROTOCOL = "alphaess"


def serial_of(message: Message) -> str | None:
    """Return the serial number a battery's message carries, or None.

    Any message will do, since a battery that reconnects does not log in again. The login's user
    name is the serial number. Source: fact sheet §4.2, §5.6 [O].
    """
    if isinstance(message, Status | Telemetry | ConfigRequest | ConfigReport):
        return message.get("SN")
    if isinstance(message, Login):
        return message.get("UserName")
    if isinstance(message, History) and "SN" in message.columns:
        column = message.columns.index("SN")
        return next((row[column] for row in message.rows if len(row) > column), None)
    return None


def device_of(message: Message) -> DeviceId | None:
    """Return the battery that says this, or None when it does not tell or tells nonsense."""
    serial = serial_of(message)
    if serial is None:
        return None
    try:
        return DeviceId(PROTOCOL, serial)
    except RemoteProtocolError:
        return None
