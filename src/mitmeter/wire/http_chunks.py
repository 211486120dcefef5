"""A body in chunks: where it ends, and what it says."""

from __future__ import annotations

import re

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.http_fields import MAX_HEADERS, TEXT, check_trailer, read_field
from mitmeter.wire.http_lines import CRLF, Lines, Refused

# A size and its extensions. No device of ours sends extensions at all.
MAX_SIZE_LINE = 256

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;" + TEXT + rb"*)?")


class Chunks:
    """Walks over a chunked body in what is held.

    body: what the chunks read so far say, joined.
    end:  the offset where the body ends, trailer included; 0 while it does not.

    Lines end with CR LF here, always: a head may be written by hand, chunks are not.
    """

    __slots__ = (
        "_lines",
        "_max_body",
        "_max_trailer",
        "_start",
        "_trailer",
        "_waiting",
        "body",
        "end",
    )

    def __init__(self, start: int, *, max_body: int, max_trailer: int) -> None:
        self._start = start
        self._max_body = max_body
        self._max_trailer = max_trailer
        self._lines = Lines(start, CRLF)
        self._trailer: list[tuple[str, str]] | None = None
        self._waiting = -1  # bytes of the chunk whose data is awaited
        self.body = bytearray()
        self.end = 0

    def read(self, held: bytearray) -> bool:
        """Read on; tell whether the body is complete. Raises Refused where it breaks the rules."""
        while not self.end:
            if self._trailer is not None:
                more = self._read_trailer(held, self._trailer)
            elif self._waiting >= 0:
                more = self._read_data(held, self._lines.at + self._waiting)
            else:
                more = self._read_size(held)
            if not more:
                return False
        return True

    def _read_size(self, held: bytearray) -> bool:
        line = self._take(held, self._lines.at, MAX_SIZE_LINE, "chunk size line")
        if line is None:
            return False
        at = self._lines.at
        match = _SIZE.fullmatch(line)
        if match is None:
            raise Refused(at, "chunk size is no plain hexadecimal number")
        size = int(match[1], 16)
        if at - self._start + size > self._max_body:
            raise Refused(at, f"chunked body of more than {self._max_body} bytes")
        if size:
            self._waiting = size
        else:
            self._trailer = []
            self._start = at  # from here on the trailer's size counts
        return True

    def _read_data(self, held: bytearray, stop: int) -> bool:
        ending = held[stop : stop + 2]
        for index, byte in enumerate(ending):
            if byte != CRLF[index]:
                raise Refused(stop + index + 1, "chunk is longer or shorter than its size")
        if len(ending) < 2:
            return False
        self.body += held[stop - self._waiting : stop]
        self._lines.skip(self._waiting + 2)
        self._waiting = -1
        return True

    def _read_trailer(self, held: bytearray, trailer: list[tuple[str, str]]) -> bool:
        line = self._take(held, self._start, self._max_trailer, "trailer")
        if line is None:
            return False
        at = self._lines.at
        if not line:
            self.end = at
            return True
        try:
            field = read_field(line)
            check_trailer((field,))
        except RemoteProtocolError as exc:
            raise Refused(at, str(exc)) from None
        trailer.append(field)
        if len(trailer) > MAX_HEADERS:
            raise Refused(at, f"more than {MAX_HEADERS} trailers")
        return True

    def _take(self, held: bytearray, begin: int, most: int, what: str) -> bytes | None:
        line = self._lines.take(held, begin + most)
        if line is None and len(held) >= begin + most:
            raise Refused(begin + most, f"{what} of more than {most} bytes")
        return line
