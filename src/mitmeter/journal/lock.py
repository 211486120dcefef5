"""One journal, one writer: an advisory lock that says who holds it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from mitmeter.errors import JournalError
from mitmeter.journal.segments import sync_folder
from mitmeter.model import printable


class FolderLock:
    """An exclusive lock on a journal folder, held until `release` or the end of the process.

    Raises: JournalError naming the holder's command and pid, or why the folder cannot be used.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        try:
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync_folder(folder.parent)
            self._handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise JournalError(f"journal {folder}: {exc.strerror}") from exc
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            pid, _, command = os.read(self._handle, 300).decode("utf-8", "replace").partition(" ")
            os.close(self._handle)
            held_by = f"{printable(command.strip()) or 'another process'} (pid {printable(pid)})"
            raise JournalError(f"journal {folder} is in use by {held_by}") from exc
        # On a full disk the name stays unwritten; the lock holds all the same.
        os.ftruncate(self._handle, 0)
        with suppress(OSError):
            os.pwrite(self._handle, f"{os.getpid()} {owner}\n".encode("utf-8", "replace"), 0)

    def release(self) -> None:
        """Let the next writer in. The file stays: removing it would race with its next holder."""
        os.close(self._handle)
