from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mitmeter.errors import JournalError
from mitmeter.journal.position import Position
from mitmeter.journal.reader import JournalReader
from mitmeter.journal.records import Closed, Noted, Opened
from mitmeter.journal.verify import verify
from mitmeter.journal.writer import LEFT_OPEN
from mitmeter.model import Event, Side
from tests.journal.journal_makers import (
    DAY,
    NOON,
    HandClock,
    chunks,
    conversation,
    kinds,
    only_file,
    records,
    say,
    talk,
    writer,
)

UNTIL_KILLED = """
import sys
from pathlib import Path
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Conversation, Side
writer = JournalWriter(Path(sys.argv[1]), segment_bytes=20_000)
writer.open(Conversation("01JD000000000001", "alphaess", "trap", "battery", "", 1))
for seq in range(10**9):
    writer.data("01JD000000000001", seq, Side.DEVICE, seq, b"x" * 200, False)
    if seq % 7 == 0:
        writer.flush()
        print(seq, flush=True)
"""


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    who = conversation()
    event = Event("mitmeter.command.refused", datetime(2025, 11, 20, tzinfo=UTC), "no")
    with writer(tmp_path) as to:
        to.open(who)
        say(to, who, 0, b"login")
        to.note(event, who.id, "battery")
        to.close(who.id, "peer closed", NOON + 5)
    first, second, third, fourth = records(tmp_path)
    assert first == Opened(who)
    assert (chunks(tmp_path)[0].data, chunks(tmp_path)[0].conversation) == (b"login", who)
    assert second == chunks(tmp_path)[0]
    assert third == Noted(event, who.id, "battery")
    assert fourth == Closed(who.id, "peer closed", NOON + 5)


def test_nothing_is_synced_before_a_flush_and_everything_after(tmp_path: Path) -> None:
    to = writer(tmp_path)
    talk(to, conversation(), 3)
    assert to.synced == Position(1, 0)
    assert to.unsaved == to.end.offset
    assert to.flush() == to.synced == to.end == Position(1, only_file(tmp_path).stat().st_size)
    assert to.unsaved == 0
    to.shut()


def test_positions_of_reader_and_writer_agree(tmp_path: Path) -> None:
    who = conversation()
    to = writer(tmp_path, segment_bytes=1500)
    to.open(who)
    ends = [to.end]
    for seq in range(30):
        say(to, who, seq, bytes(50))
        ends.append(to.end)
    to.flush()
    places = [
        place for place, record in JournalReader(tmp_path).read() if record != Opened(who, True)
    ]
    assert places == ends
    to.shut()


def test_segments_are_rolled_by_size_and_repeat_who_is_still_talking(tmp_path: Path) -> None:
    with writer(tmp_path, segment_bytes=900) as to:
        to.open(conversation(1))
        to.open(conversation(2))
        to.close(conversation(2).id, "", NOON)
        for seq in range(3):
            say(to, conversation(1), seq, bytes(100))
    assert kinds(tmp_path) == [
        "open 01", "open 02", "close 02", "again 01",
        "chunk 01/0", "again 01", "chunk 01/1", "again 01", "chunk 01/2",
    ]  # fmt: skip
    assert verify(tmp_path).problems == []


def test_a_record_larger_than_a_segment_still_goes_into_one(tmp_path: Path) -> None:
    with writer(tmp_path, segment_bytes=100) as to:
        talk(to, conversation(), 2)
    assert verify(tmp_path).problems == []
    assert [chunk.data for chunk in chunks(tmp_path)] == [b"chunk 0", b"chunk 1"]


def test_a_segment_belongs_to_one_utc_day(tmp_path: Path) -> None:
    clock = HandClock()
    with writer(tmp_path, clock=clock) as to:
        to.open(conversation())
        clock.ns += DAY
        say(to, conversation(), 0, b"next day")
        clock.ns -= DAY
        say(to, conversation(), 1, b"the clock was set back")
    assert sorted(path.name for path in tmp_path.glob("*.jsonl")) == [
        "00000001-2025-11-20.jsonl",
        "00000002-2025-11-21.jsonl",
        "00000003-2025-11-20.jsonl",
    ]


def test_a_segment_begins_with_a_versioned_header(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        talk(to, conversation(), 1)
    header = json.loads(only_file(tmp_path).read_text().splitlines()[0])
    assert (header["k"], header["v"], header["segment"]) == ("mitmeter-journal", 1, 1)


def test_segments_can_be_read_by_their_owner_alone(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        talk(to, conversation(), 1)
    assert stat.S_IMODE(only_file(tmp_path).stat().st_mode) == 0o600


def test_a_second_run_goes_on_in_the_same_segment(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        talk(to, conversation(1), 2)
        end = to.end
    with writer(tmp_path) as to:
        assert to.synced == to.end == end
        assert to.recovered.torn == 0
        talk(to, conversation(2), 2)
    assert only_file(tmp_path).name.startswith("00000001-")
    assert verify(tmp_path).problems == []
    assert len(chunks(tmp_path)) == 4


def test_what_a_crash_left_open_is_closed_at_the_time_of_the_last_record(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        talk(to, conversation(1), 1)
        talk(to, conversation(2), 3, close=False)
    with writer(tmp_path) as to:
        assert to.recovered.closed == (conversation(2).id,)
    assert records(tmp_path)[-1] == Closed(conversation(2).id, LEFT_OPEN, NOON + 2000)


def test_sealed_segments_alone_are_followed_by_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "00000004-2025-11-20.jsonl.zst").touch()
    with writer(tmp_path) as to:
        talk(to, conversation(), 1)
    assert only_file(tmp_path).name == "00000005-2025-11-20.jsonl"


def test_a_chunk_of_a_conversation_that_is_not_open_is_refused(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        with pytest.raises(JournalError, match="'nobody' is not open"):
            to.data("nobody", 0, Side.DEVICE, NOON, b"", False)
        with pytest.raises(JournalError, match="'nobody' is not open"):
            to.close("nobody", "", NOON)


def test_a_record_too_long_to_read_back_is_refused(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        to.open(conversation())
        with pytest.raises(JournalError, match="at most 4194304"):
            say(to, conversation(), 0, bytes(2 << 20))
        say(to, conversation(), 0, b"goes on")
    assert [chunk.data for chunk in chunks(tmp_path)] == [b"goes on"]


def test_appending_goes_on_while_another_thread_flushes(tmp_path: Path) -> None:
    done = threading.Event()
    to = writer(tmp_path, segment_bytes=200_000)

    def flush_all_the_time() -> None:
        while not done.is_set():
            to.flush()

    flusher = threading.Thread(target=flush_all_the_time)
    flusher.start()
    who = conversation()
    to.open(who)
    for seq in range(20_000):
        say(to, who, seq, b"%d" % seq)
    done.set()
    flusher.join()
    to.shut()
    assert [chunk.data for chunk in chunks(tmp_path)] == [b"%d" % seq for seq in range(20_000)]
    assert verify(tmp_path).problems == []


def test_whatever_was_flushed_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    for lines in (1, 20, 90):
        folder = tmp_path / str(lines)
        with subprocess.Popen(
            [sys.executable, "-c", UNTIL_KILLED, str(folder)], stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None
            for _ in range(lines):
                last = int(other.stdout.readline())
            other.kill()
        writer(folder).shut()
        assert [chunk.seq for chunk in chunks(folder)][: last + 1] == list(range(last + 1))
        assert verify(folder).problems == []
