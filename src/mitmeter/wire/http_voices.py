"""What sets requests and responses apart: how they begin, and how long their body is."""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from typing import ClassVar, Protocol, TypeVar

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.http_fields import NO_BODY, TEXT, TOKEN, UNTIL_CLOSE, Body, Sense
from mitmeter.wire.http_lines import Refused
from mitmeter.wire.http_message import Headers, HttpRequest, HttpResponse

MAX_METHOD = 32
# Requests without an answer yet. Who pipelines more than this does not mean it well.
MAX_UNANSWERED = 1024

TARGET = rb"[\x21-\x7e\x80-\xff]"
_METHOD = re.compile(TOKEN + rb"{0,%d}" % MAX_METHOD)
_REQUEST = re.compile(rb"(" + TOKEN + rb"+) (" + TARGET + rb"+) HTTP/([0-9]\.[0-9])")
_STATUS = re.compile(rb"HTTP/([0-9]\.[0-9]) ([1-9][0-9][0-9])(?: (" + TEXT + rb"*))?")
_VERSIONS = (b"1.1", b"1.0")
_RESPONSE_BEGINS = b"HTTP/"
_TLS_HANDSHAKE = 0x16
_SPACE = 0x20

# Their answers have no body: spelt otherwise, half of the world would expect one.
SPECIAL = frozenset({"HEAD", "CONNECT"})

H = TypeVar("H", HttpRequest, HttpResponse)


class Exchange:
    """What the two sides must know of each other: which requests wait for an answer, and whether
    the conversation has gone on in another protocol (`over`).
    """

    __slots__ = ("_lost", "_unanswered", "over")

    def __init__(self) -> None:
        self._unanswered: deque[str] = deque()
        self._lost = False
        self.over = False

    @property
    def ordinary(self) -> bool:
        """Whether the next answer's body is what its fields say."""
        waiting = self._unanswered
        return not self._lost and not (waiting and waiting[0] in SPECIAL)

    def asked(self, method: str) -> None:
        """A request's head is there."""
        if len(self._unanswered) < MAX_UNANSWERED:
            self._unanswered.append(method)
        else:
            self._lost = True

    def answered(self, status: int) -> str:
        """A response's head is there: return the method it answers, "" when nobody asked.

        Raises RemoteProtocolError when there is no telling.
        """
        if self._lost:
            raise RemoteProtocolError(f"an answer after more than {MAX_UNANSWERED} open requests")
        if not self._unanswered:
            return ""
        interim = status < 200 and status != 101
        return self._unanswered[0] if interim else self._unanswered.popleft()


class Voice(Protocol[H]):
    """How one side speaks; `asks` tells which one it is."""

    asks: ClassVar[bool]

    def check_opening(self, held: bytearray, at: int, limit: int) -> None:
        """Raise Refused as soon as the bytes from `at` to `limit` cannot begin a message."""
        ...

    def begin(self, line: bytes) -> H:
        """Return a message with the first line's content only. Raises RemoteProtocolError."""
        ...

    def body(self, head: H, fields: Sense, max_body: int) -> Body:
        """The head is complete: return the body that follows. Raises RemoteProtocolError."""
        ...

    def plain(self, head: H, fields: Sense, body_size: int) -> bool:
        """Tell whether the body is sure to be these so many bytes, whatever was said before."""
        ...

    def oddity(self, head: H, fields: Sense) -> str:
        """Return what is odd about such a head, "" when nothing is."""
        ...

    def whole(self, head: H, raw: bytes, headers: Headers, body: bytes, problem: str) -> H:
        """Return the message, now that all of it is there."""
        ...


