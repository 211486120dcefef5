"""Meters for tests of the reader: registers in a table, and ways to misbehave. Synthetic values."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from mitmeter.devices.kamstrup import SPEC
from mitmeter.devices.kamstrup.messages import (
    GetRegister,
    GetSerialNo,
    GetType,
    Message,
    RegisterReply,
    RegisterValue,
    SerialReply,
    TypeReply,
)
from mitmeter.protocol import Action, Command, Send, SetTimer, Undecodable
from mitmeter.testing.dialogue import Dialogue, dialogue

START = datetime(2025, 6, 1, 12, tzinfo=UTC)
SERIAL = 10203040

Act = Action[Message]


def plain(
    id: int, number: int, *, unit: int = 51, length: int = 4, sigexp: int = 0
) -> RegisterValue:
    return RegisterValue(id, unit, sigexp, number.to_bytes(length, "big"))


ELECTRICITY = {
    each.id: each
    for each in (
        plain(1001, SERIAL),
        plain(1002, 140020, unit=47),
        plain(1003, 250601, unit=48),
        plain(13, 71_833_212, unit=2, sigexp=0x44),
        plain(14, 0, unit=2, sigexp=0x44),
        plain(1054, 228, unit=33, length=2),
        plain(1, 71_833, unit=2, sigexp=0x41),
        plain(1023, 1_500, unit=22, sigexp=0x43),
        plain(1024, 0, unit=22, sigexp=0x43),
    )
}
HEAT = {
    each.id: each
    for each in (
        plain(1001, 6_543_210),
        plain(60, 12_345, unit=3, sigexp=0x43),
        plain(68, 4_711, unit=40, sigexp=0x42),
        plain(86, 7_125, unit=37, length=2, sigexp=0x42),
    )
}


@dataclass
class TableMeter:
    """Answers after a tenth of a second; `asked` is what it was asked for, in order.

    silent:  says whether a request gets no answer.
    answer:  makes the answer, where that is not what a meter would say.
    """

    registers: Mapping[int, RegisterValue]
    address: int = 0x3F
    silent: Callable[[Message], bool] = lambda message: False
    answer: Callable[[GetRegister], Iterable[Act]] | None = None
    delay: float = 0.1
    asked: list[Message] = field(default_factory=list)

    def opened(self, now: datetime) -> Iterable[Act]:
        return ()

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        self.asked.append(message)
        if getattr(message, "address", None) != self.address or self.silent(message):
            return ()
        return (SetTimer(f"answer {len(self.asked)}", self.delay),)

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        message = self.asked[int(name.split()[1]) - 1]
        if isinstance(message, GetRegister):
            if self.answer is not None:
                return self.answer(message)
            return (Send(self.reply(message)),)
        if isinstance(message, GetSerialNo):
            return (Send(SerialReply(self.address, SERIAL)),)
        if isinstance(message, GetType):
            return (Send(TypeReply(self.address, 0x6800, 0x0304)),)
        return ()

    def reply(self, message: GetRegister) -> RegisterReply:
        found = (self.registers[id] for id in message.ids if id in self.registers)
        return RegisterReply(self.address, tuple(found))

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        return ()

    def ids_asked(self) -> list[tuple[int, ...]]:
        return [each.ids for each in self.asked if isinstance(each, GetRegister)]


def talk_to(device: Any, **options: str) -> Dialogue[Message]:
    """Return a reader's dialogue with this device, not yet begun."""
    spec = replace(SPEC, device=lambda context: device)
    asked = {name.rstrip("_"): value for name, value in options.items()}
    return dialogue(spec, start=START, headend_options=asked)


def emulated(**options: str) -> Dialogue[Message]:
    """Return a reader's dialogue with the emulated 382 of the shipped persona."""
    text = files(SPEC.package).joinpath("personas", "382.toml").read_text("utf-8")
    return dialogue(SPEC, start=START, persona=tomllib.loads(text), headend_options=options)
