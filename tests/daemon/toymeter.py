"""A meter that is dialled, as small as can be: `R7` is answered with `7=42 W`, lines of text."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.metadata import EntryPoint

import pytest

from mitmeter import registry
from mitmeter.errors import ConfigError, RemoteProtocolError
from mitmeter.model import DeviceId, Event, Reading, Severity, Side
from mitmeter.protocol import (
    READ,
    Action,
    Answer,
    Close,
    Command,
    Decoded,
    DeviceContext,
    HeadendContext,
    Listed,
    Progress,
    Projected,
    Report,
    Restart,
    Send,
    SetTimer,
    Spec,
    Spoken,
    Undecodable,
)

LONGEST = 200
METER = DeviceId("toy", "M1")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of either side."""

    text: str


@dataclass(frozen=True, slots=True)
class UnknownLine:
    """A line nobody has described."""

    text: str


Message = Line | UnknownLine
Item = Decoded[Message] | Undecodable


class ToyCodec:
    """Lines end with a line feed; `%` begins one that makes no sense, `X` one nobody knows."""

    def __init__(self) -> None:
        self._pending = {Side.DEVICE: b"", Side.HEADEND: b""}

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        pending, items = self._pending[sender] + data, list[Item]()
        while True:
            end = pending.find(b"\n", 0, LONGEST) + 1
            if not end and len(pending) < LONGEST:
                break
            raw, pending = pending[: end or LONGEST], pending[end or LONGEST :]
            items.append(_item(raw))
        self._pending[sender] = pending
        return items

    def end(self, sender: Side) -> list[Item]:
        rest, self._pending[sender] = self._pending[sender], b""
        return [Undecodable(rest, "the line does not end")] if rest else []

    def encode(self, sender: Side, message: Message) -> bytes:
        return message.text.encode() + b"\n"


def _item(raw: bytes) -> Item:
    if not raw.endswith(b"\n") or not raw.isascii() or raw.startswith(b"%"):
        return Undecodable(raw, "not a line")
    text = raw[:-1].decode()
    return Decoded(raw, UnknownLine(text) if text.startswith("X") else Line(text))


class ToyProjection:
    def project(self, sender: Side, message: Message, at: datetime) -> Iterable[Projected]:
        name, equals, value = message.text.partition("=")
        if sender is Side.DEVICE and equals and name.isdigit():
            number = Decimal(value.partition(" ")[0])
            yield Reading(METER, f"vendor.toy.r{name}", number, received=at)
        if sender is Side.HEADEND and message.text.startswith("PIN"):
            yield Event("mitmeter.toy.login", at, f"tried {message.text}", Severity.NOTICE)


class ToyDevice:
    """R7: a register. SET a=b and GET a: the memory. BOOT s: the unit restarts. HINT: an event."""

    def __init__(self, context: DeviceContext) -> None:
        self._context = context
        registers = context.persona.get("registers", {})
        if not isinstance(registers, dict):
            raise ConfigError("registers", "is no table")
        self._registers = registers
        self._asked: list[str] = []

    def opened(self, now: datetime) -> Iterable[Action[Message]]:
        return ()

    def received(self, message: Message, now: datetime) -> Iterable[Action[Message]]:
        if not self._context.delay:
            return self._answers(message.text)
        self._asked.append(message.text)
        return [SetTimer("answer", self._context.delay)] if len(self._asked) == 1 else []

    def timer(self, name: str, now: datetime) -> Iterable[Action[Message]]:
        yield from self._answers(self._asked.pop(0))
        if self._asked:
            yield SetTimer("answer", self._context.delay or 0.0)

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[Message]]:
        return [Report(Event("mitmeter.toy.garbage", now, "bytes that are none of ours"))]

    def commanded(self, command: Command, now: datetime) -> Iterable[Action[Message]]:
        return [Answer(command.id, False, "a toy takes no commands")]

    def _answers(self, text: str) -> Iterator[Action[Message]]:
        word, _, rest = text.partition(" ")
        name, _, value = rest.partition("=")
        if text[:1] == "R" and text[1:] in self._registers:
            yield Send(Line(f"{text[1:]}={self._registers[text[1:]]}"))
        elif text[:1] == "R":
            yield Send(Line(f"{text[1:]} none"))
        elif word == "SET":
            self._context.memory.set(name, value)
            yield Send(Line("OK"))
        elif word == "GET":
            yield Send(Line(f"{name}: {self._context.memory.get(name)}"))
        elif word == "BOOT":
            yield Send(Line("BYE"))
            yield Restart(float(rest))


