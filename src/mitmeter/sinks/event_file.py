"""A JSON Lines file: one flat object per line, rotated by size and day, on disk when confirmed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mitmeter.errors import SinkError
from mitmeter.model import Reading
from mitmeter.sinks.shape import Shape
from mitmeter.sinks.sink import Accepted, Look, Occurrence, Outcome

_MODE = 0o640
_TAIL = 65_536


@dataclass(frozen=True, slots=True)
class FilePlan:
    """Where to, and when a new file is begun.

    max_bytes: beyond this the file is put aside, 0 for never. daily: also when the UTC day ends.
    keep:      how many files put aside are kept. sync: wait for the disk before confirming.
    """

    path: Path
    max_bytes: int = 100_000_000
    daily: bool = True
    keep: int = 30
    sync: bool = True


class FileSink:
    """Appends lines. A batch is there whole or not at all, short of a crash in between.

    What was written and not yet noted when the power failed is written again: readers have to bear
    a few lines twice.
    """

    kind = "file"
    idempotent = False
    settles = 0.0

    def __init__(self, plan: FilePlan, shape: Shape, now: Callable[[], datetime]) -> None:
        self._plan = plan
        self._shape = shape
        self._now = now

    async def open(self, look: Look) -> None:
        await asyncio.to_thread(self._mend)

    async def readings(self, batch: Sequence[Reading]) -> Outcome:
        return await asyncio.to_thread(self._append, [self._shape.reading(each) for each in batch])

    async def events(self, batch: Sequence[Occurrence]) -> Outcome:
        return await asyncio.to_thread(self._append, [self._shape.event(each) for each in batch])

    async def close(self) -> None:
        """Nothing is held open between batches, so that anybody may move the file away."""

    def _append(self, lines: Sequence[str]) -> Outcome:
        data = ("\n".join(lines) + "\n").encode("ascii")
        path = self._plan.path
        try:
            self._rotate(len(data))
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
            try:
                self._write(handle, data)
            finally:
                os.close(handle)
        except OSError as exc:
            raise SinkError(f"{path}: {exc.strerror or exc}") from exc
        return Accepted()

    def _write(self, handle: int, data: bytes) -> None:
        """Write all or nothing: what a full disk took of it is taken back."""
        before = os.fstat(handle).st_size
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
            if self._plan.sync:
                os.fsync(handle)
        except OSError:
            os.ftruncate(handle, before)
            raise

    # --- rotation ---------------------------------------------------------------------------------

    def _rotate(self, more: int) -> None:
        plan = self._plan
        try:
            held = plan.path.stat()
        except FileNotFoundError:
            return
        if not held.st_size:
            return
        now = self._now()
        written = datetime.fromtimestamp(held.st_mtime, now.tzinfo)
        is_full = plan.max_bytes and held.st_size + more > plan.max_bytes
        is_old = plan.daily and written.date() < now.date()
        if is_full or is_old:
            plan.path.rename(self._aside(now))
            for old in self.put_aside()[: -plan.keep] if plan.keep else self.put_aside():
                old.unlink(missing_ok=True)

    def _aside(self, now: datetime) -> Path:
        """Return a free name that sorts by time: `events.20261120T101503123456Z.jsonl`."""
        path = self._plan.path
        return path.with_name(f"{path.stem}.{now:%Y%m%dT%H%M%S%f}Z{path.suffix}")

    def put_aside(self) -> list[Path]:
        """Return the files put aside, oldest first."""
        path = self._plan.path
        found = (
            each
            for each in path.parent.glob(f"{_literal(path.stem)}.*Z{_literal(path.suffix)}")
            if _is_stamp(each.name[len(path.stem) + 1 : len(each.name) - len(path.suffix)])
        )
        return sorted(found)

    def _mend(self) -> None:
        """Make the folder, and take away the beginning of a line that a crash left."""
        path = self._plan.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file():
                return
            with path.open("r+b") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL))
                tail = file.read()
                torn = len(tail) - (tail.rfind(b"\n") + 1)
                # Without any line's end it is somebody else's file: leave it alone.
                if 0 < torn < len(tail) or (torn and size <= _TAIL and tail.startswith(b"{")):
                    file.truncate(size - torn)
        except OSError as exc:
            raise SinkError(f"{path}: {exc.strerror or exc}") from exc


def _literal(text: str) -> str:
    """Return text that a glob pattern takes as it is."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def _is_stamp(text: str) -> bool:
    return len(text) == 22 and text[8] == "T" and text[-1] == "Z"
