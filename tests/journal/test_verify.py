from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from mitmeter.journal.position import Position
from mitmeter.journal.seal import seal_rolled
from mitmeter.journal.verify import verify
from mitmeter.model import Side
from tests.journal.journal_makers import NOON, conversation, only_file, say, talk, writer


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    with writer(tmp_path) as to:
        talk(to, conversation(1), 3)
        talk(to, conversation(2), 2, close=False)
    return tmp_path


def edit(folder: Path, change: Callable[[list[bytes]], object]) -> None:
    path = only_file(folder)
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


def texts(folder: Path) -> list[str]:
    return [problem.text for problem in verify(folder).problems]


def test_a_sound_journal_is_counted_and_has_no_problems(journal: Path) -> None:
    report = verify(journal)
    assert report.sound
    assert (report.segments, report.records) == (1, 8)
    assert report.bytes == only_file(journal).stat().st_size


def test_sealing_changes_nothing_that_is_counted(tmp_path: Path) -> None:
    with writer(tmp_path, segment_bytes=2000) as to:
        talk(to, conversation(), 40)
    before = verify(tmp_path)
    seal_rolled(tmp_path)
    assert verify(tmp_path) == before


def test_a_rotten_line_is_found_with_its_place(journal: Path) -> None:
    size = only_file(journal).read_bytes().index(b'{"k":"c"')
    edit(journal, lambda lines: lines.__setitem__(5, lines[5].replace(b"peer", b"pear")))
    report = verify(journal)
    assert report.problems[0].position == Position(1, size)
    assert "checksum" in report.problems[0].text


def test_a_lost_line_is_found_by_the_chunk_numbers(journal: Path) -> None:
    edit(journal, lambda lines: lines.pop(3))
    one = conversation(1).id
    assert texts(journal) == [f"chunk {one}/2 where {one}/1 should be"]


def test_a_doubled_line_is_found(journal: Path) -> None:
    edit(journal, lambda lines: lines.insert(3, lines[3]))
    one = conversation(1).id
    assert texts(journal) == [f"chunk {one}/1 where {one}/2 should be"]


def test_chunks_without_an_opening_are_found(journal: Path) -> None:
    edit(journal, lambda lines: lines.pop(1))
    one = conversation(1).id
    assert texts(journal) == [
        f"a chunk of conversation {one}, which is not open here",
        f"a chunk of conversation {one}, which is not open here",
        f"a chunk of conversation {one}, which is not open here",
        f"conversation {one} closes, but is not open",
    ]


def test_a_conversation_that_opens_twice_is_found(journal: Path) -> None:
    edit(journal, lambda lines: lines.insert(2, lines[1]))
    assert texts(journal) == [f"conversation {conversation(1).id} opens twice"]


def test_a_missing_header_is_found(journal: Path) -> None:
    edit(journal, lambda lines: lines.pop(0))
    assert texts(journal) == ["the segment does not begin with a header"]


def test_a_header_of_another_segment_is_found(journal: Path) -> None:
    only_file(journal).rename(journal / "00000002-2025-11-20.jsonl")
    assert texts(journal) == ["the header says segment 1"]


def test_a_torn_end_is_found(journal: Path) -> None:
    edit(journal, lambda lines: lines.__setitem__(-1, lines[-1][:20]))
    assert texts(journal) == ["the last line is torn: 20 bytes without a line end"]


def test_a_writer_at_work_is_not_called_torn(journal: Path) -> None:
    size = only_file(journal).stat().st_size
    edit(journal, lambda lines: lines.append(b'{"k":"d"'))
    assert verify(journal, Position(1, size)).sound


def test_an_unknown_kind_is_told(journal: Path) -> None:
    body = b'{"k":"tls","secret":"00"'
    line = b'%b,"z":"%08x"}\n' % (body, crc32(body))
    edit(journal, lambda lines: lines.append(line))
    assert texts(journal) == ["a record of unknown kind 'tls'"]


def test_a_missing_segment_and_the_chunks_lost_with_it_are_found(tmp_path: Path) -> None:
    with writer(tmp_path, segment_bytes=600) as to:
        talk(to, conversation(), 9)
    gone = sorted(tmp_path.glob("*.jsonl"))[2]
    first, last = (int(seq) for seq in re.findall(rb'"n":([0-9]+)', gone.read_bytes()))
    gone.unlink()
    one = conversation().id
    assert texts(tmp_path) == [
        "segment 3 is missing",
        f"chunk {one}/{last + 1} where {one}/{first} should be",
    ]


def test_a_pruned_beginning_is_no_problem(tmp_path: Path) -> None:
    with writer(tmp_path, segment_bytes=600) as to:
        talk(to, conversation(), 5)
    min(tmp_path.glob("*.jsonl")).unlink()
    assert texts(tmp_path) == []


@pytest.mark.parametrize("where", ["first", "middle", "last", "short"])
def test_damage_to_a_sealed_segment_is_found_and_the_next_is_still_read(
    tmp_path: Path, where: str
) -> None:
    with writer(tmp_path, segment_bytes=20_000) as to:
        to.open(conversation())
        for seq in range(60):
            say(to, conversation(), seq, b"%d" % (seq * 7919) * 60)
    seal_rolled(tmp_path)
    first = min(tmp_path.glob("*.zst"))
    data = bytearray(first.read_bytes())
    match where:
        case "first":
            data[0] ^= 1
        case "middle":
            data[len(data) // 2] ^= 1
        case "last":
            data[-1] ^= 1
        case _:
            del data[-len(data) // 3 :]
    first.write_bytes(bytes(data))
    report = verify(tmp_path)
    assert any(first.name in problem.text for problem in report.problems)
    assert report.records > 30


def test_problems_are_counted_beyond_those_kept(tmp_path: Path) -> None:
    who = conversation()
    with writer(tmp_path) as to:
        to.open(who)
        for seq in range(1500):
            to.data(who.id, 2 * seq, Side.DEVICE, NOON, b"", False)
    report = verify(tmp_path)
    assert (report.found, len(report.problems)) == (1499, 1000)
