"""The ordinary case, by httptools: exactly one whole, plain message in one read.

Takes less than the careful reader does, never more and never otherwise: what it does not take is
read again with care. The pattern decides what is plain, for llhttp is both stricter (names of
methods, targets) and laxer (control characters, blanks) than the careful reader.
"""

from __future__ import annotations

import re
from typing import Generic

from httptools import (
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
    HttpResponseParser,
)

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.http_fields import MAX_HEADERS, TEXT, TOKEN, sense
from mitmeter.wire.http_head import Caps
from mitmeter.wire.http_message import Headers
from mitmeter.wire.http_voices import TARGET, H, Voice

_FIELDS = rb"(?:" + TOKEN + rb"++:" + TEXT + rb"*+\r\n)*+\r\n"
_REQUEST = re.compile(rb"([A-Z]++ " + TARGET + rb"++ HTTP/1\.[01])\r\n" + _FIELDS)
_RESPONSE = re.compile(rb"(HTTP/1\.[01] [2-5][0-9][0-9](?: " + TEXT + rb"*+)?)\r\n" + _FIELDS)
# Only to know beforehand whether all of the message is there.
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)


class _Heard:
    """What httptools tells of one message."""

    __slots__ = ("body_size", "complete", "headers")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.headers: list[tuple[str, str]] = []
        self.body_size = 0
        self.complete = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1"), value.decode("latin-1").strip(" \t")))

    def on_body(self, body: bytes) -> None:
        self.body_size += len(body)

    def on_message_complete(self) -> None:
        self.complete += 1


class WholeMessages(Generic[H]):
    """Takes a read that is exactly one whole, plain message of one side."""

    __slots__ = ("_caps", "_heard", "_parser", "_pattern", "_voice")

    def __init__(self, voice: Voice[H], caps: Caps) -> None:
        self._voice: Voice[H] = voice
        self._caps = caps
        self._pattern = _REQUEST if voice.asks else _RESPONSE
        self._parser: HttpRequestParser | HttpResponseParser | None = None
        self._heard = _Heard()

    def take(self, data: bytes) -> H | None:
        """Return the message these bytes are, None when the careful reader must see them."""
        match = self._pattern.match(data)
        if match is None or match.end() > self._caps.head:
            return None
        size = match.end()
        length = _LENGTH.search(data, match.end(1), size)
        body_size = int(length[1]) if length else 0
        if size + body_size != len(data) or body_size > self._caps.body:
            return None
        headers = self._listen(data, body_size)
        return None if headers is None else self._judge(data, match[1], headers, size)

    def _listen(self, data: bytes, body_size: int) -> Headers | None:
        """Return the headers as httptools reads them, None when it has doubts about the message."""
        heard = self._heard
        heard.begin()
        parser = self._parser
        if parser is None:
            parser = HttpRequestParser(heard) if self._voice.asks else HttpResponseParser(heard)
        self._parser = None  # one that stumbles is not used again
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            return None
        if heard.complete != 1 or heard.body_size != body_size or len(heard.headers) > MAX_HEADERS:
            return None
        self._parser = parser
        return tuple(heard.headers)

    def _judge(self, data: bytes, first_line: bytes, headers: Headers, size: int) -> H | None:
        """Return the message if the careful reader would find just that, else None."""
        try:
            fields = sense(headers)
        except RemoteProtocolError:
            return None
        voice = self._voice
        start = voice.begin(first_line)
        body_size = len(data) - size
        if fields.expects or fields.chunked or not voice.plain(start, fields, body_size):
            return None
        voice.body(start, fields, self._caps.body)
        return voice.whole(start, data, headers, data[size:], voice.oddity(start, fields))
