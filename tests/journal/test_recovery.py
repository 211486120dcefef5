from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mitmeter.errors import JournalError
from mitmeter.journal.verify import verify
from tests.journal.journal_makers import (
    chunks,
    conversation,
    damage,
    kinds,
    only_file,
    say,
    talk,
    writer,
)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A journal of one open conversation with two chunks."""
    with writer(tmp_path / "finished") as to:
        talk(to, conversation(), 2, close=False)
    return tmp_path / "finished"


def test_a_line_torn_at_any_byte_is_kept_aside_and_the_journal_goes_on(
    finished: Path, tmp_path: Path
) -> None:
    whole = only_file(finished).read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for end in range(last + 1, len(whole)):
        folder = tmp_path / f"torn-{end}"
        shutil.copytree(finished, folder)
        only_file(folder).write_bytes(whole[:end])
        with writer(folder) as to:
            recovered = to.recovered
            talk(to, conversation(2), 1)
        assert (recovered.torn, recovered.bytes) == (1, end - last)
        assert recovered.kept is not None
        assert recovered.kept.read_bytes() == whole[last:end]
        assert verify(folder).problems == []
        assert [chunk.id[14:] for chunk in chunks(folder)] == ["01/0", "02/0"]


def test_after_a_torn_line_a_new_segment_begins_so_that_no_position_is_used_twice(
    finished: Path,
) -> None:
    path = only_file(finished)
    path.write_bytes(path.read_bytes()[:-5])
    with writer(finished) as to:
        assert to.end.segment == 2
    assert kinds(finished) == ["open 01", "chunk 01/0", "again 01", "close 01"]


def test_a_tail_of_zeros_as_a_power_cut_leaves_it_is_kept_aside(finished: Path) -> None:
    with only_file(finished).open("ab") as file:
        file.write(bytes(100_000) + b"\n" + bytes(5000))
    with writer(finished) as to:
        assert to.recovered.bytes == 105_001
    assert verify(finished).problems == []
    assert len(chunks(finished)) == 2


def test_a_segment_without_anything_in_it_is_begun_again(finished: Path) -> None:
    (finished / "00000002-2025-11-20.jsonl").touch()
    with writer(finished) as to:
        assert to.recovered.torn == 0
        talk(to, conversation(2), 1)
    assert verify(finished).problems == []
    assert [chunk.id[14:] for chunk in chunks(finished)] == ["01/0", "01/1", "02/0"]


def test_a_torn_header_is_kept_aside_and_the_segment_begun_again(finished: Path) -> None:
    header = only_file(finished).read_bytes().partition(b"\n")[0]
    for end in range(1, len(header) + 1):
        (finished / "00000002-2025-11-21.jsonl").write_bytes(header[:end])
        to = writer(finished)
        assert to.recovered.bytes == end
        assert to.recovered.kept is not None
        assert to.recovered.kept.read_bytes() == header[:end]
        to.shut()
        (finished / "00000002-2025-11-20.jsonl").unlink()


def test_torn_ends_of_the_same_place_are_both_kept(finished: Path) -> None:
    names = set()
    for _ in range(2):
        (finished / "00000002-2025-11-20.jsonl").write_bytes(b'{"k":"mitm')
        to = writer(finished)
        assert to.recovered.kept is not None
        names.add(to.recovered.kept.name)
        to.shut()
        (finished / "00000002-2025-11-20.jsonl").unlink()
    assert names == {"00000002-2025-11-20.jsonl.0", "00000002-2025-11-20.jsonl.0-2"}


def test_rot_in_the_middle_is_left_where_it_is(finished: Path) -> None:
    path = only_file(finished)
    path.write_bytes(path.read_bytes().replace(b'"n":0', b'"n":9'))
    with writer(finished) as to:
        assert to.recovered.torn == 0
        say_more = conversation(2)
        to.open(say_more)
        say(to, say_more, 0, b"after")
    assert len(damage(finished)) == 1
    assert [chunk.id[14:] for chunk in chunks(finished)] == ["01/1", "02/0"]


def test_a_segment_of_a_newer_version_is_not_written_into(finished: Path) -> None:
    (finished / "00000007-2025-11-20.jsonl").write_bytes(
        b'{"k":"mitmeter-journal","v":2,"segment":7,"t":1,"z":"966f05d4"}\n'
    )
    with writer(finished) as to:
        assert to.end.segment == 8


def test_a_segment_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "00000001-2025-11-20.jsonl").mkdir()
    with pytest.raises(JournalError, match=r"00000001-2025-11-20\.jsonl: Is a directory"):
        writer(tmp_path)


def test_a_failed_start_lets_go_of_the_lock(tmp_path: Path) -> None:
    (tmp_path / "00000001-2025-11-20.jsonl").mkdir()
    with pytest.raises(JournalError):
        writer(tmp_path)
    (tmp_path / "00000001-2025-11-20.jsonl").rmdir()
    writer(tmp_path).shut()
