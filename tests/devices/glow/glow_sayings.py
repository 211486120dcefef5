"""What displays say, for these tests: the fact sheet's examples, and variations of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from mitmeter.devices.glow.codec import GlowCodec
from mitmeter.devices.glow.messages import (
    AT_MOST_ONCE,
    Delivery,
    Message,
    MeterReport,
    MqttReading,
    MqttState,
    Prices,
    Reply,
)
from mitmeter.devices.glow.readings import GlowProjection
from mitmeter.model import DeviceId, Event, Fact, Reading, Side
from mitmeter.protocol import Decoded
from mitmeter.testing.vectors import load_vectors

# 2024-01-15T12:00:00Z, and a second and a half later, when the message has come in.
CLOCK = 1_705_320_000
NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
HEARD = datetime(2024, 1, 15, 12, 0, 1, 500_000, tzinfo=UTC)
NAME = "02005EFFFE302010"
DISPLAY = DeviceId("glow", NAME)

_RAW = {
    vector.name.partition(":")[0]: vector.data for vector in load_vectors("mitmeter.devices.glow")
}
T = TypeVar("T")


def example(name: str) -> bytes:
    """Return an example's bytes as they go over the wire: G1, M2 and so on."""
    return _RAW[name]


def body_of(name: str) -> str:
    return example(name).partition(b"\r\n\r\n")[2].decode()


def members_of(name: str) -> dict[str, Any]:
    """Return the members of an example's JSON, to be changed at will."""
    raw = example(name)
    found: dict[str, Any] = json.loads(raw[raw.index(b"{") :])
    return found


def report(members: dict[str, Any], *, sent: int | None = CLOCK + 1, **headers: str) -> MeterReport:
    """Return a report with these members; headers are named with underscores for dashes."""
    body = json.dumps(members)
    return MeterReport(_headers(body, sent, headers), body)


def prices(body: str, *, sent: int | None = CLOCK + 7, **headers: str) -> Prices:
    return Prices(_headers(body, sent, headers), body)


def _headers(body: str, sent: int | None, more: dict[str, str]) -> tuple[tuple[str, str], ...]:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    if "X-ID" not in named:
        named["X-ID"] = NAME
    if sent is not None:
        named["X-TS"] = f"{sent:08X}"
    kept = tuple((name, value) for name, value in named.items() if value)
    return (*kept, ("Content-Length", str(len(body.encode()))))


def reading(topic: str, members: dict[str, Any], delivery: Delivery = AT_MOST_ONCE) -> MqttReading:
    return MqttReading(f"glow/02005E302010/SENSOR/{topic}", json.dumps(members), delivery)


def state(members: dict[str, Any], delivery: Delivery = AT_MOST_ONCE) -> MqttState:
    return MqttState("glow/02005E302010/STATE", json.dumps(members), delivery)


def reply(body: str, status: int = 200) -> Reply:
    return Reply(status, body, (("Content-Length", str(len(body))),))


def decoded(raw: bytes, sender: Side = Side.DEVICE) -> list[Message]:
    """Return the messages in these bytes; every byte belongs to one."""
    codec = GlowCodec()
    items = [*codec.feed(sender, raw), *codec.end(sender)]
    assert all(isinstance(item, Decoded) for item in items), items
    return [item.message for item in items if isinstance(item, Decoded)]


@dataclass
class Told:
    """What a projection told, sorted by kind."""

    said: list[Reading | Event | Fact]

    def of(self, kind: type[T]) -> list[T]:
        return [each for each in self.said if isinstance(each, kind)]

    @property
    def readings(self) -> list[Reading]:
        return self.of(Reading)

    @property
    def values(self) -> dict[str, Decimal | str]:
        """Each quantity's value; a quantity that is told twice shows."""
        found = {each.quantity: each.value for each in self.readings}
        assert len(found) == len(self.readings), "a quantity was told twice"
        return found

    @property
    def catalogued(self) -> dict[str, Decimal | str]:
        return {name: value for name, value in self.values.items() if "vendor." not in name}

    @property
    def events(self) -> list[str]:
        return [each.eventid.removeprefix("mitmeter.glow.") for each in self.of(Event)]

    @property
    def facts(self) -> dict[str, str]:
        return {each.name: each.value for each in self.of(Fact)}

    @property
    def private(self) -> set[str]:
        return {each.name for each in self.of(Fact) if each.private}


class Tap:
    """One conversation's projection."""

    def __init__(self) -> None:
        self.projection = GlowProjection()

    def hears(self, message: Message, at: datetime = HEARD, sender: Side = Side.DEVICE) -> Told:
        return Told(self.projection.project(sender, message, at))


def told(message: Message, at: datetime = HEARD) -> Told:
    """Return what one message tells when it is the first of its conversation."""
    return Tap().hears(message, at)


def all_said(messages: Iterable[Message], at: datetime = HEARD) -> Told:
    tap = Tap()
    return Told([each for message in messages for each in tap.hears(message, at).said])