class Requests:
    """The client's voice."""

    __slots__ = ("_exchange",)
    asks: ClassVar[bool] = True

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def check_opening(self, held: bytearray, at: int, limit: int) -> None:
        match = _METHOD.match(held, at, limit)
        end = match.end() if match else at
        if end >= min(len(held), limit):
            return
        if end == at:
            tls = held[at] == _TLS_HANDSHAKE
            raise Refused(at + 1, "looks like TLS" if tls else "does not begin like a request")
        if held[end] != _SPACE:
            raise Refused(end + 1, "does not begin with a method")

    def begin(self, line: bytes) -> HttpRequest:
        return _request_line(line)

    def body(self, head: HttpRequest, fields: Sense, max_body: int) -> Body:
        body = _declared(head, fields, max_body) or NO_BODY
        if head.method == "CONNECT" and body != NO_BODY:
            raise RemoteProtocolError("CONNECT with a body")
        self._exchange.asked(head.method)
        return body

    def plain(self, head: HttpRequest, fields: Sense, body_size: int) -> bool:
        return head.method != "CONNECT" and (fields.length or 0) == body_size

    def oddity(self, head: HttpRequest, fields: Sense) -> str:
        return "" if fields.hosts or head.version == "1.0" else "no Host"

    def whole(
        self, head: HttpRequest, raw: bytes, headers: Headers, body: bytes, problem: str
    ) -> HttpRequest:
        return HttpRequest(raw, head.method, head.target, head.version, headers, body, problem)


class Responses:
    """The server's voice."""

    __slots__ = ("_exchange",)
    asks: ClassVar[bool] = False

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def check_opening(self, held: bytearray, at: int, limit: int) -> None:
        opening = held[at : min(at + len(_RESPONSE_BEGINS), limit)]
        for index, byte in enumerate(opening):
            if byte != _RESPONSE_BEGINS[index]:
                tls = index == 0 and byte == _TLS_HANDSHAKE
                reason = "looks like TLS" if tls else "does not begin like a response"
                raise Refused(at + index + 1, reason)

    def begin(self, line: bytes) -> HttpResponse:
        return _status_line(line)

    def body(self, head: HttpResponse, fields: Sense, max_body: int) -> Body:
        exchange, status = self._exchange, head.status
        method = exchange.answered(status)
        if method == "CONNECT" and 200 <= status < 300:
            exchange.over = True
            return NO_BODY
        if method == "HEAD" or status == 304:
            return NO_BODY  # the fields tell of the body it would have had
        if status < 200 or status == 204:
            if (fields.body or NO_BODY) != NO_BODY:
                raise RemoteProtocolError(f"status {status} with a body")
            exchange.over = exchange.over or status == 101
            return NO_BODY
        return _declared(head, fields, max_body) or UNTIL_CLOSE

    def plain(self, head: HttpResponse, fields: Sense, body_size: int) -> bool:
        ordinary = self._exchange.ordinary and head.status not in (204, 304)
        return ordinary and head.status >= 200 and fields.length == body_size

    def oddity(self, head: HttpResponse, fields: Sense) -> str:
        return ""

    def whole(
        self, head: HttpResponse, raw: bytes, headers: Headers, body: bytes, problem: str
    ) -> HttpResponse:
        return HttpResponse(raw, head.version, head.status, head.reason, headers, body, problem)


# A device says the same line again and again.
@lru_cache(maxsize=64)
def _request_line(line: bytes) -> HttpRequest:
    match = _REQUEST.fullmatch(line)
    if match is None:
        raise RemoteProtocolError("request line is not METHOD target HTTP/1.1")
    method = match[1].decode("latin-1")
    if method not in SPECIAL and method.upper() in SPECIAL:
        raise RemoteProtocolError(f"method {method} is not spelt {method.upper()}")
    target = match[2].decode("latin-1")
    return HttpRequest(b"", method, target, _version(match[3]), (), b"")


@lru_cache(maxsize=64)
def _status_line(line: bytes) -> HttpResponse:
    match = _STATUS.fullmatch(line)
    if match is None:
        raise RemoteProtocolError("status line is not HTTP/1.1 and a status of three digits")
    reason = (match[3] or b"").decode("latin-1")
    return HttpResponse(b"", _version(match[1]), int(match[2]), reason, (), b"")


def _version(sent: bytes) -> str:
    if sent not in _VERSIONS:
        raise RemoteProtocolError(f"HTTP version {sent.decode()} is neither 1.1 nor 1.0")
    return sent.decode()


def _declared(head: HttpRequest | HttpResponse, fields: Sense, max_body: int) -> Body | None:
    """Return the body the fields describe, None when they describe none."""
    if fields.chunked and head.version == "1.0":
        raise RemoteProtocolError("chunks in HTTP/1.0, which has none")
    if fields.length is not None and fields.length > max_body:
        raise RemoteProtocolError(f"body of {fields.length} bytes, at most {max_body} are taken")
    return fields.body
