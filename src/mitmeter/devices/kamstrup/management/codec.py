"""Bytes ⇄ lines of the management service, both ways.

A client's line ends at CR or at LF, so that it is answered whichever of the two its client sends,
and without waiting for the other. The module ends its lines with CR LF.
"""

from __future__ import annotations

import re

from mitmeter.devices.kamstrup.management.messages import Line, Message, Negotiation
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable

# Ten parameters of !SC with a long host name take 200 bytes; nothing sensible takes this many.
MAX_LINE = 1024
PIECE = 4096  # what is beyond is handed on in pieces

_IAC, _SUB, _SE = 0xFF, 0xFA, 0xF0
_CLIENT = re.compile(rb"[\r\n\xff]")
_MODULE = re.compile(rb"\n")

Item = Decoded[Message] | Undecodable


class ManagementCodec:
    """One conversation's two streams."""

    __slots__ = ("_streams",)

    def __init__(self) -> None:
        self._streams = {side: _Stream(side) for side in Side}

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        return self._streams[sender].feed(data)

    def end(self, sender: Side) -> list[Item]:
        return self._streams[sender].end()

    def encode(self, sender: Side, message: Message) -> bytes:
        """Raises LocalProtocolError for a line that would be read as something else."""
        if isinstance(message, Negotiation):
            raw = message.raw
        else:
            try:
                raw = (message.text + message.ending).encode("latin-1")
            except UnicodeEncodeError:
                raise LocalProtocolError("a management line is Latin-1 text") from None
        stream = _Stream(sender)
        if [*stream.feed(raw), *stream.end()] != [Decoded(raw, message)]:
            raise LocalProtocolError(f"{message!r} cannot be said by the {sender}")
        return raw


class _Stream:
    """One sender's bytes. Holds back less than MAX_LINE bytes, or PIECE of an overlong line."""

    __slots__ = ("_client", "_held", "_overlong", "_scanned")

    def __init__(self, sender: Side) -> None:
        self._client = sender is Side.HEADEND
        self._held = bytearray()
        self._scanned = 0  # up to here no line ends, and no telnet sequence lies across
        self._overlong = False

    def feed(self, data: bytes) -> list[Item]:
        self._held += data
        items: list[Item] = []
        while self._held:
            item = self._rest_of_overlong() if self._overlong else self._next()
            if item is None:
                break
            items.append(item)
            del self._held[: len(item.raw)]
            self._scanned = 0
        return items

    def end(self) -> list[Item]:
        raw, overlong = bytes(self._held), self._overlong
        whole = self._scanned == len(raw)
        self._held.clear()
        self._scanned, self._overlong = 0, False
        if not raw:
            return []
        if overlong:
            return [Undecodable(raw, "the rest of an overlong line")]
        if not whole:
            return [Undecodable(raw, "the stream ended inside a telnet sequence")]
        return [Decoded(raw, Line(raw.decode("latin-1"), ""))]

    def _next(self) -> Item | None:
        """Return the item that is complete at the beginning of what is held."""
        limit = min(len(self._held), MAX_LINE)
        ends = _CLIENT if self._client else _MODULE
        while (match := ends.search(self._held, self._scanned, limit)) is not None:
            at = match.start()
            if self._held[at] != _IAC:
                return self._line(at + 1)
            size = self._telnet(at, limit)
            if size == 0:
                self._scanned = at
                break
            self._scanned = at + size
            if at == 0 and size > 1 and self._held[1] != _IAC:
                raw = bytes(self._held[:size])
                return Decoded(raw, Negotiation(raw))
        else:
            self._scanned = limit
        if len(self._held) < MAX_LINE:
            return None
        self._overlong = True
        return Undecodable(bytes(self._held[:MAX_LINE]), f"a line of more than {MAX_LINE} bytes")

    def _line(self, size: int) -> Item:
        raw = bytes(self._held[:size])
        ending = b"\r\n" if not self._client and raw.endswith(b"\r\n") else raw[-1:]
        text = raw[: -len(ending)].decode("latin-1")
        return Decoded(raw, Line(text, ending.decode("latin-1")))

    def _telnet(self, at: int, limit: int) -> int:
        """Return how long the telnet sequence at `at` is; 0 while it is not all there."""
        if at + 1 >= limit:
            return 0
        kind = self._held[at + 1]
        if kind == _SUB:
            end = self._held.find(bytes((_IAC, _SE)), at + 2, limit)
            return 0 if end < 0 else end + 2 - at
        size = 3 if 0xFB <= kind <= 0xFE else 2
        return size if at + size <= limit else 0

    def _rest_of_overlong(self) -> Item | None:
        match = re.compile(rb"[\r\n]" if self._client else rb"\n").search(self._held, 0, PIECE)
        if match is not None:
            self._overlong = False
            return Undecodable(bytes(self._held[: match.end()]), "the rest of an overlong line")
        if len(self._held) >= PIECE:
            return Undecodable(bytes(self._held[:PIECE]), "the rest of an overlong line")
        return None
