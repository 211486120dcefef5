"""Decode recorded chunks again: what the journal says must be what the live run said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from mitmeter.model import Chunk, Event, Fact, Origin, Reading, Side
from mitmeter.protocol import Decoded, Spec, Undecodable

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Heard(Generic[M]):
    """One item, who said it, and in which chunk it ended."""

    sender: Side
    chunk: Chunk
    item: Decoded[M] | Undecodable


class Tap(Generic[M]):
    """One conversation's bytes, decoded and projected in the order they were recorded."""

    def __init__(self, spec: Spec[M]) -> None:
        self._spec = spec
        self.items: list[Heard[M]] = []
        self.readings: list[Reading] = []
        self.events: list[Event] = []
        self.facts: list[Fact] = []
        self.restart()

    def restart(self) -> None:
        """Begin a new conversation: nothing of the last one's decoding is left."""
        self._codec = self._spec.codec()
        self._projection = self._spec.projection()
        self._last: dict[
            Side, Chunk
        ] = {}  # an item that ends with the stream ends in its last chunk

    def hear(self, chunk: Chunk) -> None:
        self._last[chunk.sender] = chunk
        for item in self._codec.feed(chunk.sender, chunk.data):
            self._take(chunk, item)

    def end(self) -> None:
        """The conversation is over: what is held on either side is let go."""
        for sender, chunk in self._last.items():
            for item in self._codec.end(sender):
                self._take(chunk, item)

    def _take(self, chunk: Chunk, item: Decoded[M] | Undecodable) -> None:
        self.items.append(Heard(chunk.sender, chunk, item))
        if not isinstance(item, Decoded):
            return
        for said in self._projection.project(chunk.sender, item.message, chunk.received):
            if isinstance(said, Reading):
                self.readings.append(_placed(said, chunk))
            elif isinstance(said, Event):
                self.events.append(said)
            else:
                self.facts.append(said)


def _placed(reading: Reading, chunk: Chunk) -> Reading:
    """Return the reading with its source and origin, as who reads the journal fills them in."""
    origin = Origin.SYNTHETIC if chunk.conversation.synthetic else reading.origin
    return replace(reading, source=chunk.id, origin=origin)


def replay(spec: Spec[M], chunks: Iterable[Chunk]) -> Tap[M]:
    """Return all that recorded chunks say, one conversation after the other.

    chunks: in the order they were recorded; conversations may overlap.
    """
    conversations: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        conversations.setdefault(chunk.conversation.id, []).append(chunk)
    tap = Tap(spec)
    for recorded in conversations.values():
        tap.restart()
        for chunk in recorded:
            tap.hear(chunk)
        tap.end()
    return tap
