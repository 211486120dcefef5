"""Disks that are full when a test wants it: a small one of its own, or a limit on every file."""

from __future__ import annotations

import contextlib
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

ROOM_FOR_WORDS = 4096


class Disk(Protocol):
    """Where a daemon's data lies. `words` is how the system says that it is full."""

    @property
    def data(self) -> Path: ...

    @property
    def words(self) -> str: ...

    def fill(self, pid: int) -> None:
        """Leave no room for the process's next write."""
        ...

    def free(self, pid: int) -> None:
        """Make room again. The process may have ended; then its pid is 0."""
        ...


class SmallDisk:
    """A file system in memory, with a file that takes all the room there is."""

    words = "No space left on device"

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._filler = folder / "filler"

    def fill(self, pid: int) -> None:
        with self._filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    def free(self, pid: int) -> None:
        self._filler.unlink(missing_ok=True)


class LimitedFiles:
    """An ordinary disk on which no file of the process may grow on. Needs no privilege."""

    words = "File too large"

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"

    def fill(self, pid: int) -> None:
        # The journal has all that it may have. What is said on the terminal must go on.
        segments = (self.data / "journal").glob("*.jsonl")
        self._limit(pid, max(ROOM_FOR_WORDS, *(each.stat().st_size for each in segments)))

    def free(self, pid: int) -> None:
        if pid:
            self._limit(pid, resource.RLIM_INFINITY)

    def _limit(self, pid: int, size: int) -> None:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size < 0 else size, hard))


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount one; the test is skipped where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting needs root")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
