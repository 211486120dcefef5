"""What both sides of a conversation have said, as messages: live, or out of the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from mitmeter.journal.reader import JournalReader
from mitmeter.model import Chunk
from mitmeter.protocol import Codec, Decoded, Listed, Spec, Spoken


class Overheard:
    """Decodes the chunks of one protocol's conversations, each with a codec of its own.

    messages: the whole ones so far, in order. undecodable: how many bytes were none, and
    reason: why the first were not, "" while all were.
    """

    def __init__(self, spec: Spec[Any]) -> None:
        self.messages: list[Spoken[Any]] = []
        self.undecodable = 0
        self.reason = ""
        self._spec = spec
        self._codecs: dict[str, Codec[Any]] = {}

    def __call__(self, chunk: Chunk) -> None:
        who = chunk.conversation
        if who.protocol != self._spec.name:
            return
        codec = self._codecs.get(who.id)
        if codec is None:
            codec = self._codecs[who.id] = self._spec.codec()
        for item in codec.feed(chunk.sender, chunk.data):
            if isinstance(item, Decoded):
                self.messages.append(Spoken(chunk.sender, item))
            else:
                self.undecodable += len(item.raw)
                self.reason = self.reason or item.reason

    def begin(self) -> None:
        """Forget what was said until now."""
        self.messages.clear()
        self._codecs.clear()
        self.undecodable = 0
        self.reason = ""

    def listing(self) -> list[Listed]:
        """Return what was read as the device itself names it; nothing where that is not known."""
        return [] if self._spec.listing is None else list(self._spec.listing(self.messages))


def recorded(spec: Spec[Any], journal: Path, conversations: Collection[str]) -> Overheard:
    """Return what was said in these conversations of a journal. Raises JournalError."""
    found = Overheard(spec)
    for chunk in _chunks(journal, conversations):
        found(chunk)
    return found


def _chunks(journal: Path, conversations: Collection[str]) -> Iterable[Chunk]:
    for record in JournalReader(journal).records():
        if isinstance(record, Chunk) and record.conversation.id in conversations:
            yield record
