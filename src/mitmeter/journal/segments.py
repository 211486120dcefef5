"""The files of a journal folder: `00000007-2026-11-20.jsonl`, sealed with `.zst` behind it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from mitmeter.errors import JournalError

TORN = "torn"
_NAME = re.compile(r"([0-9]{8,12})-([0-9]{4}-[0-9]{2}-[0-9]{2})\.jsonl(\.zst)?\Z")


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the journal. `day` is the UTC day it was begun on."""

    number: int
    day: date
    path: Path
    sealed: bool

    def size(self) -> int:
        """Return the file's size on disk, in bytes. Raises JournalError when it is gone."""
        try:
            return self.path.stat().st_size
        except OSError as exc:
            raise JournalError(f"{self.path}: {exc.strerror}") from exc


def segments(folder: Path) -> list[Segment]:
    """Return the folder's segments by number; the open file wins where its sealed copy exists too.

    Raises: JournalError when the folder cannot be read.
    """
    found: dict[int, Segment] = {}
    for segment in every_file(folder):
        if segment.number not in found or not segment.sealed:
            found[segment.number] = segment
    return [found[number] for number in sorted(found)]


def every_file(folder: Path) -> list[Segment]:
    """Return all segment files, both of a pair that a crash left between sealing and removal."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as exc:
        raise JournalError(f"journal {folder}: {exc.strerror}") from exc
    files = (segment_of(folder / name) for name in names)
    return [segment for segment in files if segment is not None]


def segment_of(path: Path) -> Segment | None:
    """Return what a file's name says, None for a file that is no segment."""
    parts = _NAME.match(path.name)
    if parts is None:
        return None
    try:
        day = date.fromisoformat(parts[2])
    except ValueError:
        return None
    return Segment(int(parts[1]), day, path, parts[3] is not None)


def segment_name(number: int, day: date) -> str:
    return f"{number:08d}-{day.isoformat()}.jsonl"


def day_at(ns: int) -> date:
    """Return the UTC day of an instant in nanoseconds since 1970."""
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).date()


def day_start_ns(day: date) -> int:
    """Return the day's first nanosecond since 1970."""
    return (day - date(1970, 1, 1)) // timedelta(seconds=1) * 1_000_000_000


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable: files created, renamed or removed in it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
