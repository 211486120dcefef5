"""One sender's bytes cut into frames and rubble: start byte, stuffing, checksum, stop byte.

A frame is 80 (to the meter) or 40 (from it), address, CID, data, CRC-16/XMODEM high byte first, and
0D. Between start and stop each of 06 0D 1B 40 80 travels as 1B and its complement; the checksum
covers address to data before that. [V] So a stop byte always ends a frame and a start byte always
begins one: what it cuts off is rubble [I]. From the meter a single 06 outside a frame is an
acknowledgement [V], and a frame with the other start byte is the request come back: optical heads
echo it [O].

Where one item ends and the next begins depends on the bytes alone, never on how they were cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mitmeter.model import Side
from mitmeter.wire.checksum import crc16_xmodem

START = {Side.HEADEND: 0x80, Side.DEVICE: 0x40}
STOP, ESCAPE, ACKNOWLEDGE = 0x0D, 0x1B, 0x06

# The longest that can be meant is a reply with 255 registers of 16 bytes, 5.4 kB; the cap only
# bounds how long a missing stop byte can hold bytes back [A].
MAX_FRAME = 8_192
# Rubble is handed on in pieces. The first is short, so that a listener can tell a stranger at once.
FIRST_PIECE = 8
PIECE = 4_096

_RESERVED = (0x06, 0x0D, 0x1B, 0x40, 0x80)
_ESCAPED = {bytes([byte]): bytes([ESCAPE, byte ^ 0xFF]) for byte in _RESERVED}
_PLAIN = {pair: byte for byte, pair in _ESCAPED.items()}
_TO_ESCAPE = re.compile(rb"[\x06\x0d\x1b\x40\x80]")
_PAIR = re.compile(rb"\x1b[\xf9\xf2\xe4\xbf\x7f]")
_MALFORMED = re.compile(rb"\x1b(?![\xf9\xf2\xe4\xbf\x7f])|\x06")
_BOUNDARY = re.compile(rb"[\x0d\x40\x80]")
_BEGIN = {
    Side.HEADEND: re.compile(rb"\x80"),
    Side.DEVICE: re.compile(rb"[\x40\x80\x06]"),
}
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Frame:
    """A sound frame: its raw bytes, whether it is a request, and what is in it, unstuffed."""

    raw: bytes
    request: bool
    address: int
    cid: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The single byte 06."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Rubble:
    """Bytes that are no sound frame, and why in words."""

    raw: bytes
    reason: str


Piece = Frame | Acknowledged | Rubble


class Stream:
    """One sender's bytes. `feed` and `end` return pieces in order; never raises.

    Holds back one frame at most, or one piece of rubble.
    """

    __slots__ = ("_begin", "_held", "_opening", "_scanned")

    def __init__(self, sender: Side) -> None:
        self._begin = _BEGIN[sender]
        self._held = b""
        self._scanned = 0  # how much of what is held has been looked through already
        self._opening = True

    def feed(self, data: bytes) -> list[Piece]:
        """Return what these bytes make certain."""
        held = self._held + data
        pieces: list[Piece] = []
        at, scanned, size = 0, self._scanned, len(held)
        while at < size:
            if not self._begin.match(held, at):
                end = self._rubble_end(held, at, max(scanned, at))
            elif held[at] == ACKNOWLEDGE:
                end = at + 1
            else:
                end = _frame_end(held, at, max(scanned, at + 1))
            if not end:
                break
            pieces.append(self._piece(held[at:end]))
            self._opening = False
            at = scanned = end
        self._held = held[at:] if at else held
        self._scanned = len(self._held)
        return pieces

    def end(self) -> list[Piece]:
        """Return what is held back: the rest will not come. The next feed begins a new stream."""
        raw, self._held, self._scanned = self._held, b"", 0
        opening, self._opening = self._opening, True
        if not raw:
            return []
        if self._begin.match(raw):
            return [Rubble(raw, f"the first {len(raw)} bytes of a frame, and the stream ended")]
        return [Rubble(raw, stranger(raw, opening))]

    def _piece(self, raw: bytes) -> Piece:
        if not self._begin.match(raw):
            return Rubble(raw, stranger(raw, self._opening))
        if raw[0] == ACKNOWLEDGE:
            return Acknowledged(raw)
        if raw[-1] == STOP:
            return judge(raw)
        if len(raw) == MAX_FRAME:
            return Rubble(raw, f"frame without a stop byte in its first {MAX_FRAME} bytes")
        return Rubble(raw, f"frame cut off after {len(raw)} bytes by a new start byte")

    def _rubble_end(self, held: bytes, at: int, scanned: int) -> int:
        """Return where a run of rubble ends, 0 while that is open."""
        longest = at + (FIRST_PIECE if self._opening else PIECE)
        found = self._begin.search(held, scanned, longest)
        if found is not None:
            return found.start()
        return longest if len(held) >= longest else 0


def _frame_end(held: bytes, at: int, scanned: int) -> int:
    """Return where the frame that starts at `at` ends, 0 while that is open."""
    longest = at + MAX_FRAME
    found = _BOUNDARY.search(held, scanned, longest)
    if found is not None:
        end = found.start()
        return end + 1 if held[end] == STOP else end
    return longest if len(held) >= longest else 0


def judge(raw: bytes) -> Frame | Rubble:
    """Return the frame these bytes are, start to stop, or why they are none."""
    body = raw[1:-1]
    wrong = _MALFORMED.search(body)
    if wrong is not None:
        return Rubble(raw, _malformed(body, wrong.start()))
    if ESCAPE in body:
        body = _PAIR.sub(_plain, body)
    if len(body) < _SHORTEST - 2:
        return Rubble(raw, f"frame of {len(body) + 2} bytes, the shortest has {_SHORTEST}")
    if crc16_xmodem(body):
        computed, stored = crc16_xmodem(body[:-2]), body[-2] << 8 | body[-1]
        what = f"frame of {len(raw)} bytes, address {body[0]:02x}, command {body[1]:02x}"
        return Rubble(raw, f"{what}: crc {stored:04x}, expected {computed:04x}")
    return Frame(raw, raw[0] == START[Side.HEADEND], body[0], body[1], body[2:-2])


def _malformed(body: bytes, at: int) -> str:
    if body[at] == ACKNOWLEDGE:
        return f"byte {at + 1} of the frame is 06, which is always escaped"
    if at + 1 == len(body):
        return f"escape at byte {at + 1} of the frame, and nothing behind it"
    pair = body[at : at + 2].hex(" ")
    return f"bad escape {pair} at byte {at + 1} of the frame: no reserved byte's complement"


def frame(request: bool, address: int, cid: int, data: bytes) -> bytes:
    """Return the bytes of a frame."""
    body = bytes((address, cid)) + data
    body += crc16_xmodem(body).to_bytes(2, "big")
    start = START[Side.HEADEND if request else Side.DEVICE]
    return bytes((start,)) + stuffed(body) + bytes((STOP,))


def stuffed(body: bytes) -> bytes:
    """Return the bytes with every reserved one escaped."""
    return _TO_ESCAPE.sub(_escaped, body)


def _escaped(found: re.Match[bytes]) -> bytes:
    return _ESCAPED[found[0]]


def _plain(found: re.Match[bytes]) -> bytes:
    return _PLAIN[found[0]]


_HTTP = re.compile(rb"(GET|POST|PUT|HEAD|OPTIONS|CONNECT|DELETE|PATCH|TRACE|PRI) ")


def stranger(raw: bytes, opening: bool) -> str:
    """Say what bytes outside any frame look like; opening: the stream begins with them."""
    if opening and raw.startswith(b"\x16\x03"):
        return "looks like a TLS hello, not KMP"
    if opening and _HTTP.match(raw):
        return "looks like an HTTP request, not KMP"
    if opening and raw.startswith(b"SSH-"):
        return "looks like SSH, not KMP"
    if opening and raw.startswith(b"\xff") and raw[1:2] in (b"\xfb", b"\xfc", b"\xfd", b"\xfe"):
        return "looks like telnet, not KMP"
    if opening and raw.startswith(b"/?"):
        return "looks like IEC 62056-21, not KMP"
    return f"{len(raw)} bytes outside any frame, first {raw[:8].hex(' ')}"
