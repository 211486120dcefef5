"""A conversation of any kind as it is read back: nothing comes of it until a protocol is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mitmeter import registry
from mitmeter.daemon.recognition import FIRST_BYTES, Recognition
from mitmeter.daemon.strand import Strand
from mitmeter.errors import ConfigError
from mitmeter.model import Chunk, Conversation, Event, Side
from mitmeter.protocol import Projected, Spec

# Beside the bytes of half messages, what has been found out is kept where the store keeps those.
_FOUND = "protocol"
_FIRST = "first."
# What both sides and a proxy's own words may come to before anything is recognised.
_MOST_EARLY = 4 * FIRST_BYTES


def strand_of(spec: Spec[Any], conversation: Conversation) -> Strand | PlainStrand:
    """Return what reads a conversation of that protocol."""
    return PlainStrand(spec, conversation) if spec.plain else Strand(spec, conversation)


class PlainStrand:
    """Waits for a protocol to recognise the first bytes, then leaves the rest to its `Strand`.

    Has the face of a `Strand`. What it decides depends on the bytes alone, so it is decided alike
    live, after a crash, and in a rebuild.
    """

    def __init__(self, spec: Spec[Any], conversation: Conversation) -> None:
        self.conversation = conversation
        self._recognition: Recognition | None = Recognition(spec)
        self._turned = False
        self._inner: Strand | None = None
        self._early: list[tuple[Side, bytes, Chunk | None]] = []
        self._size = 0
        self._left: dict[str, bytes] = {}

    def feed(self, chunk: Chunk) -> list[Projected]:
        """Return what a chunk completes."""
        if self._left:
            self._take_up()
        if self._inner is not None:
            return self._inner.feed(self._seen(chunk))
        recognition = self._recognition
        if recognition is None:
            return []
        self._early.append((chunk.sender, chunk.data, chunk))
        # Words of our own are no sign of what the others speak.
        if not chunk.ours:
            recognition.hear(chunk.sender, chunk.data)
        if recognition.found is not None:
            return self._begin(recognition, chunk)
        self._size += len(chunk.data)
        if recognition.over or self._size > _MOST_EARLY:
            self._recognition = None
            self._early.clear()
        return []

    def resume(self, stream: str, data: bytes) -> None:
        """Give back what `held` told when the store was last written."""
        self._left[stream] = data

    def held(self) -> dict[str, bytes]:
        """Return what was found out, and the bytes that wait for more, by name."""
        if self._left:
            return dict(self._left)
        if self._inner is not None:
            protocol = self._inner.conversation.protocol + ("~" if self._turned else "")
            return {**self._inner.held(), _FOUND: protocol.encode()}
        if self._recognition is None:
            return {_FOUND: b"-"}
        first = {_FIRST + side: b"" for side in Side}
        for sender, data, chunk in self._early:
            if chunk is None or not chunk.ours:
                first[_FIRST + sender] += data
        return {name: data for name, data in first.items() if data}

    def end(self, at: Any) -> list[Projected]:
        """The rest of half messages will not come."""
        if self._left:
            self._take_up()
        return [] if self._inner is None else self._inner.end(at)

    def _take_up(self) -> None:
        """Go on where the store was last written."""
        left, self._left = self._left, {}
        found = left.pop(_FOUND, b"").decode()
        if not found:
            for stream, data in left.items():
                sender = Side(stream.removeprefix(_FIRST))
                self._early.append((sender, data, None))
                if self._recognition is not None:
                    self._recognition.hear(sender, data)
            return
        self._recognition = None
        if found == "-":
            return
        self._turned = found.endswith("~")
        try:
            self._open(registry.spec(found.removesuffix("~")))
        except ConfigError:
            return  # uninstalled since: kept, and read again by a rebuild once it is back
        if self._inner is not None:
            for stream, data in left.items():
                self._inner.resume(stream, data)

    def _begin(self, recognition: Recognition, chunk: Chunk) -> list[Projected]:
        found = recognition.found
        assert found is not None  # noqa: S101 - it was just recognised
        self._recognition, self._turned = None, recognition.turned
        inner = self._open(found)
        text = f"what is said here is recognised as {found.name} ({found.title})"
        event = Event("mitmeter.protocol.recognised", chunk.received, text)
        projected: list[Projected] = [replace(event, fields={"protocol": found.name})]
        for sender, data, heard in self._early:
            # What was said before a restart came at a time nobody has kept; it is as good as now.
            said = heard or replace(chunk, sender=sender, data=data, ours=False)
            projected += inner.feed(self._seen(said))
        self._early.clear()
        return projected

    def _open(self, spec: Spec[Any]) -> Strand:
        inner = self._inner = Strand(spec, replace(self.conversation, protocol=spec.name))
        return inner

    def _seen(self, chunk: Chunk) -> Chunk:
        return replace(chunk, sender=chunk.sender.other) if self._turned else chunk
