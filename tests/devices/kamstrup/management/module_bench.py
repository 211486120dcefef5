"""A module on the bench: lines in, all it prints out, in simulated time, through the codec."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mitmeter.devices.kamstrup.management import SPEC
from mitmeter.devices.kamstrup.management.device import Module
from mitmeter.devices.kamstrup.management.messages import Message
from mitmeter.model import Side
from mitmeter.protocol import Close, DeviceContext, DeviceMemory, PlainMemory, Restart, SetTimer
from mitmeter.roles.conversation import Effect, Talk, Transmit
from mitmeter.testing.house import SteadyHouse

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


class ModuleBench:
    """One connection. `printed` is all bytes so far, `restarts` and `closed` what it wanted."""

    def __init__(
        self,
        memory: DeviceMemory | None = None,
        persona: Mapping[str, Any] | None = None,
        delay: float | None = 0.0,
    ) -> None:
        self.now = NOON
        self.memory = PlainMemory() if memory is None else memory
        context = DeviceContext(
            house=SteadyHouse(), persona=persona or {}, memory=self.memory, delay=delay
        )
        self.talk: Talk[Message] = Talk(SPEC.codec(), Module(context), Side.DEVICE)
        self.printed = b""
        self.restarts: list[float] = []
        self.closed = False
        self.timers: dict[str, datetime] = {}
        self._take(self.talk.opened(self.now))
        self.welcome, self.printed = self.printed, b""

    def say(self, data: bytes) -> str:
        """Return what is printed at once in answer to these bytes."""
        before = len(self.printed)
        self._take(self.talk.received(data, self.now))
        return self.printed[before:].decode("latin-1")

    def line(self, text: str) -> str:
        return self.say(text.encode("latin-1") + b"\r\n")

    def run(self, seconds: float) -> str:
        """Let time pass; return what is printed meanwhile."""
        before, until = len(self.printed), self.now + timedelta(seconds=seconds)
        while self.timers and min(self.timers.values()) <= until:
            name = min(self.timers, key=lambda each: self.timers[each])
            self.now = self.timers.pop(name)
            self._take(self.talk.timer(name, self.now))
        self.now = until
        return self.printed[before:].decode("latin-1")

    def _take(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                self.printed += effect.data
            elif isinstance(effect, SetTimer):
                self.timers[effect.name] = self.now + timedelta(seconds=effect.seconds)
            elif isinstance(effect, Restart):
                self.restarts.append(effect.seconds)
            elif isinstance(effect, Close):
                self.closed = True
