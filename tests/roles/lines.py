"""A tiny protocol for engine tests: lines of text; a line that starts with `#` is garbage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.model import Side
from mitmeter.protocol import Action, Answer, Close, Command, Decoded, Send, SetTimer, Undecodable


class LineCodec:
    """Bytes up to and with a newline are one message."""

    def __init__(self) -> None:
        self._pending = {Side.DEVICE: b"", Side.HEADEND: b""}

    def feed(self, sender: Side, data: bytes) -> list[Decoded[str] | Undecodable]:
        *whole, rest = (self._pending[sender] + data).split(b"\n")
        self._pending[sender] = rest
        return [self._item(line + b"\n") for line in whole]

    def end(self, sender: Side) -> list[Decoded[str] | Undecodable]:
        rest, self._pending[sender] = self._pending[sender], b""
        return [Undecodable(rest, "no newline")] if rest else []

    def encode(self, sender: Side, message: str) -> bytes:
        return message.encode("latin-1") + b"\n"

    @staticmethod
    def _item(raw: bytes) -> Decoded[str] | Undecodable:
        if raw.startswith(b"#"):
            return Undecodable(raw, "starts with #")
        return Decoded(raw, raw[:-1].decode("latin-1"))


class Echo:
    """Answers every line with itself in capitals; `bye` closes, `wait` sets a timer."""

    def opened(self, now: datetime) -> Iterable[Action[str]]:
        return [Send("hello")]

    def received(self, message: str, now: datetime) -> Iterable[Action[str]]:
        if message == "bye":
            return [Send("bye"), Close("asked to")]
        if message == "wait":
            return [SetTimer("later", 3.0)]
        return [Send(message.upper())]

    def timer(self, name: str, now: datetime) -> Iterable[Action[str]]:
        return [Send(f"timer {name}")]

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[str]]:
        return [Send(f"what? {item.reason}")]

    def commanded(self, command: Command, now: datetime) -> Iterable[Action[str]]:
        return [Send(command.name), Answer(command.id, True, "done")]
