"""One conversation's records out of a journal of many segments."""

from dataclasses import replace
from pathlib import Path

import pytest

from mitmeter.daemon.drive import HALF_MESSAGE
from mitmeter.daemon.web_chunks import Chunks
from mitmeter.journal.records import Closed, Entry, Opened
from mitmeter.journal.seal import seal_rolled
from mitmeter.journal.segments import segments
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Chunk, Conversation, Event, Side, instant
from mitmeter.store import RecordedConversation

START = 1_781_503_200_000_000_000
MINE = Conversation("01KV4XVKS7BSM583", "alphaess", "trap", "battery", "192.0.2.7:4000", START)
OTHER = replace(MINE, id="01KV4XVKS7BSM584")
HOURS = 3600 * 10**9


def seqs(entries: list[Entry]) -> list[int]:
    return [each.seq for each in entries if isinstance(each, Chunk)]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """300 chunks of one conversation over two days, between those of another that names it."""
    now = START
    with JournalWriter(
        tmp_path / "journal", clock_ns=lambda: now, segment_bytes=20_000, owner="test"
    ) as writer:
        writer.open(MINE)
        writer.open(OTHER)
        for seq in range(300):
            now = START + seq * HOURS // 6
            writer.data(MINE.id, seq, Side.DEVICE, now, b"mine %d" % seq + bytes(50), False)
            hostile = f'"c":"{MINE.id}","n":7,'.encode()
            writer.data(OTHER.id, seq, Side.DEVICE, now, hostile + bytes(50), False)
            writer.note(Event("test.noise", instant(now), f'","c":"{MINE.id}"'), OTHER.id)
            if seq == 150:
                writer.note(Event(HALF_MESSAGE, instant(now), "given up"), MINE.id)
            if seq % 50 == 0:
                writer.flush()
        writer.close(MINE.id, "done", now)
        writer.flush()
    seal_rolled(tmp_path / "journal")
    assert len(segments(tmp_path / "journal")) > 5
    assert any(each.sealed for each in segments(tmp_path / "journal"))
    return tmp_path / "journal"


def about(closed: bool = True) -> RecordedConversation:
    end = START + 299 * HOURS // 6
    return RecordedConversation(MINE, end if closed else None, "", 0, 0, 300, 0)


@pytest.mark.parametrize("closed", [True, False])
def test_going_back_meets_every_chunk_once(journal: Path, closed: bool) -> None:
    chunks = Chunks(journal)
    for _ in range(2):  # the second time it is remembered which segments to leave out
        found: list[int] = []
        before: int | None = None
        while True:
            entries, whole = chunks.before(about(closed), before, 37)
            found = seqs(entries) + found
            if whole:
                break
            before = seqs(entries)[0]
        assert found == list(range(300))


def test_the_beginning_is_found_without_the_rest(journal: Path) -> None:
    assert seqs(Chunks(journal).first(about(), 5)) == [0, 1, 2, 3, 4]


def test_a_half_message_given_up_stands_where_it_was(journal: Path) -> None:
    entries, _ = Chunks(journal).before(about(), 153, 5)
    kinds = [each.seq if isinstance(each, Chunk) else "given up" for each in entries]
    assert kinds == [149, 150, "given up", 151, 152]


def test_all_of_it_is_all_of_it_and_nobody_elses(journal: Path) -> None:
    entries = list(Chunks(journal).all(about()))
    assert seqs(entries) == list(range(300))
    assert {each.conversation.id for each in entries if isinstance(each, Chunk)} == {MINE.id}
    assert isinstance(entries[0], Opened)
    assert isinstance(entries[-1], Closed)


def test_a_pruned_beginning_is_no_beginning_missed(journal: Path) -> None:
    first = segments(journal)[0]
    first.path.unlink()
    entries, whole = Chunks(journal).before(about(), None, 1000)
    assert whole
    assert seqs(entries)[-1] == 299
    assert seqs(entries) == list(range(seqs(entries)[0], 300))
