"""The head of a message, read line by line as it comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.http_fields import MAX_HEADERS, Body, Sense, read_field, sense
from mitmeter.wire.http_lines import LF, Lines, Refused
from mitmeter.wire.http_message import Headers
from mitmeter.wire.http_voices import H, Voice

# Some old clients send CR LF after a body that does not count it.
MAX_BLANK_LINES = 2


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of a message is taken: bytes of the head, bytes of the body as sent."""

    head: int
    body: int


@dataclass(frozen=True, slots=True)
class Head(Generic[H]):
    """A complete head.

    start: a message with the first line's content only.
    body:  what kind of body follows.
    size:  bytes of the head, the empty line at its end included.
    """

    start: H
    headers: Headers
    fields: Sense
    body: Body
    size: int
    problem: str


class HeadReader(Generic[H]):
    """Reads one head from what is held; blank lines before it belong to it."""

    __slots__ = ("_blank_lines", "_caps", "_headers", "_lines", "_start", "_voice")

    def __init__(self, voice: Voice[H], caps: Caps) -> None:
        self._voice: Voice[H] = voice
        self._caps = caps
        self._lines = Lines()
        self._blank_lines = 0
        self._start: H | None = None
        self._headers: list[tuple[str, str]] = []

    def read(self, held: bytearray) -> Head[H] | None:
        """Read on; return the head once it is complete. Raises Refused for what is none."""
        while True:
            if self._start is None:
                self._check_opening(held)
            line = self._lines.take(held, self._caps.head)
            if line is None:
                if len(held) >= self._caps.head:
                    raise Refused(self._caps.head, f"head of more than {self._caps.head} bytes")
                return None
            try:
                if self._start is None:
                    self._start = self._begin(line)
                elif line:
                    self._add(line)
                else:
                    return self._complete(self._start)
            except RemoteProtocolError as exc:
                raise Refused(self._lines.at, str(exc)) from None

    def _check_opening(self, held: bytearray) -> None:
        at = self._lines.at
        if held[at : at + 1] not in (b"", b"\r", b"\n"):
            self._voice.check_opening(held, at, self._caps.head)

    def _begin(self, line: bytes) -> H | None:
        if line:
            return self._voice.begin(line)
        self._blank_lines += 1
        if self._blank_lines > MAX_BLANK_LINES:
            raise RemoteProtocolError(f"more than {MAX_BLANK_LINES} blank lines before a message")
        return None

    def _add(self, line: bytes) -> None:
        self._headers.append(read_field(line))
        if len(self._headers) > MAX_HEADERS:
            raise RemoteProtocolError(f"more than {MAX_HEADERS} header lines")

    def _complete(self, start: H) -> Head[H]:
        headers = tuple(self._headers)
        fields = sense(headers)
        oddities = (
            "blank line before the message" if self._blank_lines else "",
            "lines end with LF alone" if self._lines.style == LF else "",
            fields.problem,
            self._voice.oddity(start, fields),
        )
        return Head(
            start,
            headers,
            fields,
            self._voice.body(start, fields, self._caps.body),
            self._lines.at,
            "; ".join(oddity for oddity in oddities if oddity),
        )
