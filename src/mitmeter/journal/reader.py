"""Reads the journal back: all of it, a part of it, or who talked when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mitmeter.journal.position import START, Position
from mitmeter.journal.records import Closed, Opened, Record
from mitmeter.journal.segments import Segment, segments
from mitmeter.journal.tail import JournalTail
from mitmeter.model import Chunk, Conversation, Side


@dataclass(slots=True)
class ConversationSummary:
    """One conversation as the journal shows it.

    closed_ns:     None while it is open, or where its end is not in what was read.
    device_bytes:  what the device said; headend_bytes what the head-end said.
    changed_bytes: what a proxy said in either's place; 0 in every other role.
    last_ns:       when its last record was made.
    """

    conversation: Conversation
    closed_ns: int | None = None
    reason: str = ""
    chunks: int = 0
    device_bytes: int = 0
    headend_bytes: int = 0
    changed_bytes: int = 0
    last_ns: int = 0

    def count(self, chunk: Chunk) -> None:
        self.chunks += 1
        self.last_ns = chunk.received_ns
        if chunk.ours and self.conversation.role == "proxy":
            self.changed_bytes += len(chunk.data)
        elif chunk.sender is Side.DEVICE:
            self.device_bytes += len(chunk.data)
        else:
            self.headend_bytes += len(chunk.data)


class JournalReader:
    """A journal folder to read; any number may read while one writes.

    Every method raises JournalError when the folder cannot be read. Damage inside is data.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def segments(self) -> list[Segment]:
        return segments(self.folder)

    def read(
        self, start: Position = START, until: Position | None = None
    ) -> Iterator[tuple[Position, Record]]:
        """Yield the records from `start` to `until`, each with the place just behind it.

        A torn last line comes as a last Damaged whose `torn` is true, with the place before it,
        from which reading can go on once the line has been finished or set aside.
        """
        tail = JournalTail(self.folder, start)
        try:
            while found := tail.poll(until):
                yield from found
            if until is None and (torn := tail.torn()) is not None:
                yield tail.position, torn
        finally:
            tail.close()

    def records(self, start: Position = START, until: Position | None = None) -> Iterator[Record]:
        """Yield the records alone."""
        return (record for _, record in self.read(start, until))

    def conversations(self, until: Position | None = None) -> Iterator[ConversationSummary]:
        """Yield each conversation when its end is reached, last those that have none.

        Holds no more than the conversations open at one time.
        """
        live: dict[str, ConversationSummary] = {}
        for record in self.records(until=until):
            match record:
                case Chunk(conversation=conversation):
                    summary = live.get(conversation.id)
                    if summary is not None:
                        summary.count(record)
                case Opened(conversation=conversation):
                    live.setdefault(
                        conversation.id,
                        ConversationSummary(conversation, last_ns=conversation.opened_ns),
                    )
                case Closed() if record.conversation_id in live:
                    summary = live.pop(record.conversation_id)
                    summary.closed_ns = summary.last_ns = record.ns
                    summary.reason = record.reason
                    yield summary
                case _:
                    pass
        yield from live.values()
