"""An emulated meter as a party: one request at a time, each answered after as long as a real one.

A real 382 answers after 0.24 to 0.34 s [O]; requests that come meanwhile wait in order. It never
speaks first. What is not for it, not sound or not known is met with silence [A].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from mitmeter.devices.kamstrup.answers import is_for, reply
from mitmeter.devices.kamstrup.messages import Message
from mitmeter.devices.kamstrup.meter import Meter
from mitmeter.devices.kamstrup.persona import read_persona
from mitmeter.model import nanoseconds
from mitmeter.protocol import (
    Action,
    Answer,
    Command,
    DeviceContext,
    Send,
    SetTimer,
    Undecodable,
)

# What a serial port would buffer; beyond that the meter hears nothing [A].
MOST_WAITING = 32

Act = Action[Message]


class EmulatedMeter:
    """One connection to one meter. Every connection of a unit has its own; the memory is shared.

    persona: see `persona`. Raises ConfigError for what cannot be used.
    delay:   of the context: seconds until each answer; 0: answered at once.
    """

    __slots__ = ("_answer", "_context", "_delay", "_meter", "_waiting")

    def __init__(self, context: DeviceContext) -> None:
        persona = read_persona(context.persona)
        self._context = context
        self._meter = Meter(context, persona)
        self._waiting: deque[Message] | None = None
        least, most = persona.timing.answer
        self._delay = (least, most) if context.delay is None else (context.delay, context.delay)

    def opened(self, now: datetime) -> Iterable[Act]:
        self._meter.moment(now)  # a meter that is met for the first time is installed now
        return ()

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        if not is_for(self._meter, message):
            return ()
        if self._delay[1] <= 0:
            return self._said(message, now)
        if self._waiting:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(message)
            return ()
        self._waiting = deque((message,))
        return (SetTimer("answer", self._pause(now)),)

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        if not self._waiting:
            return ()
        said = self._said(self._waiting.popleft(), now)
        if self._waiting:
            said.append(SetTimer("answer", self._pause(now)))
        else:
            self._waiting = None  # an idle connection costs no queue
        return said

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        return (Answer(command.id, False, "an emulated meter takes no commands"),)

    def _said(self, message: Message, now: datetime) -> list[Act]:
        answer = reply(self._meter, message, now)
        return [] if answer is None else [Send(answer)]

    def _pause(self, now: datetime) -> float:
        """Return how long this answer takes, evenly between the least and the most."""
        least, most = self._delay
        key = f"{self._context.seed}/answer/{nanoseconds(now)}".encode()
        share = int.from_bytes(blake2b(key, digest_size=2).digest(), "big") / 65_535
        return least + (most - least) * share
