from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mitmeter.errors import JournalError
from mitmeter.journal.cut import CutReport, cut
from mitmeter.journal.reader import JournalReader
from mitmeter.journal.records import Entry, Opened
from mitmeter.journal.verify import verify
from mitmeter.model import Chunk, Conversation, Event
from tests.journal.journal_makers import (
    NOON,
    chunks,
    conversation,
    kinds,
    only_file,
    records,
    talk,
    writer,
)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    with writer(tmp_path / "whole", segment_bytes=900) as to:
        talk(to, conversation(1), 6)
        to.note(Event("x", datetime(2025, 11, 20, tzinfo=UTC), "y"), "", "battery")
        talk(to, conversation(2), 6, close=False)
    return tmp_path / "whole"


def everything(_: Entry) -> bool:
    return True


def test_a_copy_of_everything_holds_the_same_chunks_and_events(
    journal: Path, tmp_path: Path
) -> None:
    report = cut(JournalReader(journal).records(), tmp_path / "cut", everything)
    assert report == CutReport(conversations=2, chunks=12, bytes=84, events=1)
    assert chunks(tmp_path / "cut") == chunks(journal)
    assert [kind for kind in kinds(journal) if kind[:5] != "again"] == kinds(tmp_path / "cut")
    assert verify(tmp_path / "cut").problems == []


def test_one_conversation_can_be_taken_out(journal: Path, tmp_path: Path) -> None:
    def second(entry: Entry) -> bool:
        return isinstance(entry, Chunk) and entry.conversation.id == conversation(2).id

    cut(JournalReader(journal).records(), tmp_path / "cut", second)
    assert kinds(tmp_path / "cut") == ["open 02", *(f"chunk 02/{seq}" for seq in range(6))]


def test_a_span_of_time_keeps_numbers_and_times_and_is_sound(journal: Path, tmp_path: Path) -> None:
    def middle(entry: Entry) -> bool:
        return isinstance(entry, Chunk) and 2000 <= entry.received_ns - NOON <= 4000

    cut(JournalReader(journal).records(), tmp_path / "cut", middle)
    kept = chunks(tmp_path / "cut")
    assert [chunk.seq for chunk in kept] == [2, 3, 4] * 2
    assert [chunk.received_ns - NOON for chunk in kept] == [2000, 3000, 4000] * 2
    assert kinds(tmp_path / "cut")[0] == "again 01"
    assert verify(tmp_path / "cut").problems == []


def test_bytes_and_addresses_can_be_replaced_on_the_way(journal: Path, tmp_path: Path) -> None:
    def hidden(chunk: Chunk) -> Chunk:
        return replace(chunk, data=b"*" * len(chunk.data))

    def elsewhere(who: Conversation) -> Conversation:
        return replace(who, peer="192.0.2.20:50123")

    cut(
        JournalReader(journal).records(),
        tmp_path / "cut",
        everything,
        transform=hidden,
        rename=elsewhere,
    )
    assert {chunk.data for chunk in chunks(tmp_path / "cut")} == {b"*******"}
    peers = {
        record.conversation.peer
        for record in records(tmp_path / "cut")
        if isinstance(record, Opened)
    }
    assert peers == {"192.0.2.20:50123"}
    assert b"192.168.101.7" not in only_file(tmp_path / "cut").read_bytes()


def test_damaged_records_are_counted_and_not_copied(journal: Path, tmp_path: Path) -> None:
    path = min(journal.glob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b'"n":1', b'"n":8'))
    report = cut(JournalReader(journal).records(), tmp_path / "cut", everything)
    assert (report.skipped, report.chunks) == (1, 11)


def test_a_folder_that_holds_a_journal_is_not_written_into(journal: Path) -> None:
    before = {path: path.read_bytes() for path in journal.glob("*.jsonl")}
    with pytest.raises(JournalError, match="already holds a journal"):
        cut(JournalReader(journal).records(), journal, everything)
    assert {path: path.read_bytes() for path in journal.glob("*.jsonl")} == before
