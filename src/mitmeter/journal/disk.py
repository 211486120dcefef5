"""Durable bytes: lines go to segment files whole, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from mitmeter.journal.position import Position
from mitmeter.journal.segments import segment_name, sync_folder


@dataclass(slots=True)
class Part:
    """Consecutive lines of one segment, waiting to be saved; `end` is the offset behind them."""

    number: int
    day: date
    end: int
    size: int = 0
    lines: list[bytes] = field(default_factory=list)

    def join(self, later: Part) -> None:
        """Take in the lines that follow in the same segment."""
        self.lines += later.lines
        self.size += later.size
        self.end = later.end


class SegmentDisk:
    """Saves parts in order. Used by one thread at a time; raises OSError as the system gives it.

    What a failed attempt left of a part is cut off again, so that a segment never has half a line
    in its middle. After a failed sync everything since the last good one is written again: the
    kernel may have dropped the pages it could not write.
    """

    def __init__(self, folder: Path, resume: Path | None, number: int, size: int) -> None:
        self._folder = folder
        self._handle = -1 if resume is None else os.open(resume, os.O_WRONLY)
        self._number = number
        self._good = size

    def save(self, part: Part) -> Position:
        """Write the part's lines and wait until they are on the disk; returns the place behind."""
        if part.number != self._number or self._handle < 0:
            self._begin(part)
        data = memoryview(b"".join(part.lines))
        offset = self._good
        try:
            while data:
                written = os.pwrite(self._handle, data, offset)
                data = data[written:]
                offset += written
            os.fdatasync(self._handle)
        except OSError:
            self._cut_back()
            raise
        if self._good == 0:
            sync_folder(self._folder)
        self._good = offset
        return Position(part.number, offset)

    def _begin(self, part: Part) -> None:
        path = self._folder / segment_name(part.number, part.day)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.shut()
        self._handle, self._number, self._good = handle, part.number, 0

    def _cut_back(self) -> None:
        # Where even this fails, the next attempt writes the same bytes over the same place.
        with suppress(OSError):
            os.ftruncate(self._handle, self._good)

    def shut(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
