"""Stream → frames: one sender's bytes cut into sound frames and garbage, whatever the reads were.

A protocol gives its grammar: a pattern that finds where a frame may start, and a framer that judges
one such start. A start whose frame is not all there yet is a claim, and claims race: the sound
frame that is complete first wins, whichever claim came before it. So a corrupt length neither holds
back nor swallows good frames behind it. What the winner overtook is garbage. Every decision is
taken at a position of the stream, in stream order, so the result does not depend on how the stream
was cut.

The price: a sound frame inside the bytes of another would win. Encoders ask `sound_inside` and
refuse to say such a thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mitmeter.model import Side

# An open claim holds on to bytes and costs a checksum, and a hostile stream is full of them. Starts
# beyond these many at a time count as garbage.
MAX_CLAIMS = 32

# Garbage is handed on in pieces. A stream that opens with garbage shows its first bytes at once, so
# that a listener can tell a stranger (a TLS hello, a browser) without waiting for more.
FIRST_PIECE = 8
PIECE = 4096


@dataclass(frozen=True, slots=True)
class Take:
    """A sound frame of `size` bytes starts here."""

    size: int


@dataclass(frozen=True, slots=True)
class Skip:
    """No sound frame starts here; `size` bytes are what it seemed to be, 1 when nothing."""

    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class NeedMore:
    """A frame of `size` bytes may start here, and they are not all there yet."""

    size: int


Verdict = Take | Skip | NeedMore


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a protocol frames its stream.

    starts:    matches wherever a frame may start, with all the bytes its length takes.
    head_size: how many bytes `starts` matches, always; less than the smallest frame.
    max_size:  the size of the largest frame; a start that claims more is none.
    framer:    framer(sender, data, at) judges offset `at`: Skip where no frame can start, NeedMore
               while the frame is not all there, then Take, or Skip when it is not sound. It looks
               at the frame's own bytes only.
    stranger:  stranger(garbage, opening) puts garbage in words; opening: the stream begins with it.
    """

    starts: re.Pattern[bytes]
    head_size: int
    max_size: int
    framer: Callable[[Side, bytes, int], Verdict]
    stranger: Callable[[bytes, bool], str]


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that are no sound frame, and why in words."""

    raw: bytes
    reason: str


@dataclass(slots=True)
class _Claim:
    start: int
    end: int
    rejected: str = ""  # why, once the whole frame was there and not sound


class Framing:
    """One sender's stream. `feed` and `end` return frames (bytes) and garbage, in stream order.

    Never raises. Holds at most two of the largest frames and one piece of garbage.
    """

    __slots__ = ("_base", "_claims", "_grammar", "_held", "_out", "_scanned", "_sender")

    def __init__(self, grammar: Grammar, sender: Side) -> None:
        self._grammar = grammar
        self._sender = sender
        self._held = bytearray()
        # Positions count from the start of the stream. `_held` begins at `_base`; every start
        # before `_scanned` has been entered in the race or is none.
        self._base = 0
        self._scanned = 0
        self._claims: list[_Claim] = []
        self._out: list[bytes | Garbage] = []

    def feed(self, data: bytes) -> list[bytes | Garbage]:
        """Return what these bytes make certain."""
        out = self._out = []
        if not self._held:
            self._take_whole_frames(data)
        else:
            self._held += data
            if self._race(until_taken=True):
                rest = bytes(self._held)
                self._held.clear()
                self._take_whole_frames(rest)
        if self._held:
            self._race()
        return out

    def end(self) -> list[bytes | Garbage]:
        """Return all that is left: the stream is over. The next feed starts a new one."""
        out = self._out = []
        self._hand_on_until(self._base + len(self._held), "the stream ended")
        self._base = self._scanned = 0
        self._claims.clear()
        return out

    def _take_whole_frames(self, data: bytes) -> None:
        """Take the sound frames the data begins with, hold the rest. The ordinary case."""
        framer, search, sender = self._grammar.framer, self._grammar.starts.search, self._sender
        at, size = 0, len(data)
        while at < size:
            found = framer(sender, data, at)
            if type(found) is not Take:
                break
            end = at + found.size
            if search(data, at + 1, end):
                break  # perhaps another frame inside: the race decides
            self._out.append(data[at:end])
            at = end
        self._base += at
        self._scanned = self._base
        if at < size:
            self._held += data[at:] if at else data

    def _race(self, *, until_taken: bool = False) -> bool:
        """Decide all that the held bytes decide, strictly in stream order.

        A start is entered at the position its head is complete, a frame judged where it ends.
        With until_taken, return True as soon as a frame was taken.
        """
        search, head_size = self._grammar.starts.search, self._grammar.head_size
        while True:
            reach = self._base + len(self._held)
            match = search(self._held, self._scanned - self._base)
            start = self._base + match.start() if match else reach
            first = min((c for c in self._claims if not c.rejected), key=_end, default=None)
            if first is not None and first.end <= reach and first.end < start + head_size:
                if self._judge(first) and until_taken:
                    return True
            elif match:
                self._clear_way(start)
                self._enter(start)
            else:
                self._clear_way(reach - head_size + 1)
                return False

    def _enter(self, start: int) -> None:
        """Enter the start in the race, unless it is none or too many are in it."""
        self._scanned = start + 1
        if len(self._claims) < MAX_CLAIMS:
            at = start - self._base
            head = bytes(self._held[at : at + self._grammar.head_size])
            found = self._grammar.framer(self._sender, head, 0)
            if isinstance(found, NeedMore) and found.size <= self._grammar.max_size:
                self._claims.append(_Claim(start, start + found.size))

    def _judge(self, claim: _Claim) -> bool:
        """Take the claim's frame if it is sound, else note why it is not; tell which."""
        raw = bytes(self._held[claim.start - self._base : claim.end - self._base])
        found = self._grammar.framer(self._sender, raw, 0)
        if isinstance(found, Take):
            self._hand_on_until(claim.start, "a sound frame begins")
            self._out.append(raw)
            self._claims.clear()
            self._drop(claim.end)
            self._scanned = claim.end
            return True
        claim.rejected = found.reason if isinstance(found, Skip) else "frame of unclear length"
        if claim is not self._claims[0] and claim.start < self._claims[0].end:
            self._claims.remove(claim)  # the garbage it lies in is handed on as a whole
        self._clear_way(claim.end - self._grammar.head_size + 1)
        return False

    def _clear_way(self, scanned: int) -> None:
        """All starts before `scanned` are known: hand on what is certainly garbage."""
        self._scanned = scanned = max(self._scanned, scanned)
        while self._claims:
            first = self._claims[0]
            self._hand_on_strange(first.start)
            if not first.rejected or scanned < first.end:
                return
            if any(c.start < first.end and not c.rejected for c in self._claims):
                return
            self._hand_on(first.end, first.rejected)
        while scanned - self._base >= self._piece():
            self._hand_on_strange(self._base + self._piece())

    def _hand_on_until(self, limit: int, event: str) -> None:
        """Hand on everything before `limit` as garbage; `event` is what happens there, in words."""
        while self._base < limit:
            first = next((c for c in self._claims if c.start < limit), None)
            if first is None or first.start > self._base:
                self._hand_on_strange(limit if first is None else first.start)
            elif first.rejected and first.end <= limit:
                self._hand_on(first.end, first.rejected)
            else:
                reason = f"frame of {first.end - first.start} bytes, but {event}"
                self._hand_on(limit, f"{reason} after {limit - first.start} of them")

    def _hand_on_strange(self, limit: int) -> None:
        """Hand on the bytes before `limit`, in pieces; no frame starts in them."""
        while self._base < limit:
            size = min(self._piece(), limit - self._base)
            reason = self._grammar.stranger(bytes(self._held[:size]), self._base == 0)
            self._hand_on(self._base + size, reason)

    def _piece(self) -> int:
        return PIECE if self._base else FIRST_PIECE

    def _hand_on(self, limit: int, reason: str) -> None:
        self._out.append(Garbage(bytes(self._held[: limit - self._base]), reason))
        self._drop(limit)

    def _drop(self, limit: int) -> None:
        """Forget the bytes before `limit`, and the claims that start in them."""
        del self._held[: limit - self._base]
        self._base = limit
        if self._claims:
            self._claims = [claim for claim in self._claims if claim.start >= limit]


def sound_inside(grammar: Grammar, sender: Side, raw: bytes) -> bool:
    """Tell whether a sound frame lies inside this one, which a receiver would take in its place."""
    match = grammar.starts.search(raw, 1)
    while match:
        if isinstance(grammar.framer(sender, raw, match.start()), Take):
            return True
        match = grammar.starts.search(raw, match.start() + 1)
    return False


def _end(claim: _Claim) -> int:
    return claim.end
