"""The module's management service as a party: lines in, text out, one at a time.

An answer takes about 0.25 s [H]; there is no prompt, no echo and no login. Commands that restart
the module answer first; then every connection of the unit ends, its meter's port included [O].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.kamstrup.management.commands import obey, restarted
from mitmeter.devices.kamstrup.management.listings import welcome
from mitmeter.devices.kamstrup.management.messages import Line, Message, Spoken, spoken, told
from mitmeter.devices.kamstrup.management.settings import Settings, read_defaults
from mitmeter.devices.kamstrup.persona import read_timing
from mitmeter.protocol import (
    Action,
    Answer,
    Close,
    Command,
    DeviceContext,
    Restart,
    Send,
    SetTimer,
    Undecodable,
)

MOST_WAITING = 32

Act = Action[Message]


class Module:
    """One management connection of one unit; settings live in the unit's memory.

    persona: tables module and timing. Raises ConfigError for what cannot be used.
    """

    __slots__ = ("_delay", "_over", "_restart", "_settings", "_waiting")

    def __init__(self, context: DeviceContext) -> None:
        timing = read_timing(context.persona)
        self._settings = Settings(read_defaults(context.persona), context.memory)
        self._restart = timing.restart
        self._delay = timing.module if context.delay is None else context.delay
        self._waiting: deque[Spoken] = deque()
        self._over = False

    def opened(self, now: datetime) -> Iterable[Act]:
        return self._say(welcome(self._settings))

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        asked = spoken(message) if isinstance(message, Line) else None
        if asked is None or self._over:
            return ()
        if self._delay <= 0:
            return self._answer(asked)
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(asked)
        return (SetTimer("answer", self._delay),) if len(self._waiting) == 1 else ()

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        if not self._waiting or self._over:
            return ()
        acts = self._answer(self._waiting.popleft())
        if self._waiting and not self._over:
            acts.append(SetTimer("answer", self._delay))
        return acts

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        return (Answer(command.id, False, "an emulated module takes no operator's commands"),)

    def _answer(self, asked: Spoken) -> list[Act]:
        outcome = obey(asked, self._settings)
        acts = self._say(outcome.text)
        if outcome.restarts:
            restarted(self._settings)
            acts.append(Restart(self._restart))
        elif outcome.closes:
            acts.append(Close("the client said goodbye"))
        self._over = outcome.restarts or outcome.closes
        return acts

    def _say(self, text: str) -> list[Act]:
        return [Send(line) for line in told(text)]
