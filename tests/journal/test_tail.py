from __future__ import annotations

from pathlib import Path

import pytest

from mitmeter.errors import JournalError
from mitmeter.journal.position import START, Position
from mitmeter.journal.records import Damaged, Record
from mitmeter.journal.seal import seal_rolled
from mitmeter.journal.tail import JournalTail
from mitmeter.model import Chunk
from tests.journal.journal_makers import conversation, only_file, records, say, talk, writer


def drain(tail: JournalTail, until: Position | None = None) -> list[Record]:
    found: list[Record] = []
    while placed := tail.poll(until):
        found += [record for _, record in placed]
    return found


def seqs(found: list[Record]) -> list[int]:
    return [record.seq for record in found if isinstance(record, Chunk)]


def test_polled_again_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    to = writer(tmp_path)
    tail = JournalTail(tmp_path)
    to.open(conversation())
    for seq in range(5):
        say(to, conversation(), seq, b"status")
        to.flush()
        assert seqs(drain(tail)) == [seq]
        assert tail.position == to.end
    assert tail.poll() == []
    tail.close()
    to.shut()


def test_it_reads_no_further_than_it_is_told(tmp_path: Path) -> None:
    to = writer(tmp_path, segment_bytes=1000)
    to.open(conversation())
    places = []
    for seq in range(8):
        say(to, conversation(), seq, bytes(100))
        places.append(to.end)
    to.flush()
    tail = JournalTail(tmp_path)
    for seq, place in enumerate(places):
        assert seqs(drain(tail, place)) == [seq]
        assert drain(tail, place) == []
    tail.close()
    to.shut()


def test_every_position_is_a_place_to_start_again(tmp_path: Path) -> None:
    with writer(tmp_path, segment_bytes=1200) as to:
        talk(to, conversation(1), 5, close=False)
        talk(to, conversation(2), 5)
        talk(to, conversation(3), 5)
    whole = JournalTail(tmp_path)
    placed = []
    while found := whole.poll():
        placed += found
    assert len({place.segment for place, _ in placed}) > 2
    for index, (place, _) in enumerate(placed):
        tail = JournalTail(tmp_path, place)
        assert drain(tail) == [record for _, record in placed[index + 1 :]]
        tail.close()
    whole.close()


def test_a_line_half_written_is_waited_for(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        talk(to, conversation(), 2)
    path = only_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    tail = JournalTail(tmp_path)
    before = drain(tail)
    torn = tail.torn()
    assert torn is not None
    assert (torn.torn, torn.position) == (True, tail.position)
    path.write_bytes(whole)
    assert before + drain(tail) == records(tmp_path)
    assert tail.torn() is None
    tail.close()


def test_segments_sealed_under_its_feet_are_read_on(tmp_path: Path) -> None:
    to = writer(tmp_path, segment_bytes=1000)
    to.open(conversation())
    for seq in range(9):
        say(to, conversation(), seq, bytes(100))
    to.flush()
    tail = JournalTail(tmp_path)
    first = [record for _, record in tail.poll()]
    assert seal_rolled(tmp_path)
    assert seqs(first + drain(tail)) == list(range(9))
    tail.close()
    to.shut()


def test_a_bad_line_in_the_middle_is_told_with_its_place_and_passed(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        talk(to, conversation(), 3)
    path = only_file(tmp_path)
    lines = path.read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b'"n":1', b'"n":7')
    path.write_bytes(b"\n".join(lines))
    tail = JournalTail(tmp_path)
    found = drain(tail)
    (bad,) = [record for record in found if isinstance(record, Damaged)]
    assert bad.position == Position(1, len(b"\n".join(lines[:3])) + 1)
    assert bad.raw == lines[3]
    assert "checksum" in bad.reason
    assert seqs(found) == [0, 2]
    tail.close()


def test_megabytes_without_a_line_end_pass_in_pieces_and_lose_no_byte(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        talk(to, conversation(1), 1)
    path = only_file(tmp_path)
    rot = bytes(9 << 20)
    sound = path.read_bytes()
    path.write_bytes(sound + rot + b"\n")
    with path.open("ab") as file:
        file.write(sound.partition(b"\n")[2])
    tail = JournalTail(tmp_path)
    found = drain(tail)
    pieces = [record for record in found if isinstance(record, Damaged)]
    assert b"".join(piece.raw for piece in pieces) == rot
    assert max(len(piece.raw) for piece in pieces) <= 6 << 20
    assert seqs(found) == [0, 0]
    assert tail.position.offset == path.stat().st_size
    tail.close()


def test_missing_segments_are_told(tmp_path: Path) -> None:
    with writer(tmp_path, segment_bytes=600) as to:
        talk(to, conversation(), 9)
    paths = sorted(tmp_path.glob("*.jsonl"))
    assert len(paths) >= 5
    paths[0].unlink()
    paths[2].unlink()
    tail = JournalTail(tmp_path)
    bad = [record for record in drain(tail) if isinstance(record, Damaged)]
    assert [(one.position, one.reason) for one in bad] == [(Position(3, 0), "segment 3 is missing")]
    tail.close()
    late = JournalTail(tmp_path, Position(1, 300))
    found = late.poll()[0][1]
    assert isinstance(found, Damaged)
    assert found.reason == "segment 1 is missing"
    late.close()


def test_a_start_beyond_the_end_is_told_and_reading_goes_on_there(tmp_path: Path) -> None:
    to = writer(tmp_path)
    talk(to, conversation(1), 1)
    end = to.flush()
    tail = JournalTail(tmp_path, Position(1, end.offset + 50))
    ((place, found),) = tail.poll()
    assert isinstance(found, Damaged)
    assert found.reason == f"segment 1 ends at byte {end.offset}, {end.offset + 50} was asked for"
    assert place == end
    talk(to, conversation(2), 2)
    to.flush()
    assert seqs(drain(tail)) == [0, 1]
    tail.close()
    to.shut()


def test_an_empty_folder_has_nothing_yet(tmp_path: Path) -> None:
    tail = JournalTail(tmp_path)
    assert tail.poll() == []
    assert tail.position == START
    with pytest.raises(JournalError, match="No such file"):
        JournalTail(tmp_path / "nowhere").poll()
