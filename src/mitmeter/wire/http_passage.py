"""Responses as they come: the head at once, the body piece by piece, of any size.

For who passes a body on without keeping it; `HttpConversation` is for who wants whole messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.http_fields import CHUNKED, NO_BODY, Body, Sized
from mitmeter.wire.http_head import Caps, HeadReader
from mitmeter.wire.http_lines import CRLF, Lines, Refused
from mitmeter.wire.http_message import Headers, HttpResponse, keeps_alive
from mitmeter.wire.http_voices import Exchange, Responses

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?")
_MOST_LINE = 256
_MOST_TRAILER = 8_192
_NO_END = 2**62


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """A response began. length: of its body as decoded, None when only its end will tell."""

    status: int
    reason: str
    version: str
    headers: Headers
    length: int | None


@dataclass(frozen=True, slots=True)
class BodyPart:
    """The next bytes of the body, chunk framing taken off."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ResponseEnd:
    """The response is complete. reusable: the server will answer more on this connection."""

    reusable: bool


Part = ResponseHead | BodyPart | ResponseEnd


class Passage:
    """One connection's responses. Say `asked` for each request before its answer comes.

    Raises: RemoteProtocolError, from `feed` and `end`, for what is no response, or one cut short;
            the connection is of no use then.
    """

    __slots__ = ("_body", "_chunks", "_exchange", "_head", "_held", "_left", "_reader", "_waiting")

    def __init__(self, max_head: int = 65_536) -> None:
        self._exchange = Exchange()
        self._reader = self._new_reader(max_head)
        self._held = bytearray()
        self._head: HttpResponse | None = None
        self._body: Body = NO_BODY
        self._left = 0
        self._chunks: _ChunkFlow | None = None
        self._waiting = 0

    def asked(self, method: str) -> None:
        self._exchange.asked(method)
        self._waiting += 1

    def feed(self, data: bytes) -> list[Part]:
        """Return what these bytes bring."""
        self._held += data
        parts: list[Part] = []
        try:
            while self._advance(parts):
                pass
        except Refused as exc:
            raise RemoteProtocolError(exc.reason) from None
        return parts

    def end(self) -> list[Part]:
        """The server has closed: a body without a length is complete now."""
        if self._head is None:
            if self._held:
                raise RemoteProtocolError(f"closed after {len(self._held)} bytes of a head")
            if self._waiting:
                raise RemoteProtocolError("closed without an answer")
            return []
        if isinstance(self._body, Sized):
            raise RemoteProtocolError(f"closed with {self._left} bytes of the body missing")
        if self._chunks is not None:
            raise RemoteProtocolError("closed in the middle of a body in chunks")
        return [self._finish(reusable=False)]

    # reading

    def _new_reader(self, max_head: int) -> HeadReader[HttpResponse]:
        return HeadReader(Responses(self._exchange), Caps(max_head, _NO_END))

    def _advance(self, parts: list[Part]) -> bool:
        if self._head is None:
            return self._read_head(parts)
        if self._chunks is not None:
            data, over = self._chunks.take(self._held)
            if data:
                parts.append(BodyPart(data))
            if over:
                parts.append(self._finish(reusable=True))
            return over
        data = bytes(self._held[: self._left])
        if not data:
            return False
        del self._held[: len(data)]
        self._left -= len(data)
        parts.append(BodyPart(data))
        if not self._left:
            parts.append(self._finish(reusable=True))
        return not self._left

    def _read_head(self, parts: list[Part]) -> bool:
        if not self._held:
            return False
        if not self._waiting:
            raise RemoteProtocolError("an answer that nobody asked for")
        head = self._reader.read(self._held)
        if head is None:
            return False
        del self._held[: head.size]
        self._reader = self._new_reader(65_536)
        start, self._body = head.start, head.body
        length = self._body.size if isinstance(self._body, Sized) else None
        parts.append(ResponseHead(start.status, start.reason, start.version, head.headers, length))
        if start.status < 200:
            return True  # an interim one: the answer is still to come
        self._head = HttpResponse(b"", start.version, start.status, "", head.headers, b"")
        if self._body == CHUNKED:
            self._chunks = _ChunkFlow()
        else:
            self._left = length if length is not None else _NO_END
            if not self._left:
                parts.append(self._finish(reusable=True))
        return True

    def _finish(self, *, reusable: bool) -> ResponseEnd:
        assert self._head is not None  # noqa: S101 - a body has a head before it
        lasts = reusable and keeps_alive(self._head)
        self._head = self._chunks = None
        self._body, self._left = NO_BODY, 0
        self._waiting -= 1
        return ResponseEnd(lasts)


class _ChunkFlow:
    """Takes the chunk framing off, as it comes."""

    __slots__ = ("_left", "_trailer", "_trailers")

    def __init__(self) -> None:
        self._left = -1  # of the current chunk with its line end; -1: its size is awaited
        self._trailer = False
        self._trailers = 0

    def take(self, held: bytearray) -> tuple[bytes, bool]:
        """Take from what is held what can be understood; tell whether the body is over."""
        out = bytearray()
        while held:
            if self._left > 2:
                part = held[: self._left - 2]
                out += part
                self._left -= len(part)
                del held[: len(part)]
            elif self._left >= 0:
                if not CRLF.startswith(bytes(held[:2])):
                    raise Refused(0, "chunk is longer or shorter than its size")
                if len(held) < 2:
                    break
                del held[:2]
                self._left = -1
            else:
                line = self._line(held)
                if line is None:
                    break
                if self._trailer and not line:
                    return bytes(out), True
                if not self._trailer:
                    self._size(line)
        return bytes(out), False

    def _line(self, held: bytearray) -> bytes | None:
        most = _MOST_TRAILER if self._trailer else _MOST_LINE
        line = Lines(0, CRLF).take(held, most)
        if line is None:
            if len(held) >= most:
                raise Refused(most, f"chunk line of more than {most} bytes")
            return None
        del held[: len(line) + 2]
        if self._trailer:
            self._trailers += len(line) + 2
            if self._trailers > _MOST_TRAILER:
                raise Refused(0, f"trailer of more than {_MOST_TRAILER} bytes")
        return line

    def _size(self, line: bytes) -> None:
        match = _SIZE.fullmatch(line)
        if match is None:
            raise Refused(0, "chunk size is no plain hexadecimal number")
        size = int(match[1], 16)
        if size:
            self._left = size + 2
        else:
            self._trailer = True
