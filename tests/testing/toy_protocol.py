"""A protocol small enough to see through: `T`, length, text, CRC-16/XMODEM of the text.

offset size  field
0      1     start     0x54
1      2     length    big-endian, at most 1000
3      n     text      UTF-8
3+n    2     crc       CRC-16/XMODEM of the text, big-endian
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from hypothesis import strategies as st

from mitmeter.errors import LocalProtocolError
from mitmeter.model import DeviceId, Fact, Reading, Side
from mitmeter.protocol import (
    Action,
    Answer,
    Close,
    Command,
    Decoded,
    DeviceContext,
    HeadendContext,
    Identify,
    Pseudonyms,
    Send,
    SendRaw,
    SetTimer,
    Spec,
    Undecodable,
)

LONGEST = 1000
NOISE_AT_ONCE = 256
SERIAL = "TOY1"
_REPORT = re.compile(
    r"report (\w{1,20}) (0|-?[1-9]\d{0,8}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\Z", re.A
)


@dataclass(frozen=True, slots=True)
class Report:
    """What the device measures: grid power in W, at its own local time."""

    serial: str
    power_w: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """Any other text, from either side."""

    text: str


Message = Report | Note
Toy = Decoded[Message] | Undecodable


def text_of(message: Message) -> str:
    if isinstance(message, Note):
        return message.text
    return f"report {message.serial} {message.power_w} {message.time.isoformat()}"


def message_of(text: str) -> Message:
    found = _REPORT.match(text)
    if found is None:
        return Note(text)
    try:
        return Report(found[1], int(found[2]), datetime.fromisoformat(found[3]))
    except ValueError:
        return Note(text)


def frame(text: str) -> bytes:
    payload = text.encode()
    if len(payload) > LONGEST:
        raise LocalProtocolError(f"{len(payload)} bytes of text, {LONGEST} allowed")
    return b"T" + len(payload).to_bytes(2) + payload + crc_hqx(payload, 0).to_bytes(2)


class ToyCodec:
    def __init__(self) -> None:
        self.pending = {side: bytearray() for side in Side}

    def feed(self, sender: Side, data: bytes) -> list[Toy]:
        self.pending[sender] += data
        return self.items(self.pending[sender], ended=False)

    def end(self, sender: Side) -> list[Toy]:
        return self.items(self.pending[sender], ended=True)

    def encode(self, sender: Side, message: Message) -> bytes:
        return frame(text_of(message))

    def items(self, pending: bytearray, ended: bool) -> list[Toy]:
        found: list[Toy] = []
        while pending:
            item = self.first(pending, ended)
            if item is None:
                break
            del pending[: len(item.raw)]
            found.append(item)
        return found

    def first(self, pending: bytearray, ended: bool) -> Toy | None:
        if pending[0] != ord("T"):
            start = pending.find(b"T", 0, NOISE_AT_ONCE)
            if start < 0 and len(pending) < NOISE_AT_ONCE and not ended:
                return None
            noise = pending[: start if start > 0 else NOISE_AT_ONCE]
            return Undecodable(bytes(noise), "noise before a start byte")
        size = int.from_bytes(pending[1:3]) if len(pending) >= 3 else 0
        if size > LONGEST:
            return Undecodable(b"T", f"length {size} is more than {LONGEST}")
        if len(pending) < 5 + size:
            return Undecodable(b"T", "the stream ends inside a frame") if ended else None
        return self.checked(bytes(pending[: 5 + size]))

    def checked(self, raw: bytes) -> Toy:
        payload, crc = raw[3:-2], int.from_bytes(raw[-2:])
        if crc_hqx(payload, 0) != crc:
            return Undecodable(b"T", f"crc {crc:04x} is wrong")
        try:
            return Decoded(raw, message_of(payload.decode()))
        except UnicodeDecodeError:
            return Undecodable(raw, "text that is not UTF-8")


class ToyProjection:
    def project(self, sender: Side, message: Message, at: datetime) -> Iterable[Reading | Fact]:
        if isinstance(message, Report):
            device = DeviceId("toy", message.serial)
            yield Reading(device, "grid.power", Decimal(message.power_w), at, message.time)
        elif message.text.startswith("model ") and sender is Side.DEVICE:
            yield Fact(DeviceId("toy", SERIAL), "model", message.text.removeprefix("model "))


class ToyDevice:
    """Reports every ten seconds; `hang_up` says after how many reports it closes each time."""

    def __init__(self, context: DeviceContext) -> None:
        self.house = context.house
        self.hang_up = int(context.options.get("hang_up", "0"))
        self.reports = 0

    def opened(self, now: datetime) -> Iterable[Action[Message]]:
        yield Send(Note("model T-1000"))
        yield SetTimer("report", 10.0)

    def timer(self, name: str, now: datetime) -> Iterable[Action[Message]]:
        self.reports += 1
        power = self.house.state(now).grid_w
        yield Send(Report(SERIAL, power, now.replace(tzinfo=None, microsecond=0)))
        if self.hang_up and self.reports % self.hang_up == 0:
            yield Close("tired")
        yield SetTimer("report", 10.0)

    def received(self, message: Message, now: datetime) -> Iterable[Action[Message]]:
        if isinstance(message, Note) and message.text.startswith("say "):
            yield Send(Note(f"said {message.text.removeprefix('say ')}"))

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[Message]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[Action[Message]]:
        return ()


class ToyHeadend:
    """Answers `ok`; greets a model it remembers; passes the command `say text=…` on."""

    def __init__(self, context: HeadendContext) -> None:
        self.context = context
        self.asked: Command | None = None

    def opened(self, now: datetime) -> Iterable[Action[Message]]:
        known = self.context.recall(DeviceId("toy", SERIAL), "model")
        if known is not None:
            yield Send(Note(f"welcome back {known}"))

    def received(self, message: Message, now: datetime) -> Iterable[Action[Message]]:
        if isinstance(message, Report):
            yield Identify(DeviceId("toy", message.serial))
            yield Send(Note("ok"))
        elif message.text.startswith("said ") and self.asked is not None:
            yield Answer(self.asked.id, True, message.text)
            self.asked = None

    def timer(self, name: str, now: datetime) -> Iterable[Action[Message]]:
        return ()

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[Message]]:
        yield SendRaw(frame("what?"))

    def commanded(self, command: Command, now: datetime) -> Iterable[Action[Message]]:
        self.asked = command
        yield Send(Note(f"say {command.arguments['text']}"))


def redact(sender: Side, item: Decoded[Message] | Undecodable, names: Pseudonyms) -> bytes:
    if isinstance(item, Decoded) and isinstance(item.message, Report):
        hidden = replace(item.message, serial=names.text(item.message.serial))
        return frame(text_of(hidden))
    return item.raw


SPEC: Spec[Message] = Spec(
    name="toy",
    title="Toy",
    dials=Side.DEVICE,
    listen="tcp://127.0.0.1:7",
    codec=ToyCodec,
    projection=ToyProjection,
    package="tests.testing",
    headend=ToyHeadend,
    device=ToyDevice,
    redact=redact,
)


def messages() -> st.SearchStrategy[tuple[Side, Message]]:
    """Every message either side may say."""
    moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1))  # noqa: DTZ001 - the toy's clock has no zone
    reports = st.builds(
        Report,
        st.from_regex(r"[A-Za-z0-9]{1,20}", fullmatch=True, alphabet=st.characters(codec="ascii")),
        st.integers(-99_999, 99_999),
        moments.map(lambda moment: moment.replace(microsecond=0)),
    )
    notes = st.text(st.characters(codec="utf-8"), max_size=200).map(Note)
    return st.tuples(st.sampled_from(list(Side)), reports | notes)
