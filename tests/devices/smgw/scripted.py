"""A gateway that answers as a test says, and the reader that talks to it: no network, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from mitmeter.devices.smgw.codec import SmgwCodec
from mitmeter.devices.smgw.headend import Headend
from mitmeter.devices.smgw.messages import Message, Request, Response
from mitmeter.model import DeviceId, Secret, Side
from mitmeter.protocol import (
    Action,
    Close,
    Gaps,
    HeadendContext,
    Identify,
    Recall,
    Report,
    Send,
    SetTimer,
    Undecodable,
)
from tests.devices.smgw.smgw_examples import NOW

Script = Callable[[Request], Response | None]
CHALLENGE = (
    'Digest realm="Conexa", qop="auth", nonce="5f0c1e77a9b34d2286e10badcafe2026", algorithm="MD5"'
)


def nothing_known(device: DeviceId, name: str) -> str | None:
    return None


def no_gaps(
    device: DeviceId, since: datetime, until: datetime, longest: timedelta
) -> tuple[tuple[datetime, datetime], ...]:
    return ()


class Visited:
    """One visit from beginning to end. A script that returns None says nothing, until the reader
    loses patience; bytes in `instead` are said in place of the answer of that number.
    """

    def __init__(
        self,
        script: Script,
        options: Mapping[str, str] | None = None,
        *,
        user: str = "tst-user",
        password: str = "pw",
        recall: Recall = nothing_known,
        gaps: Gaps = no_gaps,
        instead: Mapping[int, bytes] | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.reason: str | None = None
        self.identified: list[DeviceId] = []
        self.reports: list[str] = []
        self.now = NOW
        self._script = script
        self._instead = dict(instead or {})
        context = HeadendContext(
            recall=recall,
            gaps=gaps,
            options=options or {},
            user=user,
            password=Secret(password),
        )
        self._party = Headend(context)
        self._codec = SmgwCodec()
        self._do(self._party.opened(self.now))

    @property
    def actions(self) -> list[str]:
        """Return the actions that were posted to a PPC gateway."""
        bodies = [each.body.decode() for each in self.requests]
        return [
            body.partition("action=")[2].partition("&")[0] for body in bodies if "action=" in body
        ]

    @property
    def logins(self) -> list[str]:
        return [
            value
            for each in self.requests
            for name, value in each.headers
            if name == "Authorization"
        ]

    def _do(self, actions: Iterable[Action[Message]]) -> None:
        """Carry out what the reader wants, and what comes of it."""
        waiting: list[Request] = []
        timers: dict[str, float] = {}
        for action in actions:
            match action:
                case Send(message):
                    assert isinstance(message, Request)
                    # Said as it would be on the wire.
                    self._codec.feed(Side.HEADEND, self._codec.encode(Side.HEADEND, message))
                    self.requests.append(message)
                    waiting.append(message)
                case SetTimer(name, seconds):
                    timers[name] = seconds
                case Close(reason):
                    assert self.reason is None, "closed twice"
                    self.reason = reason
                case Identify(device):
                    self.identified.append(device)
                case Report(event):
                    self.reports.append(event.eventid)
                case _:
                    raise AssertionError(action)
        if self.reason is not None:
            assert not waiting, "something is said after the end"
            return
        assert len(waiting) <= 1, "two requests at once"
        if waiting:
            self._answer(waiting[0], timers)
        elif timers:
            self._ring(next(iter(timers)), next(iter(timers.values())))

    def _answer(self, request: Request, timers: Mapping[str, float]) -> None:
        raw = self._instead.get(len(self.requests))
        if raw is not None:
            for item in self._codec.feed(Side.DEVICE, raw):
                assert isinstance(item, Undecodable)
                self._do(self._party.garbled(item, self.now))
            return
        answer = self._script(request)
        if answer is None:
            self._ring("answer", timers["answer"])
        else:
            self.now += timedelta(seconds=1)
            actions = list(self._party.received(answer, self.now))
            if actions:
                self._do(actions)
            else:
                # Taken for the late answer to what was given up: it goes on waiting.
                self._ring("answer", timers["answer"])

    def _ring(self, name: str, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self._do(self._party.timer(name, self.now))


def logged_in(request: Request) -> bool:
    return any(name == "Authorization" for name, _ in request.headers)


def challenge(text: str = CHALLENGE) -> Response:
    return Response(401, (("WWW-Authenticate", text), ("Content-Length", "0")))


def redirect(location: str) -> Response:
    return Response(307, (("Location", location), ("Content-Length", "0")))
