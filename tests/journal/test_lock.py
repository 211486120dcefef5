from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mitmeter.errors import JournalError
from mitmeter.journal.lock import FolderLock

HOLD = """
import sys
from pathlib import Path
from mitmeter.journal.lock import FolderLock
FolderLock(Path(sys.argv[1]), "mitmeter proxy")
print("held", flush=True)
sys.stdin.read()
"""


def test_who_comes_second_is_told_the_holders_command_and_pid(tmp_path: Path) -> None:
    first = FolderLock(tmp_path, "mitmeter trap")
    with pytest.raises(JournalError) as refused:
        FolderLock(tmp_path, "mitmeter run")
    assert str(refused.value) == (
        f"journal {tmp_path} is in use by mitmeter trap (pid {os.getpid()})"
    )
    first.release()


def test_a_released_journal_is_free_for_the_next(tmp_path: Path) -> None:
    FolderLock(tmp_path, "mitmeter trap").release()
    FolderLock(tmp_path, "mitmeter run").release()


def test_a_holder_that_is_killed_holds_no_longer(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(JournalError, match=rf"mitmeter proxy \(pid {other.pid}\)"):
            FolderLock(tmp_path, "mitmeter trap")
        other.kill()
        other.wait()
    FolderLock(tmp_path, "mitmeter trap").release()


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    FolderLock(tmp_path / "data" / "journal", "mitmeter trap").release()
    assert stat.S_IMODE((tmp_path / "data" / "journal").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="file/journal: Not a directory"):
        FolderLock(tmp_path / "file" / "journal", "mitmeter trap")
