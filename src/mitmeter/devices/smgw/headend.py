"""The reader of a gateway: logs in, reads what its make offers, logs out, and ends.

One conversation is one visit over one connection; one request at a time. What is asked in which
order is a visit's (`visit_*.py`); here are login, cookies, patience, and the end. It ends by
`Close(READ)`; any other reason is a sentence that says what went wrong. Options: `wanted.py`.

A wrong login is tried once and not again: gateways lock accounts. The one exception is an account
that refuses the SHA-256 it asked for, which is answered by MD5 once [O].
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import datetime

from mitmeter.devices.smgw import visit_emh, visit_ppc, visit_theben
from mitmeter.devices.smgw.asking import Ask, Trouble, Visit
from mitmeter.devices.smgw.login import Jar, Login
from mitmeter.devices.smgw.messages import Message, Request, Response
from mitmeter.devices.smgw.visit import Stay, find
from mitmeter.devices.smgw.wanted import wanted
from mitmeter.model import Event, Severity, printable
from mitmeter.protocol import (
    READ,
    Action,
    Answer,
    Close,
    Command,
    HeadendContext,
    Report,
    Send,
    SetTimer,
    Undecodable,
)

Act = Action[Message]

_VISITS: Mapping[str, Callable[[Stay], Visit]] = {
    "theben": visit_theben.read,
    "ppc": visit_ppc.read,
    "emh": visit_emh.read,
}
# Nonces end after minutes; one that ends twice for one request is something else.
_MOST_RENEWALS = 2
# A logout into a stream that can no longer be read: it is said, and nothing waited for.
_DEAF_SECONDS = 1.0
_REFUSED = (
    "the gateway refuses user and password: they are taken letter by letter, so look for a full "
    "stop or a blank at the end; after some wrong tries it locks the login for minutes"
)
_STOPPED = "mitmeter stops"
_CLOSED = "the gateway ends the connection before everything has been read"
_NO_USER = "the gateway wants a login: give --user and --password-file"


class Headend:
    """Reads one gateway in one conversation. Raises ConfigError for options it cannot use."""

    def __init__(self, context: HeadendContext) -> None:
        self._want = want = wanted(context.options)
        self._login = Login(context.user, context.password, want.seed, want.cnonce)
        self._jar = Jar()
        self._context = context
        self._stay: Stay | None = None
        self._visit: Generator[Ask, Response, None] | None = None
        self._current: Ask | None = None
        self._next: Ask | None = None
        self._said_login = False
        self._renewals = 0
        self._late = 0  # answers still to come that nobody waits for any more
        self._deaf = False
        self._closed = False  # the gateway ends the connection after its last answer
        self._over = False

    # the conversation

    def opened(self, now: datetime) -> Iterable[Act]:
        self._stay = stay = Stay(self._context, self._want, now)
        stay.has_session = lambda: bool(self._jar)
        stay.forget_session = self._jar.clear
        self._visit = visit = _whole(stay)
        return self._advance(lambda: next(visit), now)

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        if isinstance(message, Request) or (message.status < 200 and message.status != 101):
            return ()
        if self._late:
            self._late -= 1
            return ()
        ask = self._current
        if self._over or ask is None:
            return ()
        self._current = None
        self._jar.take(message.headers)
        self._closed = _closes(message)
        try:
            again = self._answered(ask, message, now)
        except Trouble as trouble:
            return self._throw(trouble, now)
        return again if again is not None else self._hand_over(message, now)

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        if self._over:
            return ()
        if name == "next" and self._next is not None:
            waiting, self._next = self._next, None
            return self._say(waiting, now)
        ask = self._current
        if name != "answer" or ask is None:
            return ()
        self._current = None
        self._late += 1
        return self._throw(Trouble(f"the gateway did not answer within {ask.seconds:g} s"), now)

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        if self._over or self._deaf:
            return ()
        self._deaf, self._current, self._next = True, None, None
        return self._throw(
            Trouble(f"what comes is no sound HTTP: {printable(item.reason, 120)}"), now
        )

    def leaving(self, now: datetime) -> Iterable[Act]:
        """We are told to stop: log out where we are logged in, for there is one session only."""
        if self._over or self._visit is None:
            return [Close(_STOPPED)]
        self._late += self._current is not None
        self._current = self._next = None
        return self._throw(Trouble(_STOPPED), now)

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        return (Answer(command.id, False, "a gateway takes no commands at its consumer interface"),)

    # the visit

    def _advance(self, step: Callable[[], Ask], now: datetime) -> list[Act]:
        stay = self._stay
        assert stay is not None  # noqa: S101 - set when opened
        stay.now = now
        try:
            ask = step()
        except StopIteration:
            return [*self._waiting(stay), *self._end(READ)]
        except Trouble as trouble:
            return [*self._waiting(stay), *self._end(str(trouble))]
        said = self._waiting(stay)
        if self._want.pace > 0 and not self._deaf:
            self._next = ask
            return [*said, SetTimer("next", self._want.pace)]
        return [*said, *self._say(ask, now)]

    def _hand_over(self, answer: Response, now: datetime) -> list[Act]:
        visit = self._visit
        assert visit is not None  # noqa: S101 - set when opened
        return self._advance(lambda: visit.send(answer), now)

    def _throw(self, trouble: Trouble, now: datetime) -> list[Act]:
        """Tell the visit; it may want to log out first."""
        visit = self._visit
        assert visit is not None  # noqa: S101 - set when opened
        return self._advance(lambda: visit.throw(trouble), now)

    @staticmethod
    def _waiting(stay: Stay) -> list[Act]:
        said = stay.said[:]
        stay.said.clear()
        return said

    def _end(self, reason: str) -> list[Act]:
        self._over = True
        return [Close(reason)]

    # one request

    def _say(self, ask: Ask, now: datetime) -> list[Act]:
        self._renewals = 0
        return self._send(ask, now)

    def _send(self, ask: Ask, now: datetime) -> list[Act]:
        if self._closed:
            return self._end(_CLOSED)
        try:
            login = "" if ask.plain else self._login.text_for(ask.method, ask.target)
        except Trouble as trouble:
            return self._throw(trouble, now)
        self._said_login = bool(login)
        headers = [("Host", self._want.host), *ask.headers]
        if ask.body or ask.headers:
            # A missing length is met with nonsense; so it is said even where there is no body [O].
            headers.append(("Content-Length", str(len(ask.body))))
        if self._jar and not ask.plain:
            headers.append(("Cookie", self._jar.text()))
        if login:
            headers.append(("Authorization", login))
        self._current = ask
        seconds = _DEAF_SECONDS if self._deaf else ask.seconds
        request = Request(ask.method, ask.target, tuple(headers), ask.body)
        return [Send(request), SetTimer("answer", seconds)]

    def _answered(self, ask: Ask, answer: Response, now: datetime) -> list[Act] | None:
        """Return what to say again, None for an answer that is the visit's. Raises Trouble."""
        if answer.status == 401:
            return self._challenged(ask, answer, now)
        if not self._said_login:
            return None
        empty = answer.status == 200 and not answer.body.strip()
        if empty and not self._login.accepted and self._login.can_downgrade:
            return self._downgrade(ask, now)
        if answer.status < 400 and not empty:
            self._login.taken()
        return None

    def _challenged(self, ask: Ask, answer: Response, now: datetime) -> list[Act] | None:
        login = self._login
        was_good = login.accepted
        refused = self._said_login and not was_good
        challenge = login.challenged(answer, ask.target, now)
        if ask.plain:
            return None
        if not login.has_user:
            raise Trouble(_NO_USER, login=True)
        if not refused or challenge.stale:
            self._renewals += 1
            if self._renewals > _MOST_RENEWALS:
                raise Trouble("the gateway asks for the same login again and again", login=True)
            return self._send(ask, now)
        if login.can_downgrade:
            return self._downgrade(ask, now)
        raise Trouble(_REFUSED, login=True)

    def _downgrade(self, ask: Ask, now: datetime) -> list[Act]:
        self._login.downgrade()
        event = Event(
            "mitmeter.smgw.login.md5",
            now,
            "the gateway refuses the SHA-256 login it asked for; it is answered by MD5 once",
            Severity.NOTICE,
        )
        return [Report(event), *self._send(ask, now)]


def _whole(stay: Stay) -> Visit:
    """Find out which make it is, and read it."""
    make = stay.want.dialect or (yield from find(stay))
    yield from _VISITS[make](stay)


def _closes(answer: Response) -> bool:
    """Tell whether the gateway ends the connection after this answer."""
    wishes = {
        word.strip().lower()
        for name, value in answer.headers
        if name.lower() == "connection"
        for word in value.split(",")
    }
    return "close" in wishes or (answer.version == "1.0" and "keep-alive" not in wishes)
