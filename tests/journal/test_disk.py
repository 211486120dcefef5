from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mitmeter.errors import JournalError
from mitmeter.journal.verify import verify
from tests.journal.journal_makers import chunks, conversation, only_file, say, writer

# A limit on the size of a file is a full disk that needs no privileges.
LIMITED = """
import resource, sys
from pathlib import Path
from mitmeter.errors import JournalError
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Conversation, Side

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
writer = JournalWriter(Path(sys.argv[1]))
writer.open(Conversation("01JD000000000001", "alphaess", "trap", "battery", "", 1))
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
for seq in range(100):
    writer.data("01JD000000000001", seq, Side.DEVICE, seq, b"x" * 100, False)
    try:
        writer.flush()
    except JournalError as exc:
        text = (Path(sys.argv[1]) / "00000001-").parent.glob("*.jsonl").__next__().read_bytes()
        assert text.endswith(b"\\n"), "half a line is left"
        print(exc)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
writer.shut()
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB, for those who may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip("may not mount a small disk")
    try:
        yield folder
    finally:
        # Lazily, so that a test that fails with a file open leaves no disk behind either.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_named_with_its_folder_and_heals_when_there_is_room(
    small_disk: Path,
) -> None:
    to = writer(small_disk / "journal")
    to.open(conversation())
    taken = 0

    def fill() -> None:
        nonlocal taken
        while True:
            say(to, conversation(), taken, bytes(1000))
            taken += 1
            to.flush()

    with pytest.raises(JournalError, match=r"disk/journal cannot be saved: No space left"):
        fill()
    synced = to.synced
    assert only_file(small_disk / "journal").read_bytes()[-1:] == b"\n"
    assert only_file(small_disk / "journal").stat().st_size == synced.offset
    assert "No space left" in to.failure

    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    assert to.flush() == to.end
    assert to.failure == ""
    to.shut()
    assert [chunk.seq for chunk in chunks(small_disk / "journal")] == list(range(taken))
    assert verify(small_disk / "journal").problems == []


def test_a_write_that_stops_half_way_leaves_no_half_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert f"journal {tmp_path} cannot be saved: File too large" in done.stdout
    assert [chunk.seq for chunk in chunks(tmp_path)] == list(range(100))
    assert verify(tmp_path).problems == []


def test_beyond_the_cap_new_records_are_refused_and_those_taken_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = writer(tmp_path, unsaved_bytes=20_000)
    to.open(conversation())
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", _failing(errno.ENOSPC))
        with pytest.raises(JournalError, match="cannot be saved"):
            to.flush()
        taken = 0

        def fill() -> None:
            nonlocal taken
            while True:
                say(to, conversation(), taken, bytes(100))
                taken += 1

        with pytest.raises(JournalError, match=r"No space left.*; refused, as \d+ bytes already"):
            fill()
        assert 20_000 <= to.unsaved < 20_500
        with pytest.raises(JournalError, match="refused"):
            to.open(conversation(2))
        to.close(conversation().id, "a closing is always taken", 0)
    to.shut()
    assert [chunk.seq for chunk in chunks(tmp_path)] == list(range(taken))
    assert verify(tmp_path).problems == []


def test_after_a_failed_sync_the_same_bytes_are_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = writer(tmp_path)
    to.open(conversation())
    say(to, conversation(), 0, b"first")
    to.flush()
    good = only_file(tmp_path).read_bytes()
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", _failing(errno.EIO))
        for seq in (1, 2):
            say(to, conversation(), seq, b"more")
            with pytest.raises(JournalError, match="Input/output error"):
                to.flush()
            assert only_file(tmp_path).read_bytes() == good
            assert to.synced.offset == len(good)
    to.shut()
    assert [chunk.seq for chunk in chunks(tmp_path)] == [0, 1, 2]


def test_a_cut_that_fails_as_well_is_made_up_for_by_the_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = writer(tmp_path)
    to.open(conversation())
    to.flush()
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", _failing(errno.EIO))
        broken.setattr(os, "ftruncate", _failing(errno.EIO))
        say(to, conversation(), 0, b"x")
        with pytest.raises(JournalError):
            to.flush()
    to.shut()
    assert [chunk.seq for chunk in chunks(tmp_path)] == [0]
    assert verify(tmp_path).problems == []


def test_a_segment_that_cannot_be_begun_is_begun_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = writer(tmp_path, segment_bytes=600)
    to.open(conversation())
    to.flush()
    with monkeypatch.context() as broken:
        broken.setattr(os, "open", _failing(errno.ENOSPC))
        for seq in range(4):
            say(to, conversation(), seq, bytes(100))
        with pytest.raises(JournalError, match="No space left"):
            to.flush()
    to.shut()
    assert [chunk.seq for chunk in chunks(tmp_path)] == [0, 1, 2, 3]
    assert verify(tmp_path).problems == []


def test_a_new_segment_is_on_disk_with_its_name_before_the_flush_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    to = writer(tmp_path, segment_bytes=600)
    to.open(conversation())
    to.flush()
    assert synced == [tmp_path]
    say(to, conversation(), 0, bytes(300))
    to.flush()
    assert synced == [tmp_path, tmp_path]
    to.shut()


def _failing(number: int) -> object:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail
