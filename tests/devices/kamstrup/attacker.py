"""Somebody who talks to a honeypot, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from mitmeter.devices.kamstrup import SPEC
from mitmeter.devices.kamstrup.codec import KamstrupCodec
from mitmeter.devices.kamstrup.honeypot import WatchedMeter
from mitmeter.devices.kamstrup.messages import Message
from mitmeter.model import Event, Reading, Side
from mitmeter.protocol import Decoded, Projected

AT = datetime(2026, 11, 20, 10, 15, 3, tzinfo=UTC)


def watched() -> WatchedMeter:
    assert SPEC.projection_with is not None
    found = SPEC.projection_with({"honeypot": "true"})
    assert isinstance(found, WatchedMeter)
    return found


class Attacker:
    """Says things to a honeypot and keeps what is told of it."""

    def __init__(self) -> None:
        self.projection = watched()
        self.codec = KamstrupCodec()
        self.events: list[Event] = []
        self.readings: list[Reading] = []

    def say(self, *messages: Message) -> list[Event]:
        return self._keep(
            each
            for message in messages
            for each in self.projection.project(Side.HEADEND, message, AT)
        )

    def hear(self, *messages: Message) -> list[Event]:
        return self._keep(
            each
            for message in messages
            for each in self.projection.project(Side.DEVICE, message, AT)
        )

    def send(self, data: bytes) -> list[Event]:
        items = [*self.codec.feed(Side.HEADEND, data), *self.codec.end(Side.HEADEND)]
        found: list[Projected] = []
        for item in items:
            if isinstance(item, Decoded):
                found += self.projection.project(Side.HEADEND, item.message, AT)
            else:
                found += self.projection.garbled(Side.HEADEND, item, AT)
        return self._keep(found)

    def _keep(self, said: Iterable[Projected]) -> list[Event]:
        found = list(said)
        events = [each for each in found if isinstance(each, Event)]
        self.events += events
        self.readings += [each for each in found if isinstance(each, Reading)]
        return events

    def told(self, eventid: str) -> list[Event]:
        return [each for each in self.events if each.eventid == f"mitmeter.kamstrup.{eventid}"]
