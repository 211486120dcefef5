"""One answer of the gateway on its way to those who asked: rewritten where that is called for."""

from __future__ import annotations

from collections.abc import Iterator

from mitmeter.protocol import ReverseEffect, ToClient
from mitmeter.wire.http import Headers, HttpRequest
from mitmeter.wire.http_encode import encode_head
from mitmeter.wire.http_passage import ResponseHead
from mitmeter.wire.http_reverse import (
    Mount,
    may_be_rewritten,
    rewrite_body,
    to_client,
    without_digests,
)

# A page is some kilobytes, a year of billing periods some hundred; larger text passes as it is.
MOST_TEXT = 1_048_576


class Answering:
    """Streams an answer to its listeners, or collects it first when links in it are looked for.

    word: a body to show in place of an empty one.
    said: whether something of it has been said already.
    text: what was collected, to look at.
    size: bytes of the body so far, as the gateway sent it.
    """

    def __init__(
        self,
        head: ResponseHead,
        mount: Mount,
        listeners: list[tuple[int, HttpRequest]],
        word: bytes,
    ) -> None:
        self.head = head
        self.size = 0
        self.said = False
        self.closes = False
        self.text = b""
        self._mount = mount
        self._listeners = listeners
        self._word = word
        self._chunked = False
        small = head.length is None or head.length <= MOST_TEXT
        self._collects = (may_be_rewritten(head.headers) and small) or bool(word)
        self._held = bytearray()

    def begin(self) -> Iterator[ReverseEffect]:
        if not self._collects:
            yield from self._say_head(self.head.length)

    def add(self, data: bytes) -> Iterator[ReverseEffect]:
        self.size += len(data)
        if not self._collects:
            yield from self._say_body(data)
            return
        self._held += data
        if len(self._held) > MOST_TEXT:
            # More than anybody rewrites: from here on as it comes.
            self._collects = False
            yield from self._say_head(self.head.length)
            yield from self._say_body(bytes(self._held))
            self._held.clear()

    def finish(self) -> Iterator[ReverseEffect]:
        if self._collects:
            yield from self._say_collected()
        elif self._chunked:
            for client, _ in self._listeners:
                yield ToClient(client, b"0\r\n\r\n")

    def left(self, client: int) -> None:
        self._listeners = [each for each in self._listeners if each[0] != client]

    def _say_collected(self) -> Iterator[ReverseEffect]:
        self.text = bytes(self._held)
        asked_head = any(request.method == "HEAD" for _, request in self._listeners)
        headers = to_client(self.head.headers, self._mount)
        body = rewrite_body(self.text, self._mount)
        if not body and self._word and not asked_head:
            body = self._word
            headers = tuple(e for e in headers if e[0].lower() != "content-type")
            headers += (("Content-Type", "text/html; charset=utf-8"),)
        if body != self.text:
            headers = without_digests(headers)
        length = self.head.length if asked_head else len(body)
        yield from self._say_head(length, headers)
        if body and not asked_head:
            yield from self._say_body(body)

    def _say_head(
        self, length: int | None, headers: Headers | None = None
    ) -> Iterator[ReverseEffect]:
        self.said = True
        shown = to_client(self.head.headers, self._mount) if headers is None else headers
        old = any(request.version == "1.0" for _, request in self._listeners)
        bodiless = self.head.status in (204, 304)
        if length is not None and not bodiless:
            shown += (("Content-Length", str(length)),)
        elif length is None and not bodiless:
            self._chunked = not old
            self.closes = old
            shown += (("Connection", "close"),) if old else (("Transfer-Encoding", "chunked"),)
        data = encode_head(self.head.status, self.head.reason, shown)
        for client, _ in self._listeners:
            yield ToClient(client, data)

    def _say_body(self, data: bytes) -> Iterator[ReverseEffect]:
        if not data:
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        for client, _ in self._listeners:
            yield ToClient(client, data)
