"""Bytes → lines of text, pieces of what is no text, and HTTP where it begins like that.

Each side is judged by its own first bytes: a request's method, or a response's version. HTTP that
breaks its own rules, or goes on in another protocol, is from there on like any other bytes.
"""

from __future__ import annotations

import re

from mitmeter.devices.plain.messages import Line, Message, Piece, Request, Response
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from mitmeter.wire.framing import Garbage
from mitmeter.wire.http import (
    HttpConversation,
    HttpItem,
    HttpRequest,
    HttpResponse,
    encode_request,
    encode_response,
)

MAX_HEAD = 16_384
MAX_BODY = 1_048_576
# The longest line, its end included, and the size of a piece.
LONGEST = 4_096

Item = Decoded[Message] | Undecodable

_METHODS = (b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE")
_OPENINGS = {
    Side.DEVICE: (*(method + b" /" for method in _METHODS), b"CONNECT ", b"OPTIONS *"),
    Side.HEADEND: (b"HTTP/1.",),
}
# A line's end, or what no text holds. Escape is text: terminals colour with it.
_STOP = re.compile(rb"[\x00-\x08\x0a-\x0c\x0e-\x1a\x1c-\x1f\x7f]")
_LF = 0x0A


class PlainCodec:
    """The codec of one conversation. The device's side is whoever opened the connection."""

    __slots__ = ("_http", "_sides")

    def __init__(self) -> None:
        self._http = HttpConversation(client=Side.DEVICE, max_head=MAX_HEAD, max_body=MAX_BODY)
        self._sides = {side: _Plain() for side in Side}

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        plain = self._sides[sender]
        if plain.is_http is None:
            data, plain.opening = plain.opening + data, b""
            plain.is_http = _is_http(sender, data)
            if plain.is_http is None:
                plain.opening = data
                return []
        if plain.is_http:
            return self._by_http(sender, plain, data)
        return plain.feed(data)

    def settle(self, sender: Side) -> list[Item]:
        """Return what is held of that side, unless it is a part of an HTTP message."""
        plain = self._sides[sender]
        if plain.is_http is None:
            plain.is_http = False if plain.opening else None
            opening, plain.opening = plain.opening, b""
            return [*plain.feed(opening), *plain.rest()]
        return [] if plain.is_http else plain.rest()

    def end(self, sender: Side) -> list[Item]:
        plain = self._sides[sender]
        items: list[Item] = []
        if plain.is_http:
            rest = self._http.end(sender)
            items = [*_messages(rest), *plain.feed(_garbage(rest))]
        else:
            items = plain.feed(plain.opening)
        items += plain.rest()
        self._sides[sender] = _Plain()
        return items

    def encode(self, sender: Side, message: Message) -> bytes:
        return encode(sender, message)

    def _by_http(self, sender: Side, plain: _Plain, data: bytes) -> list[Item]:
        http = self._http
        found: list[HttpItem] = []
        if not http.lost(sender):
            found = http.feed(sender, data)
            data = b""
        if not http.lost(sender):
            return _messages(found)
        plain.is_http = False
        found += http.end(sender)
        return [*_messages(found), *plain.feed(_garbage(found) + data)]


class _Plain:
    """One side's bytes where they are not HTTP.

    is_http: None while the first bytes do not tell; those are in `opening`.
    """

    __slots__ = ("_held", "_searched", "_text", "is_http", "opening")

    def __init__(self) -> None:
        self.is_http: bool | None = None
        self.opening = b""
        self._held = bytearray()
        self._searched = 0
        self._text = True

    def feed(self, data: bytes) -> list[Item]:
        """Return the lines that are whole, or the pieces once something was no text."""
        held, items, start = self._held, list[Item](), 0
        held += data
        while len(held) > start:
            size = self._line(start) if self._text else self._piece(start)
            if not size:
                break
            item = _item(bytes(held[start : start + size]), text=self._text)
            self._text = isinstance(item.message, Line)
            items.append(item)
            start += size
            self._searched = start
        del held[:start]
        self._searched -= start
        return items

    def rest(self) -> list[Item]:
        """Return what is held. Text may follow it, whatever it was."""
        raw = bytes(self._held)
        self._held.clear()
        self._searched, self._text = 0, True
        return [_item(raw)] if raw else []

    def _line(self, start: int) -> int:
        """Return the size of the line that begins there; 0 while it is not whole, or none at all,
        which begins a piece.
        """
        held = self._held
        stop = _STOP.search(held, self._searched, start + LONGEST)
        if stop is None:
            self._searched = len(held)
            return LONGEST if len(held) - start >= LONGEST else 0
        if held[stop.start()] == _LF:
            return stop.end() - start
        self._text = False
        return self._piece(start)

    def _piece(self, start: int) -> int:
        return LONGEST if len(self._held) - start >= LONGEST else 0


def _is_http(sender: Side, data: bytes) -> bool | None:
    for opening in _OPENINGS[sender]:
        if data.startswith(opening):
            return True
    return None if any(opening.startswith(data) for opening in _OPENINGS[sender]) else False


def _item(raw: bytes, *, text: bool = True) -> Decoded[Message]:
    said = _text(raw) if text else None
    if said is None:
        return Decoded(raw, Piece(raw))
    ending = ""
    if said.endswith("\n"):
        ending = "\r\n" if said.endswith("\r\n") else "\n"
        said = said[: -len(ending)]
    return Decoded(raw, Line(said, ending))


def _text(raw: bytes) -> str | None:
    odd = _STOP.search(raw)
    if odd is not None and odd.start() != len(raw) - 1:
        return None
    if odd is not None and raw[-1] != _LF:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


# --- HTTP ---


def _messages(found: list[HttpItem]) -> list[Item]:
    return [Decoded(each.raw, _message(each)) for each in found if not isinstance(each, Garbage)]


def _garbage(found: list[HttpItem]) -> bytes:
    return b"".join(each.raw for each in found if isinstance(each, Garbage))


def _message(found: HttpRequest | HttpResponse) -> Request | Response:
    body = _body(found.body)
    if isinstance(found, HttpRequest):
        return Request(found.method, found.target, found.headers, body, found.version)
    return Response(found.status, found.reason, found.headers, body, found.version)


def _body(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


# --- encoding ---


def encode(sender: Side, message: Message) -> bytes:
    """Return the message's bytes. Pure.

    Raises LocalProtocolError for what would not be read as the same message.
    """
    raw = _encoded(message)
    codec = PlainCodec()
    if [*codec.feed(sender, raw), *codec.end(sender)] != [Decoded(raw, message)]:
        raise LocalProtocolError(f"{type(message).__name__} would not be read as what it is")
    return raw


def _encoded(message: Message) -> bytes:
    if isinstance(message, Piece):
        return message.data
    if isinstance(message, Line):
        try:
            return (message.text + message.ending).encode()
        except UnicodeEncodeError as exc:
            raise LocalProtocolError(f"a line that is no text: {exc.reason}") from exc
    body = message.body.encode() if isinstance(message.body, str) else message.body
    if isinstance(message, Request):
        return encode_request(
            message.method, message.target, message.headers, body, message.version
        )
    return encode_response(message.status, message.headers, body, message.reason, message.version)