class ToyHeadend:
    """Reads the registers it is told to, one after the other, then says it has."""

    def __init__(self, context: HeadendContext) -> None:
        options = context.options
        self._scan = "scan" in options
        if self._scan:
            first, _, last = options["scan"].partition("-")
            numbers = list(range(int(first), int(last) + 1))
        else:
            numbers = [int(each) for each in options.get("registers", "1,2").split(",")]
        self._all = len(numbers)
        self._left = [each for each in numbers if each >= int(options.get("from", "0"))]
        self._pace = float(options.get("pace", "0"))

    def opened(self, now: datetime) -> Iterable[Action[Message]]:
        return self._next()

    def received(self, message: Message, now: datetime) -> Iterable[Action[Message]]:
        if not self._left:
            return
        self._left.pop(0)
        if self._scan:
            mark = str(self._left[0]) if self._left else ""
            yield Progress(self._all - len(self._left), self._all, mark)
        if not self._left:
            yield Close(READ)
        elif self._pace:
            yield SetTimer("pace", self._pace)
        else:
            yield from self._next()

    def timer(self, name: str, now: datetime) -> Iterable[Action[Message]]:
        return self._next() if name == "pace" else [Close("no answer within 0.3 s")]

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[Message]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[Action[Message]]:
        return [Answer(command.id, False, "a toy takes no commands")]

    def _next(self) -> Iterator[Action[Message]]:
        yield Send(Line(f"R{self._left[0]}"))
        yield SetTimer("patience", 0.3)


def listing(said: Iterable[Spoken[Message]]) -> Iterable[Listed]:
    for name, value in _registers(said).items():
        number, _, unit = value.partition(" ")
        yield Listed(f"Register {name}", number, unit)


def portrait(said: Iterable[Spoken[Message]]) -> str:
    found = _registers(said)
    if not found:
        raise RemoteProtocolError("nothing was read")
    lines = (f'{name} = "{value}"' for name, value in found.items())
    return "\n".join(["[registers]", *lines, ""])


def _registers(said: Iterable[Spoken[Message]]) -> dict[str, str]:
    pairs = (each.item.message.text.partition("=") for each in said if each.sender is Side.DEVICE)
    return {name: value for name, equals, value in pairs if equals}


def invent(number: int) -> str:
    return f'[registers]\n1 = "{number % 1000} W"\n'


SPEC: Spec[Message] = Spec(
    name="toy",
    title="Toy meter",
    dials=Side.HEADEND,
    listen="tcp://127.0.0.1:0",
    codec=ToyCodec,
    projection=ToyProjection,
    package="tests.daemon",
    headend=ToyHeadend,
    device=ToyDevice,
    invent=invent,
    portrait=portrait,
    listing=listing,
)
OTHER: Spec[Message] = Spec(
    name="toy-service",
    title="Toy service",
    dials=Side.HEADEND,
    listen="tcp://127.0.0.1:0",
    codec=ToyCodec,
    projection=ToyProjection,
    package="tests.daemon",
    device=ToyDevice,
)
PERSONA = tomllib.loads('[registers]\n1 = "100 W"\n2 = "230 V"\n9 = "5 A"\n')


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Make both known to the registry for a while, and the meter that is dialled as they are."""
    meter = "mitmeter.devices.kamstrup"
    known = {
        "kamstrup": EntryPoint("kamstrup", f"{meter}:SPEC", registry.GROUP),
        **registry._entries(),
        "toy": EntryPoint("toy", "tests.daemon.toymeter:SPEC", registry.GROUP),
        "toy-service": EntryPoint("toy-service", "tests.daemon.toymeter:OTHER", registry.GROUP),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_entries", lambda: known)
        registry.spec.cache_clear()
        yield
    registry.spec.cache_clear()
