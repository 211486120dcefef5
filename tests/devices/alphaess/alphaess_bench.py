"""A bench for the emulated battery: a pretended clock, timers, a server that answers or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from mitmeter.devices.alphaess.device import Battery
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    History,
    Login,
    Message,
    Notice,
    Ready,
    Reply,
    Status,
    Telemetry,
)
from mitmeter.protocol import Action, Close, Send, SendRaw, SetTimer

T = TypeVar("T")
SUCCESS = (("Status", "Success"),)
_COMMANDS: dict[type, int] = {
    Login: 2,
    Ready: 0,
    Notice: 9,
    ConfigReport: 4,
    Telemetry: 5,
    Status: 16,
    History: 12,
}


def success(message: Message) -> Message | None:
    """Answer as the simplest proven server does."""
    if isinstance(message, ConfigRequest):
        return ConfigReply(SUCCESS)
    command = _COMMANDS.get(type(message))
    return None if command is None else Reply(SUCCESS, command)


def silence(message: Message) -> Message | None:
    return None


@dataclass
class Said:
    at: datetime
    what: Message | bytes


@dataclass
class Bench:
    """One connection after the other of one battery."""

    battery: Battery
    now: datetime
    answer: Callable[[Message], Message | None] = success
    said: list[Said] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    timers: dict[str, datetime] = field(default_factory=dict)

    def open(self) -> Bench:
        self.timers.clear()
        self._do(self.battery.opened(self.now))
        return self

    def say(self, message: Message) -> Bench:
        self._do(self.battery.received(message, self.now))
        return self

    def run(self, seconds: float) -> Bench:
        """Let time pass and timers go off."""
        until = self.now + timedelta(seconds=seconds)
        while self.timers:
            name = min(self.timers, key=lambda each: self.timers[each])
            if self.timers[name] > until:
                break
            self.now = self.timers.pop(name)
            self._do(self.battery.timer(name, self.now))
        self.now = until
        return self

    def messages(self, kind: type[T]) -> list[T]:
        return [said.what for said in self.said if isinstance(said.what, kind)]

    def kinds(self) -> list[str]:
        return [type(said.what).__name__ for said in self.said]

    def forget(self) -> Bench:
        self.said.clear()
        return self

    def _do(self, actions: Iterable[Action[Message]]) -> None:
        for action in actions:
            if isinstance(action, Send):
                self.said.append(Said(self.now, action.message))
                reply = self.answer(action.message)
                if reply is not None:
                    self._do(self.battery.received(reply, self.now))
            elif isinstance(action, SendRaw):
                self.said.append(Said(self.now, action.data))
            elif isinstance(action, SetTimer):
                self.timers[action.name] = self.now + timedelta(seconds=action.seconds)
            elif isinstance(action, Close):
                self.closed.append(action.reason)
                self.timers.clear()


def acknowledged(bench: Bench) -> list[tuple[str | None, str | None, str | None]]:
    return [
        (ack.get("Command"), ack.get("CmdIndex"), ack.get("Status"))
        for ack in bench.messages(Acknowledgement)
    ]
