"""A reverse proxy before a gateway, sans-IO: many clients, one connection, one request at a time.

Clients may be browsers, pollers, scripts, and wrong or hostile; the gateway is small and easily
offended. So requests are taken whole, checked, put in line fairly, and asked one after the other;
answers are passed on as they come. Source: gateway fact sheet §6 [O, I].
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mitmeter.devices.smgw import pages
from mitmeter.devices.smgw.manners import MOST_TRIES, Logins, Pace, Session, session_of
from mitmeter.devices.smgw.passing import Answering
from mitmeter.devices.smgw.waiting import Ask, Waiting
from mitmeter.errors import LocalProtocolError, RemoteProtocolError
from mitmeter.model import Event, Severity, Side, printable
from mitmeter.protocol import (
    Dial,
    Drop,
    Hang,
    Report,
    ReverseContext,
    ReverseEffect,
    Served,
    SetTimer,
    Throttle,
    ToClient,
    ToServer,
)
from mitmeter.wire.http import (
    Garbage,
    HttpConversation,
    HttpRequest,
    encode_request,
    encode_response,
    header,
    keeps_alive,
    wants_continue,
)
from mitmeter.wire.http_passage import BodyPart, Passage, ResponseEnd, ResponseHead
from mitmeter.wire.http_reverse import Mount, to_server

HEALTH = "/.mitmeter/health"
MOST_BODY = 1_048_576
_ANSWER_SECONDS = 60.0
_WAIT_SECONDS = 60.0
# Theben ends a connection after ten idle minutes (§1.3 [D]); ours ends before.
_IDLE_SECONDS = 480.0
# Shorter than anybody waits in line, so that who waits for a session is not told of silence.
_SESSION_SECONDS = 30.0
_ADDRESS = re.compile(r"(?:[0-9.]+|\[[0-9A-Fa-f:.%]+\])\Z")
_LOCAL = re.compile(
    r"(?:[a-z0-9-]+|.+\.(?:local|lan|home|home\.arpa|internal|localdomain|fritz\.box))\Z"
)
_LOGGED_OUT = re.compile(rb"(?:\A|&)action=logout(?:&|\Z)")
_WRONG_LOGIN = b"Login falsch"


@dataclass(slots=True)
class _Client:
    """One connection of a client. busy: one of its requests is not answered yet."""

    address: str
    http: HttpConversation
    pending: list[HttpRequest]
    busy: bool = False
    ended: bool = False
    closing: bool = False
    full: bool = False


class GatewayReverse:
    """All clients of one gateway."""

    def __init__(self, context: ReverseContext) -> None:
        self._context = context
        options = context.options
        self._pace = Pace(60, float(options.get("pace", "5")))
        self._frames = options.get("frames") == "true"
        self._mark = options.get("cookie-mark", "")
        self._aliases = tuple(
            f"https://{name.strip()}" for name in options.get("aliases", "").split(",") if name
        )
        self._names = {name.lower() for name in context.names}
        self._clients: dict[int, _Client] = {}
        self._waiting = Waiting()
        self._logins = Logins()
        self._session = Session(float(options.get("session", str(_SESSION_SECONDS))))
        self._passage: Passage | None = None  # there is a connection
        self._dialling = False
        self._fresh = True  # nothing was answered on this connection yet
        self._current: Ask | None = None
        self._answering: Answering | None = None
        self._paced = False
        self._throttled = False
        self._trouble = ""
        self._answered_at: datetime | None = None
        self._requests = 0

    # clients

    def arrived(self, client: int, address: str, now: datetime) -> Iterable[ReverseEffect]:
        http = HttpConversation(client=Side.HEADEND, max_body=MOST_BODY, announce_expect=True)
        self._clients[client] = _Client(address, http, [])
        return ()

    def heard(self, client: int, data: bytes, now: datetime) -> Iterable[ReverseEffect]:
        each = self._clients.get(client)
        if each is None or each.closing:
            return
        for item in each.http.feed(Side.HEADEND, data):
            if wants_continue(item):
                if not each.busy:
                    yield ToClient(client, encode_response(100, ()))
            elif isinstance(item, HttpRequest):
                each.pending.append(item)
            elif isinstance(item, Garbage):
                yield from self._not_http(client, each, item.reason)
                return
        yield from self._serve(client, each, now)

    def ended(self, client: int, now: datetime) -> Iterable[ReverseEffect]:
        each = self._clients.get(client)
        if each is not None:
            each.ended = True
            if not each.busy:
                yield Hang(client)

    def left(self, client: int, now: datetime) -> Iterable[ReverseEffect]:
        """Forget the client. What only it waited for is not asked any more; what was asked is."""
        self._clients.pop(client, None)
        for ask in self._waiting.drop(lambda ask: ask.clients == [client]):
            ask.clients.clear()
        if self._answering is not None:
            self._answering.left(client)
        if self._current is not None and client in self._current.clients:
            self._current.clients.remove(client)
        yield from self._throttle()

    def congested(self, client: int, full: bool, now: datetime) -> Iterable[ReverseEffect]:
        each = self._clients.get(client)
        if each is not None:
            each.full = full
        yield from self._throttle()

    def _throttle(self) -> Iterator[ReverseEffect]:
        """Who reads slowly slows down the gateway's answer, not our memory."""
        current = self._current
        slow = current is not None and any(
            self._clients[each].full for each in current.clients if each in self._clients
        )
        if slow != self._throttled:
            self._throttled = slow
            yield Throttle(slow)

    def _not_http(self, client: int, each: _Client, reason: str) -> Iterator[ReverseEffect]:
        each.closing = True
        too_large = "at most" in reason or "more than" in reason
        page = pages.refused(413 if too_large else 400, f"The request is refused: {reason}")
        if not each.busy:
            yield ToClient(client, pages.encode_page(page, closes=True))
            yield Hang(client)

    # requests

    def _serve(self, client: int, each: _Client, now: datetime) -> Iterator[ReverseEffect]:
        """Begin with the client's next request, unless one of its is under way."""
        while each.pending and not each.busy and not each.closing:
            each.busy = True
            yield from self._request(client, each, each.pending.pop(0), now)
        if each.ended and not each.busy:
            yield Hang(client)

    def _request(
        self, client: int, each: _Client, request: HttpRequest, now: datetime
    ) -> Iterator[ReverseEffect]:
        self._requests += 1
        path = request.target.partition("?")[0]
        host = header(request, "Host")
        if not self._is_ours(host):
            yield from self._page(client, request, pages.misdirected(printable(host, 80)), now)
            return
        if path == HEALTH:
            yield from self._say(client, request, self._health(now), 200, now)
            return
        mount = self._mount(host)
        try:
            outgoing = to_server(request, mount)
        except RemoteProtocolError as exc:
            yield from self._page(client, request, pages.refused(501, str(exc)), now)
            return
        sent = {name.lower(): value for name, value in outgoing.headers}
        login = sent.get("authorization", "")
        if login and (seconds := self._logins.locked(now)):
            page = pages.locked(seconds, self._logins.failures)
            yield from self._page(client, request, page, now)
            return
        key = ""
        if request.method == "GET" and not request.body:
            parts = (request.target, request.version, mount.public, login, sent.get("cookie", ""))
            key = "\n".join(parts)
        alike = self._alike(key)
        if alike is not None:
            alike.clients.append(client)
            return
        session = session_of(sent.get("cookie", ""))
        ask = Ask(each.address, request, outgoing, mount, now, [client], key, session)
        if not self._waiting.add(ask):
            yield from self._page(client, request, pages.busy(len(self._waiting)), now)
            return
        yield SetTimer("waiting", _WAIT_SECONDS)
        yield from self._next(now)

    def _alike(self, key: str) -> Ask | None:
        """Return who asks for the very same and has not been answered to yet."""
        if not key:
            return None
        current = self._current
        if current is not None and current.key == key and self._answering is None:
            return current
        return self._waiting.like(key)

    def _is_ours(self, host: str) -> bool:
        """Tell whether a Host is one a browser of this house would use.

        Any name of the Internet may lead here in a page's eyes (DNS rebinding), so those are none.
        """
        name = host.lower()
        if not name.startswith("["):
            name = name.partition(":")[0]
        else:
            name = name.partition("]")[0] + "]"
        if name in self._names:
            return True
        return bool(_ADDRESS.match(name) or _LOCAL.match(name))

    def _mount(self, host: str) -> Mount:
        scheme = "https" if self._context.secure else "http"
        return Mount(
            self._context.server, f"{scheme}://{host}", self._aliases, self._mark, self._frames
        )

    # the gateway

    def _next(self, now: datetime) -> Iterator[ReverseEffect]:
        """Ask what is next in line, if the gateway is free and wants to be asked."""
        if self._current is not None or self._dialling or self._paced or not len(self._waiting):
            return
        ask = self._waiting.take(lambda ask: self._session.free_for(ask.session, now))
        if ask is None:
            yield SetTimer("session", max(0.1, self._session.left_in(now)))
            return
        if wait := self._pace.wait(now):
            self._waiting.first(ask)
            self._paced = True
            yield SetTimer("pace", wait)
            return
        self._current = ask
        if self._passage is None:
            self._dialling = True
            yield Dial()
        else:
            yield from self._ask(ask, now)

    def _ask(self, ask: Ask, now: datetime) -> Iterator[ReverseEffect]:
        assert self._passage is not None  # noqa: S101 - connected before
        ask.tries += 1
        self._answering = None
        outgoing = ask.outgoing
        try:
            data = encode_request(outgoing.method, outgoing.target, outgoing.headers, outgoing.body)
        except LocalProtocolError as exc:
            yield from self._instead(pages.refused(400, str(exc)), now)
            return
        self._passage.asked(outgoing.method)
        self._session.touched(ask.session, now)
        yield ToServer(data)
        yield SetTimer("answer", _ANSWER_SECONDS)

    def connected(self, now: datetime) -> Iterable[ReverseEffect]:
        self._dialling = False
        self._passage, self._fresh, self._trouble = Passage(), True, ""
        if self._current is not None:
            yield from self._ask(self._current, now)
        else:
            yield from self._next(now)

    def failed(self, kind: str, reason: str, now: datetime) -> Iterable[ReverseEffect]:
        """Tell everybody who waits: what fails for one now fails for all."""
        self._dialling = False
        self._passage = None
        self._trouble = reason
        page = pages.unreachable(kind, reason, self._context.server)
        asks = self._waiting.drop(lambda ask: True)
        if self._current is not None:
            asks.insert(0, self._current)
            self._current = None
        for ask in asks:
            yield from self._page_for(ask, page, now)

    def answered(self, data: bytes, now: datetime) -> Iterable[ReverseEffect]:
        if self._passage is None:
            return
        try:
            parts = self._passage.feed(data)
        except RemoteProtocolError as exc:
            yield from self._broken(str(exc), now)
            return
        yield SetTimer("answer", _ANSWER_SECONDS)
        for part in parts:
            yield from self._part(part, now)
        yield from self._throttle()

    def closed(self, now: datetime) -> Iterable[ReverseEffect]:
        passage, self._passage = self._passage, None
        if passage is None:
            return
        ask = self._current
        unanswered = ask is not None and self._answering is None
        try:
            for part in passage.end():
                yield from self._part(part, now)
        except RemoteProtocolError as exc:
            # A kept connection may have ended before our words arrived: that is nobody's fault.
            if unanswered and ask is not None and not self._fresh and _may_repeat(ask):
                self._dialling = True
                yield Dial()
                return
            yield from self._broken(str(exc), now)

    def _part(self, part: object, now: datetime) -> Iterator[ReverseEffect]:
        ask = self._current
        if ask is None:
            return
        if isinstance(part, ResponseHead):
            if part.status < 200:
                return
            self._answered_at = now
            self._judge(ask, part, now)
            self._answering = Answering(part, ask.mount, self._listeners(ask), self._word(part))
            yield from self._answering.begin()
        elif isinstance(part, BodyPart) and self._answering is not None:
            yield from self._answering.add(part.data)
        elif isinstance(part, ResponseEnd) and self._answering is not None:
            yield from self._complete(ask, self._answering, part, now)

    def _listeners(self, ask: Ask) -> list[tuple[int, HttpRequest]]:
        return [(each, ask.request) for each in ask.clients if each in self._clients]

    def _judge(self, ask: Ask, head: ResponseHead, now: datetime) -> None:
        """Learn of logins and sessions from an answer's head."""
        login = any(name.lower() == "authorization" for name, _ in ask.outgoing.headers)
        if login and head.status == 401:
            stale = any(
                name.lower() == "www-authenticate" and "stale=true" in value.lower()
                for name, value in head.headers
            )
            if not stale:
                self._logins.refused(now)
        elif login and head.status < 400:
            self._logins.accepted()
        for name, value in head.headers:
            if name.lower() == "set-cookie" and (session := session_of(value)):
                self._session.begun(session, now)
        if ask.request.method == "POST" and _LOGGED_OUT.search(ask.request.body):
            self._session.over()

    def _word(self, head: ResponseHead) -> bytes:
        """Return what a person is shown in place of an empty refusal."""
        if head.status != 401 or not self._logins.failures:
            return b""
        tries = min(self._logins.failures, MOST_TRIES)
        page = pages.encode_page(pages.wrong_login(tries, MOST_TRIES))
        return page.partition(b"\r\n\r\n")[2]

    def _complete(
        self, ask: Ask, answering: Answering, end: ResponseEnd, now: datetime
    ) -> Iterator[ReverseEffect]:
        yield from answering.finish()
        if _WRONG_LOGIN in answering.text:
            self._logins.refused(now)
        self._current = self._answering = None
        self._fresh = False
        if end.reusable:
            yield SetTimer("idle", _IDLE_SECONDS)
        elif self._passage is not None:
            self._passage = None
            yield Drop("the gateway wants a new connection")
        for client in ask.clients:
            yield self._served(ask, client, answering.head.status, answering.size, now)
            yield from self._done(client, ask.request, now, closes=answering.closes)
        yield from self._next(now)

    def _broken(self, reason: str, now: datetime) -> Iterator[ReverseEffect]:
        """The answer cannot be finished: say so where nothing was said yet, else hang up."""
        self._trouble = reason
        if self._passage is not None:
            self._passage = None
            yield Drop(reason)
        yield Report(
            Event(
                "mitmeter.gateway.broken",
                now,
                f"the gateway broke off an answer: {printable(reason)}",
                Severity.WARNING,
            )
        )
        yield from self._instead(pages.broken(reason), now)

    def _instead(self, page: pages.Page, now: datetime) -> Iterator[ReverseEffect]:
        """Give the current request our own answer, or what is left of one: an early end."""
        ask, answering = self._current, self._answering
        self._current = self._answering = None
        if ask is None:
            return
        if answering is not None and answering.said:
            for client in ask.clients:
                yield self._served(ask, client, answering.head.status, answering.size, now)
                each = self._clients.get(client)
                if each is not None:
                    each.closing = True
                    yield Hang(client)
        else:
            yield from self._page_for(ask, page, now)
        yield from self._next(now)

    # time

    def timer(self, name: str, now: datetime) -> Iterable[ReverseEffect]:
        if name == "pace":
            self._paced = False
            yield from self._next(now)
        elif name == "session":
            yield from self._next(now)
        elif name == "answer" and self._current is not None and self._passage is not None:
            self._passage = None
            yield Drop("no answer in time")
            yield from self._instead(pages.silent(_ANSWER_SECONDS), now)
        elif name == "idle" and self._current is None and self._passage is not None:
            self._passage = None
            yield Drop("idle")
        elif name == "waiting":
            yield from self._give_up(now)

    def _give_up(self, now: datetime) -> Iterator[ReverseEffect]:
        late = self._waiting.drop(
            lambda ask: (now - ask.arrived).total_seconds() >= _WAIT_SECONDS - 0.001
        )
        for ask in late:
            held = not self._session.free_for(ask.session, now)
            seconds = max(1, int(self._session.left_in(now)))
            page = pages.session_held(seconds) if held else pages.silent(_WAIT_SECONDS)
            yield from self._page_for(ask, page, now)
        if len(self._waiting):
            yield SetTimer("waiting", 1.0)

    # answers of our own

    def _page_for(self, ask: Ask, page: pages.Page, now: datetime) -> Iterator[ReverseEffect]:
        for client in list(ask.clients):
            if client in self._clients:
                yield from self._page(client, ask.request, page, now, ask.arrived)

    def _page(
        self,
        client: int,
        request: HttpRequest,
        page: pages.Page,
        now: datetime,
        arrived: datetime | None = None,
    ) -> Iterator[ReverseEffect]:
        data = pages.encode_page(page, head_only=request.method == "HEAD")
        yield from self._say(client, request, data, page.status, now, arrived)

    def _say(
        self,
        client: int,
        request: HttpRequest,
        data: bytes,
        status: int,
        now: datetime,
        arrived: datetime | None = None,
    ) -> Iterator[ReverseEffect]:
        yield ToClient(client, data)
        address = self._clients[client].address
        seconds = (now - (arrived or now)).total_seconds()
        yield Served(
            address, request.method, _shown(request.target), status, len(data), seconds, True
        )
        yield from self._done(client, request, now)

    def _done(
        self, client: int, request: HttpRequest, now: datetime, *, closes: bool = False
    ) -> Iterator[ReverseEffect]:
        """One of the client's requests is answered: on to its next, or to the end."""
        each = self._clients.get(client)
        if each is None:
            return
        each.busy = False
        if closes or not keeps_alive(request) or each.closing:
            each.closing = True
            yield Hang(client)
        else:
            yield from self._serve(client, each, now)

    def _served(self, ask: Ask, client: int, status: int, size: int, now: datetime) -> Served:
        each = self._clients.get(client)
        return Served(
            ask.address if each is None else each.address,
            ask.request.method,
            _shown(ask.request.target),
            status,
            size,
            (now - ask.arrived).total_seconds(),
            False,
        )

    def _health(self, now: datetime) -> bytes:
        """Return how things stand, for people's eyes and for monitoring alike."""
        body = json.dumps(
            {
                "ok": not self._trouble,
                "gateway": self._context.server,
                "connected": self._passage is not None,
                "trouble": self._trouble,
                "last_answer": (
                    None if self._answered_at is None else self._answered_at.isoformat()
                ),
                "clients": len(self._clients),
                "waiting": len(self._waiting),
                "requests": self._requests,
                "logins_held_back_seconds": self._logins.locked(now),
                "session_open": bool(self._session.value) and self._session.left_in(now) > 0,
            },
            indent=1,
        ).encode()
        return encode_response(
            200, (("Content-Type", "application/json"), ("Cache-Control", "no-store")), body
        )


def _may_repeat(ask: Ask) -> bool:
    return ask.request.method in ("GET", "HEAD") and ask.tries < 2


def _shown(target: str) -> str:
    """Return a path for the log: no query, and nothing in it that names a user or a meter."""
    path = printable(target.partition("?")[0], 120)
    return re.sub(r"[^/]+\.sm\b", "….sm", path)
