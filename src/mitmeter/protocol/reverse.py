"""A reverse proxy: standing before a device that is a web server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mitmeter.protocol.actions import Report, SetTimer


@dataclass(frozen=True, slots=True)
class ToClient:
    """Say these bytes to that client."""

    client: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Hang:
    """End that client's connection once everything said to it before has been sent."""

    client: int


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect to the server; `connected` or `failed` tells what came of it."""


@dataclass(frozen=True, slots=True)
class ToServer:
    """Say these bytes to the server."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """End the connection to the server; nothing more is heard of it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Throttle:
    """Read on from the server, or not for now."""

    stopped: bool


@dataclass(frozen=True, slots=True)
class Served:
    """One request was answered: a line of the access log. Holds nothing that is anybody's secret.

    status:  as answered. from_us: by us rather than by the server.
    seconds: from its arrival to the last byte of the answer. size: bytes of the answer's body.
    """

    client: str
    method: str
    path: str
    status: int
    size: int
    seconds: float
    from_us: bool


@dataclass(frozen=True, slots=True)
class ReverseContext:
    """What a reverse proxy is told of its place.

    server:  the device's origin as it is dialled, such as https://192.0.2.7.
    secure:  whether clients reach us by TLS.
    port:    ours.
    names:   host names under which clients may find us, beside addresses and local names.
    """

    server: str
    secure: bool
    port: int
    names: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


ReverseEffect = ToClient | Hang | Dial | ToServer | Drop | Throttle | Served | SetTimer | Report


class Reverse(Protocol):
    """All clients of one device, and the one connection to it. Each method returns what to do."""

    def arrived(self, client: int, address: str, now: datetime) -> Iterable[ReverseEffect]: ...

    def heard(self, client: int, data: bytes, now: datetime) -> Iterable[ReverseEffect]: ...

    def ended(self, client: int, now: datetime) -> Iterable[ReverseEffect]:
        """The client has said all it will; it may still listen."""
        ...

    def left(self, client: int, now: datetime) -> Iterable[ReverseEffect]: ...

    def congested(self, client: int, full: bool, now: datetime) -> Iterable[ReverseEffect]: ...

    def connected(self, now: datetime) -> Iterable[ReverseEffect]: ...

    def failed(self, kind: str, reason: str, now: datetime) -> Iterable[ReverseEffect]:
        """Why there is no connection. kind: `unreachable`, `subnet`, `certificate` or `tls`."""
        ...

    def answered(self, data: bytes, now: datetime) -> Iterable[ReverseEffect]: ...

    def closed(self, now: datetime) -> Iterable[ReverseEffect]:
        """The server has ended the connection."""
        ...

    def timer(self, name: str, now: datetime) -> Iterable[ReverseEffect]: ...
