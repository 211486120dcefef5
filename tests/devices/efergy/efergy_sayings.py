"""What hubs say, for tests: requests with the fact sheet's made-up MAC and sensor ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from mitmeter.devices.efergy.codec import read
from mitmeter.devices.efergy.messages import Asked, Message
from mitmeter.devices.efergy.readings import EfergyProjection
from mitmeter.model import Event, Fact, Reading, Side

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)  # 65A51E40
HASH = "0123456789abcdef0123456789abcdef"
H3_HOST = "10.20.30.02005e.h3.sensornet.info"

# Base 1705320000 = 2024-01-15T12:00:00Z, sensors 700001 to 700003, then the fact sheet's records.
STORED_HEAD = bytes.fromhex("401EA56561AE0A62AE0A63AE0A000000000000")
STORED_RECORDS = (
    bytes.fromhex("20000000409C4541"),  # 700001, +0, 5000.0
    bytes.fromhex("22000000509A4450"),  # 700002, +0, 1234.5
    bytes.fromhex("20003C00629F45A2"),  # 700001, +60, 5100.25
    bytes.fromhex("64003D000080420000AC410000000050"),  # 700003, +61, M 64, T 21.5, L 0
    bytes.fromhex("21000A0020994529"),  # 700001, +65546, 4900.0
)
STORED = STORED_HEAD + b"".join(STORED_RECORDS)


def report(
    body: str,
    *,
    ts: str = "65A51E40",
    host: str = H3_HOST,
    path: str = "/h3",
    more: Iterable[tuple[str, str]] = (),
) -> Asked:
    """Return an h2 or h3 report of these lines."""
    headers = (("Host", host), ("X-TS", ts), ("Content-Type", "application/eh-data"), *more)
    return read("POST", path, headers, body.encode("latin-1"))


def currents(rows: str, *, ts: str = "65A51E40", mac: str = "02005E302010") -> Asked:
    """Return an h1 report of these rows, as JSON text."""
    body = f'json={mac}|{ts}|v1.0.1|{{"data":[{rows}]}}|{HASH}'
    headers = (("Host", "10.20.30.02005e.sensornet.info"),)
    return read("POST", "/recjson", headers, body.encode())


def stored(body: bytes) -> Asked:
    """Return an h3 hub's stored data."""
    headers = (("Host", H3_HOST), ("Content-Type", "application/eh-datalog"))
    return read("POST", "/h3bulk", headers, body)


@dataclass
class Told:
    """What a projection makes of messages, one after the other."""

    projection: EfergyProjection = field(default_factory=EfergyProjection)
    at: datetime = NOON
    readings: list[Reading] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def hear(self, *messages: Message, sender: Side = Side.DEVICE) -> Told:
        for message in messages:
            for said in self.projection.project(sender, message, self.at):
                if isinstance(said, Reading):
                    self.readings.append(said)
                elif isinstance(said, Event):
                    self.events.append(said)
                else:
                    self.facts.append(said)
        return self

    def values(self, quantity: str) -> list[Decimal | str]:
        return [each.value for each in self.readings if each.quantity == quantity]

    def names(self) -> list[str]:
        return [each.eventid.removeprefix("mitmeter.efergy.") for each in self.events]
