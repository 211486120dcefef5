"""Copies part of a journal into a new one, as it was or with private things replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from mitmeter.errors import JournalError
from mitmeter.journal.records import Closed, Entry, Noted, Opened, Record
from mitmeter.journal.segments import segments
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Chunk, Conversation

_FLUSH_BYTES = 4 << 20


@dataclass(slots=True)
class CutReport:
    """What a cut copied. `skipped` counts damaged and unknown records, which are never copied."""

    conversations: int = 0
    chunks: int = 0
    bytes: int = 0
    events: int = 0
    skipped: int = 0


def cut(
    records: Iterable[Record],
    target: Path,
    keep: Callable[[Entry], bool],
    *,
    transform: Callable[[Chunk], Chunk] | None = None,
    rename: Callable[[Conversation], Conversation] | None = None,
    owner: str = "mitmeter journal cut",
) -> CutReport:
    """Write the records worth keeping into a new journal; ids, numbers and times stay.

    records:   such as `JournalReader(folder).records()`.
    keep:      asked for every opening, chunk, closing and event. A conversation is opened in the
               copy when its opening or any of its chunks is kept, and then closed as it was.
    transform: what to write in a chunk's place. Its conversation and number have to stay.
    rename:    what to write in a conversation's place, such as one with stand-ins for its
               addresses. Its id has to stay.
    Raises:    JournalError when the target already holds a journal or cannot be written.
    """
    if target.exists() and segments(target):
        raise JournalError(f"{target} already holds a journal")
    with JournalWriter(target, owner=owner) as writer:
        copy = _Copy(writer, keep, transform, rename)
        for record in records:
            copy.take(record)
            if writer.unsaved > _FLUSH_BYTES:
                writer.flush()
    return copy.report


class _Copy:
    def __init__(
        self,
        writer: JournalWriter,
        keep: Callable[[Entry], bool],
        transform: Callable[[Chunk], Chunk] | None,
        rename: Callable[[Conversation], Conversation] | None,
    ) -> None:
        self.report = CutReport()
        self._writer = writer
        self._keep = keep
        self._transform = transform
        self._rename = rename
        self._live: set[str] = set()

    def take(self, record: Record) -> None:
        match record:
            case Chunk():
                if self._keep(record):
                    self._open(record.conversation, again=record.seq > 0)
                    self._chunk(record)
            case Opened():
                if record.conversation.id not in self._live and self._keep(record):
                    self._open(record.conversation, again=record.again)
            case Closed(conversation_id=name):
                if name in self._live:
                    self._live.discard(name)
                    self._writer.close(name, record.reason, record.ns)
            case Noted():
                if self._keep(record):
                    self._writer.note(record.event, record.conversation_id, record.station)
                    self.report.events += 1
            case _:
                self.report.skipped += 1

    def _open(self, conversation: Conversation, *, again: bool) -> None:
        if conversation.id in self._live:
            return
        self._live.add(conversation.id)
        shown = conversation if self._rename is None else self._rename(conversation)
        self._writer.open(replace(shown, id=conversation.id), again=again)
        self.report.conversations += 1

    def _chunk(self, chunk: Chunk) -> None:
        shown = chunk if self._transform is None else self._transform(chunk)
        name = chunk.conversation.id
        self._writer.data(name, chunk.seq, shown.sender, shown.received_ns, shown.data, shown.ours)
        self.report.chunks += 1
        self.report.bytes += len(shown.data)
