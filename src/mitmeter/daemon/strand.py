"""One conversation as it is read back from the journal: bytes → items → readings, events, facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from mitmeter.model import (
    Chunk,
    Conversation,
    Event,
    Origin,
    Reading,
    Severity,
    Side,
    printable,
)
from mitmeter.protocol import (
    Codec,
    Decoded,
    HearsRubble,
    Projected,
    Projection,
    Spec,
    Undecodable,
)
from mitmeter.roles.role import Role


def _projection(spec: Spec[Any], conversation: Conversation) -> Projection[Any]:
    if spec.projection_with is None:
        return spec.projection()
    return spec.projection_with(dict(conversation.settings))


class Strand:
    """Decodes and projects one conversation, chunk by chunk, in the order of the journal.

    In a proxy the words of others and our own (changed or injected) pass separate codecs, because
    they interleave; from our own only events are taken, as the readings in them were already read
    once.
    """

    def __init__(self, spec: Spec[Any], conversation: Conversation) -> None:
        self.conversation = conversation
        self._spec = spec
        self._proxied = conversation.role == Role.PROXY
        self._codecs: dict[bool, Codec[Any]] = {}
        self._projection = projection = _projection(spec, conversation)
        self._held: dict[tuple[Side, bool], bytearray] = {}
        self._rubble = 0
        self._rubble_heard = projection.garbled if isinstance(projection, HearsRubble) else None
        synthetic = conversation.role == Role.EMULATE or conversation.synthetic
        self._origin = Origin.SYNTHETIC if synthetic else Origin.OBSERVED

    def feed(self, chunk: Chunk) -> list[Projected]:
        """Return what a chunk completes."""
        ours = chunk.ours and self._proxied
        stream = (chunk.sender, ours)
        items = self._codec(ours).feed(chunk.sender, chunk.data)
        if len(items) == 1 and len(items[0].raw) == len(chunk.data) and stream not in self._held:
            return self._take(chunk.sender, ours, items, chunk.received)
        held = self._held.setdefault(stream, bytearray())
        held += chunk.data
        del held[: sum(len(item.raw) for item in items)]
        if not held:
            del self._held[stream]
        return self._take(chunk.sender, ours, items, chunk.received)

    def resume(self, stream: str, data: bytes) -> None:
        """Give back the bytes of a half message that were held when the store was last written."""
        side, ours = Side(stream.partition(".")[0]), stream.endswith(".ours")
        self._codec(ours).feed(side, data)
        self._held[side, ours] = bytearray(data)

    def held(self) -> dict[str, bytes]:
        """Return the bytes that wait for more, by the name of their stream."""
        return {
            str(side) + (".ours" if ours else ""): bytes(data)
            for (side, ours), data in self._held.items()
        }

    def end(self, at: datetime) -> list[Projected]:
        """The rest of half messages will not come: they come out as what they are."""
        found: list[Projected] = []
        for ours, codec in self._codecs.items():
            for side in Side:
                found += self._take(side, ours, codec.end(side), at)
        self._held.clear()
        return found

    def _codec(self, ours: bool) -> Codec[Any]:
        codec = self._codecs.get(ours)
        if codec is None:
            codec = self._codecs[ours] = self._spec.codec()
        return codec

    def _take(
        self, sender: Side, ours: bool, items: list[Decoded[Any] | Undecodable], at: datetime
    ) -> list[Projected]:
        found: list[Projected] = []
        for item in items:
            if isinstance(item, Undecodable):
                told = self._rubble_heard or self._undecodable
                found.extend(told(sender, item, at))
                continue
            projected = self._projection.project(sender, item.message, at)
            if ours:
                found.extend(each for each in projected if isinstance(each, Event))
            elif self._origin is Origin.SYNTHETIC:
                found.extend(
                    replace(each, origin=Origin.SYNTHETIC) if isinstance(each, Reading) else each
                    for each in projected
                )
            else:
                found.extend(projected)
        return found

    def _undecodable(self, sender: Side, item: Undecodable, at: datetime) -> Iterator[Event]:
        """Tell of the first, and then of every doubling: a flood of rubble is one story."""
        self._rubble += 1
        if self._rubble & (self._rubble - 1):
            return
        again = f" ({self._rubble} so far in this conversation)" if self._rubble > 1 else ""
        yield Event(
            f"mitmeter.{self.conversation.protocol}.undecodable",
            at,
            f"{len(item.raw)} bytes from the {sender} could not be decoded: "
            f"{printable(item.reason)}{again}",
            Severity.WARNING,
            fields={
                "sender": str(sender),
                "bytes": len(item.raw),
                "reason": printable(item.reason),
                "hex": item.raw[:64].hex(),
                "count": self._rubble,
            },
        )
