"""Conversations, writers and journals for the journal's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mitmeter.journal.reader import JournalReader
from mitmeter.journal.records import Closed, Damaged, Noted, Opened, Record, Unknown
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Chunk, Conversation, Side

# 2025-11-20T10:15:03Z
NOON = 1_763_633_703_000_000_000
DAY = 86_400_000_000_000


@dataclass(slots=True)
class HandClock:
    """A clock that stands until it is moved."""

    ns: int = NOON

    def __call__(self) -> int:
        return self.ns


def conversation(
    number: int = 1, *, role: str = "trap", peer: str = "192.168.101.7:50123", upstream: str = ""
) -> Conversation:
    return Conversation(
        f"01JD0000000000{number:02d}", "alphaess", role, "battery", peer, NOON + number, upstream
    )


def writer(
    folder: Path,
    *,
    clock: Callable[[], int] | None = None,
    segment_bytes: int = 64 << 20,
    unsaved_bytes: int = 32 << 20,
) -> JournalWriter:
    return JournalWriter(
        folder,
        clock_ns=clock or HandClock(),
        segment_bytes=segment_bytes,
        unsaved_bytes=unsaved_bytes,
    )


def say(to: JournalWriter, who: Conversation, seq: int, data: bytes) -> None:
    """Append chunk `seq`: even numbers are the device's, odd ones ours."""
    sender = Side.HEADEND if seq % 2 else Side.DEVICE
    to.data(who.id, seq, sender, NOON + 1000 * seq, data, bool(seq % 2))


def talk(to: JournalWriter, who: Conversation, count: int, *, close: bool = True) -> None:
    """Append a conversation of `count` chunks, `b"chunk 0"` and so on."""
    to.open(who)
    for seq in range(count):
        say(to, who, seq, b"chunk %d" % seq)
    if close:
        to.close(who.id, "peer closed", NOON + 1000 * count)


def records(folder: Path) -> list[Record]:
    return list(JournalReader(folder).records())


def chunks(folder: Path) -> list[Chunk]:
    return [record for record in records(folder) if isinstance(record, Chunk)]


def damage(folder: Path) -> list[Damaged | Unknown]:
    return [record for record in records(folder) if isinstance(record, Damaged | Unknown)]


def kinds(folder: Path) -> list[str]:
    """Return one word per record, such as `open 01`, `chunk 01/0`, `again 01`, `close 01`."""
    return [_kind(record) for record in records(folder)]


def _kind(record: Record) -> str:
    match record:
        case Chunk():
            return f"chunk {record.id[14:]}"
        case Opened():
            word = "again" if record.again else "open"
            return f"{word} {record.conversation.id[14:]}"
        case Closed():
            return f"close {record.conversation_id[14:]}"
        case Noted():
            return f"event {record.event.eventid}"
        case Unknown():
            return "unknown"
        case Damaged():
            return "torn" if record.torn else "damaged"


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*.jsonl")
    return path
