"""Bytes → lines, for heads, chunk sizes and trailers. The one judge of line ends."""

from __future__ import annotations

import re

_STOP = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # ends a line or may not be in one
_LF, _CR = 0x0A, 0x0D

CRLF = b"\r\n"
LF = b"\n"


class Refused(Exception):
    """What begins here is no HTTP message; known once the bytes before offset `at` were there."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


class Lines:
    """Walks over the lines of what is held. Offsets count from where the held bytes begin.

    at:    where the next line begins.
    style: how lines end, CRLF or LF; None until a line that is not blank has shown it.

    A head keeps to one style: among lines that end with CR LF a lone LF is where readers disagree.
    """

    __slots__ = ("_searched", "at", "style")

    def __init__(self, at: int = 0, style: bytes | None = None) -> None:
        self.at = at
        self.style = style
        self._searched = at

    def take(self, held: bytearray, limit: int) -> bytes | None:
        """Return the next line without its end, None when its end is not among the first `limit`.

        Raises Refused for control characters and for line ends that do not fit.
        """
        found = _STOP.search(held, self._searched, limit)
        if found is None:
            self._searched = len(held)
            return None
        stop = found.start()
        if held[stop] == _CR:
            if stop + 1 >= min(len(held), limit):
                self._searched = stop
                return None
            if held[stop + 1] != _LF:
                raise Refused(stop + 2, "carriage return without line feed")
            return self._step(held, stop, CRLF)
        if held[stop] == _LF:
            return self._step(held, stop, LF)
        raise Refused(stop + 1, f"control character 0x{held[stop]:02x}")

    def skip(self, size: int) -> None:
        """Step over bytes that are no line."""
        self.at += size
        self._searched = self.at

    def _step(self, held: bytearray, stop: int, style: bytes) -> bytes:
        line = bytes(held[self.at : stop])
        after = stop + len(style)
        if line and self.style is None:
            self.style = style
        if self.style is not None and self.style != style:
            wrong = "line feed alone" if style == LF else "carriage return"
            raise Refused(after, f"{wrong} where lines end otherwise")
        self.at = self._searched = after
        return line
