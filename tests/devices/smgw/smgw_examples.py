"""The fact sheet's examples, by name, and a conversation's projection to put them through."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from mitmeter.devices.smgw.codec import SmgwCodec
from mitmeter.devices.smgw.messages import Message, Request, Response
from mitmeter.devices.smgw.readings import SmgwProjection
from mitmeter.model import Event, Fact, Reading, Side
from mitmeter.protocol import Decoded
from mitmeter.testing.vectors import load_vectors

# When the examples' current values were asked for.
NOW = datetime(2026, 3, 1, 11, 32, tzinfo=UTC)
_RAW = {vector.name: vector for vector in load_vectors("mitmeter.devices.smgw")}


def message(name: str) -> Message:
    vector = _RAW[name]
    (item,) = SmgwCodec().feed(vector.sender, vector.data)
    assert isinstance(item, Decoded)
    return item.message


def request(name: str) -> Request:
    found = message(name)
    assert isinstance(found, Request)
    return found


def response(name: str) -> Response:
    found = message(name)
    assert isinstance(found, Response)
    return found


def answer(
    body: bytes | str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    data = body.encode() if isinstance(body, str) else body
    return Response(status, (*headers, ("Content-Length", str(len(data)))), data)


class Told:
    """What a projection told, sorted by kind."""

    def __init__(self) -> None:
        self.projection = SmgwProjection()
        self.said: list[Reading | Event | Fact] = []

    def hear(self, *messages: Message, at: datetime = NOW) -> Told:
        for each in messages:
            sender = Side.HEADEND if isinstance(each, Request) else Side.DEVICE
            self.said += self.projection.project(sender, each, at)
        return self

    @property
    def readings(self) -> list[Reading]:
        return [each for each in self.said if isinstance(each, Reading)]

    @property
    def events(self) -> list[str]:
        return [each.eventid.rpartition("smgw.")[2] for each in self.said if type(each) is Event]

    @property
    def facts(self) -> dict[str, str]:
        return {each.name: each.value for each in self.said if isinstance(each, Fact)}

    def of(self, quantity: str) -> list[Reading]:
        return [each for each in self.readings if each.quantity == quantity]

    def values(self, quantity: str) -> list[str]:
        return [str(each.value) for each in self.of(quantity)]


def told(messages: Iterable[Message], at: datetime = NOW) -> Told:
    return Told().hear(*messages, at=at)
