"""A meter on the bench: frames in as hex, all it says out, in simulated time, through the codec."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from importlib.resources import files
from typing import Any

from mitmeter.devices.kamstrup.codec import KamstrupCodec
from mitmeter.devices.kamstrup.device import EmulatedMeter
from mitmeter.devices.kamstrup.messages import GetRegister, Message, RegisterReply, RegisterValue
from mitmeter.model import Side
from mitmeter.protocol import Decoded, DeviceContext, DeviceMemory, House, PlainMemory, SetTimer
from mitmeter.roles.conversation import Effect, Talk, Transmit
from mitmeter.testing.house import SteadyHouse

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
EVENING = datetime(2025, 2, 3, 17, 20, tzinfo=UTC)


def shipped(name: str = "382") -> dict[str, Any]:
    """Return a shipped persona's tables."""
    folder = files("mitmeter.devices.kamstrup") / "personas"
    return tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))


class MeterBench:
    """One connection. `said` is all bytes so far, `moments` when each answer came."""

    def __init__(
        self,
        persona: Mapping[str, Any] | None = None,
        *,
        house: House | None = None,
        memory: DeviceMemory | None = None,
        delay: float | None = 0.0,
        frozen: bool = False,
        now: datetime = NOON,
        seed: int = 1,
        zone: tzinfo | None = None,
    ) -> None:
        self.now = now
        self.memory = PlainMemory() if memory is None else memory
        context = DeviceContext(
            house=SteadyHouse() if house is None else house,
            persona=shipped() if persona is None else persona,
            memory=self.memory,
            delay=delay,
            frozen_at=now if frozen else None,
            seed=seed,
            zone=zone,
        )
        self.talk: Talk[Message] = Talk(KamstrupCodec(), EmulatedMeter(context), Side.DEVICE)
        self.said = b""
        self.moments: list[datetime] = []
        self.timers: dict[str, datetime] = {}
        self._take(self.talk.opened(now))

    def hear(self, data: bytes) -> bytes:
        """Return what is said at once to these bytes."""
        before = len(self.said)
        self._take(self.talk.received(data, self.now))
        return self.said[before:]

    def hear_hex(self, text: str) -> str:
        return self.hear(bytes.fromhex(text)).hex(" ").upper()

    def run(self, seconds: float) -> bytes:
        """Let time pass; return what is said meanwhile."""
        before, until = len(self.said), self.now + timedelta(seconds=seconds)
        while self.timers and min(self.timers.values()) <= until:
            name = min(self.timers, key=lambda each: self.timers[each])
            self.now = self.timers.pop(name)
            self._take(self.talk.timer(name, self.now))
        self.now = until
        return self.said[before:]

    def ask(self, message: Message) -> list[Message]:
        """Return the messages that answer at once."""
        codec = KamstrupCodec()
        data = self.hear(codec.encode(Side.HEADEND, message))
        items = [*codec.feed(Side.DEVICE, data), *codec.end(Side.DEVICE)]
        return [item.message for item in items if isinstance(item, Decoded)]

    def read(self, *ids: int) -> list[RegisterValue]:
        """Return the records of these registers, as the meter answers them."""
        (reply,) = self.ask(GetRegister(0x3F, ids))
        assert isinstance(reply, RegisterReply)
        return list(reply.values)

    def number(self, id: int) -> int:
        """Return one register's mantissa."""
        (record,) = self.read(id)
        return int.from_bytes(record.raw, "big")

    def _take(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                self.said += effect.data
                self.moments.append(self.now)
            elif isinstance(effect, SetTimer):
                self.timers[effect.name] = self.now + timedelta(seconds=effect.seconds)
