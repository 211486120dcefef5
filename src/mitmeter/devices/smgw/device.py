"""An emulated gateway as a party: one request after the other, each answered after as long as a
real one takes.

TLS connections come and go; logins, sessions and what has happened lie in the unit's memory, so
every connection finds them. Source of the times: fact sheet §1.3, §2.6, §3.6 [D/O].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from mitmeter.devices.smgw.emulated.emh import Emh
from mitmeter.devices.smgw.emulated.login import header
from mitmeter.devices.smgw.emulated.make import Make, Outcome, Site, reply
from mitmeter.devices.smgw.emulated.mood import Mood, Moods
from mitmeter.devices.smgw.emulated.persona import read_persona
from mitmeter.devices.smgw.emulated.ppc import Ppc
from mitmeter.devices.smgw.emulated.theben import Theben
from mitmeter.devices.smgw.messages import Message, Request
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

# Requests of one connection that wait for their turn; who sends more is cut off [A].
MOST_WAITING = 32

Act = Action[Message]
_MAKES: Mapping[str, Callable[[Site], Make]] = {"theben": Theben, "ppc": Ppc, "emh": Emh}


class EmulatedGateway:
    """One connection to one gateway; the persona says of which make.

    context.user, context.password: the login of its first account, where given.
    context.options: any switch of `switches`, as `switch` or `table.switch`.
    context.delay: seconds until each answer, instead of the persona's times; 0: answered at once.
    Raises: ConfigError, naming the key, for what cannot be used.
    """

    def __init__(self, context: DeviceContext) -> None:
        persona = read_persona(context.persona, context.options)
        site = Site(context, persona)
        self._make = _MAKES[persona.make](site)
        self._moods = Moods(persona.switches.misbehaviour, site.notes("mood"))
        self._timing = persona.switches.timing
        self._delay = context.delay
        self._waiting: deque[Request] = deque()
        self._busy = False
        self._over = False
        self._answered = 0

    def opened(self, now: datetime) -> Iterable[Act]:
        timers = (
            ("idle", self._timing.idle_seconds),
            ("longest", self._timing.longest_seconds),
        )
        return [SetTimer(name, float(seconds)) for name, seconds in timers if seconds]

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        if self._over or not isinstance(message, Request):
            return ()
        if len(self._waiting) >= MOST_WAITING:
            return self._end("too many requests at once")
        self._waiting.append(message)
        if self._busy:
            return ()
        pause = self._pause()
        if pause <= 0:
            return self._next(now)
        self._busy = True
        return (SetTimer("answer", pause),)

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        if self._over:
            return ()
        if name == "answer":
            self._busy = False
            return self._next(now)
        if name == "idle" and (self._busy or self._waiting):
            return (SetTimer("idle", float(self._timing.idle_seconds)),)
        return self._end(f"{name}: the gateway cuts its connections after a while")

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        if self._over:
            return ()
        response = reply(400).response
        assert response is not None  # noqa: S101 - reply() always says something
        return [Send(response), *self._end("what was asked is no HTTP")]

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        return (Answer(command.id, False, "an emulated gateway takes no commands"),)

    # --- one request

    def _next(self, now: datetime) -> list[Act]:
        """Answer the request that has waited longest, and see to the one after it."""
        if not self._waiting:
            return []
        request = self._waiting.popleft()
        mood = self._moods.asked(now)
        if mood is Mood.HANGS:
            # Nothing is ever said again on this connection, and it stays open.
            self._waiting.clear()
            return []
        if mood is Mood.DROPS:
            return self._end("closed without an answer")
        self._answered += 1
        said = self._said(self._make.answer(request, now), request)
        if self._waiting and not self._over:
            pause = self._pause()
            if pause <= 0:
                return [*said, *self._next(now)]
            self._busy = True
            said.append(SetTimer("answer", pause))
        return said

    def _said(self, outcome: Outcome, request: Request) -> list[Act]:
        said: list[Act] = []
        if outcome.response is not None:
            bodiless = request.method == "HEAD"
            said.append(Send(replace(outcome.response, body=b"") if bodiless else outcome.response))
        if outcome.restart:
            said.append(Restart(outcome.restart))
        if outcome.close:
            return [*said, *self._end(outcome.close)]
        if not _keeps_alive(request):
            return [*said, *self._end("as the client wishes")]
        if self._timing.idle_seconds:
            said.append(SetTimer("idle", float(self._timing.idle_seconds)))
        return said

    def _end(self, reason: str) -> list[Act]:
        self._over = True
        self._waiting.clear()
        return [Close(reason)]

    def _pause(self) -> float:
        if self._delay is not None:
            return self._delay
        return self._timing.each if self._answered else self._timing.first


def _keeps_alive(request: Request) -> bool:
    wishes = {each.strip().lower() for each in header(request, "Connection").split(",")}
    if "close" in wishes:
        return False
    return request.version == "1.1" or "keep-alive" in wishes
