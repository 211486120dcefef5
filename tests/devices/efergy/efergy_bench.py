"""A bench for the emulated hub: a pretended clock, timers, and a server that answers or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mitmeter.devices.efergy.device import Hub
from mitmeter.devices.efergy.headend import reply
from mitmeter.devices.efergy.messages import Bulk, KeyRequest, Message, Reply, Request
from mitmeter.protocol import Action, Close, DeviceContext, House, Send, SetTimer
from mitmeter.testing.house import SteadyHouse
from tests.devices.efergy.efergy_sayings import NOON

Answering = Callable[[Request, datetime], Reply | None]


def success(message: Request, now: datetime) -> Reply | None:
    """Answer as the simplest proven server does."""
    if isinstance(message, Bulk):
        return reply(now, b"200")
    return reply(now, b"TT|ABCDEFGHIJKLM\n" if isinstance(message, KeyRequest) else b"success")


def silence(message: Request, now: datetime) -> Reply | None:
    return None


@dataclass
class Bench:
    """One hub, one connection after the other; time stands still unless `run` moves it."""

    hub: Hub
    answer: Answering = success
    now: datetime = NOON
    said: list[tuple[datetime, Request]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    timers: dict[str, datetime] = field(default_factory=dict)

    def open(self) -> Bench:
        self.timers.clear()
        self._do(self.hub.opened(self.now))
        return self

    def run(self, seconds: float) -> Bench:
        until = self.now + timedelta(seconds=seconds)
        while self.timers and min(self.timers.values()) <= until:
            name = min(self.timers, key=self.timers.__getitem__)
            self.now = max(self.now, self.timers.pop(name))
            self._do(self.hub.timer(name, self.now))
        self.now = until
        return self

    def away(self, seconds: float) -> Bench:
        """Cut the line and mend it after so long."""
        self.timers.clear()
        self.now += timedelta(seconds=seconds)
        return self.open()

    def kinds(self) -> list[str]:
        return [type(message).__name__ for _, message in self.said]

    def of(self, kind: type[Request]) -> list[Any]:
        return [message for _, message in self.said if type(message) is kind]

    def times(self, kind: type[Request]) -> list[float]:
        return [(at - NOON).total_seconds() for at, each in self.said if type(each) is kind]

    def _do(self, actions: Iterable[Action[Message]]) -> None:
        for action in actions:
            if isinstance(action, SetTimer):
                self.timers[action.name] = self.now + timedelta(seconds=action.seconds)
            elif isinstance(action, Close):
                self.closed.append(action.reason)
            elif isinstance(action, Send):
                assert isinstance(action.message, Request)
                self.said.append((self.now, action.message))
                answer = self.answer(action.message, self.now)
                if answer is not None:
                    self._do(self.hub.received(answer, self.now))


def bench(
    generation: str = "h3",
    *,
    sensors: list[dict[str, Any]] | None = None,
    answer: Answering = success,
    house: House | None = None,
    options: Mapping[str, str] | None = None,
    frozen_at: datetime | None = None,
) -> Bench:
    persona: dict[str, Any] = {"hub": {"generation": generation}}
    if sensors is not None:
        persona["sensor"] = sensors
    context = DeviceContext(
        house or SteadyHouse(), persona, options=options or {}, frozen_at=frozen_at
    )
    return Bench(Hub(context), answer)
