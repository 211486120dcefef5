"""How a device is named."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mitmeter.errors import RemoteProtocolError

_ALLOWED = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


@dataclass(frozen=True, slots=True, order=True)
class DeviceId:
    """`<protocol>:<serial>`, such as `alphaess:AL9900000000007`.

    The serial comes from a peer, so it is limited to 64 of letters, digits, dot, underscore,
    dash. Raises RemoteProtocolError for anything else.
    """

    protocol: str
    serial: str

    def __post_init__(self) -> None:
        if not _ALLOWED.match(self.serial):
            shown = self.serial[:70].encode("ascii", "backslashreplace").decode()
            raise RemoteProtocolError(f"{self.protocol} serial number {shown!r} is not plausible")

    def __str__(self) -> str:
        return f"{self.protocol}:{self.serial}"

    @classmethod
    def parse(cls, text: str) -> DeviceId:
        protocol, colon, serial = text.partition(":")
        if not colon or not protocol:
            raise RemoteProtocolError(f"device {text!r} is not <protocol>:<serial>")
        return cls(protocol, serial)
