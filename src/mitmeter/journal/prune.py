"""Lets go of old segments, by age and by total size; never of the one being written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mitmeter.errors import JournalError
from mitmeter.journal.position import Position
from mitmeter.journal.segments import Segment, day_start_ns, every_file, sync_folder

_DAY_NS = 86_400_000_000_000
# A board without a battery-backed clock boots in the past: a day before this is no day to go by.
_PLAUSIBLE = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Pruned:
    """One file let go of, and why in words."""

    segment: Segment
    size: int
    reason: str


def prune(
    folder: Path,
    *,
    now_ns: int,
    keep_seconds: float | None = None,
    keep_bytes: int | None = None,
    consumed: Position | None = None,
) -> list[Pruned]:
    """Remove the oldest segments until both limits hold; returns what was removed.

    keep_seconds: a segment goes once its day has been over for this long; None keeps every age.
    keep_bytes:   the folder's segments may take this much on disk together; None for any size.
    consumed:     nothing at or behind this place goes, whatever the limits say: the store has not
                  taken it in yet.

    Only ever the oldest go, so that the journal has no hole. Raises JournalError naming the file.
    """
    files = sorted(every_file(folder), key=lambda found: (found.number, found.sealed))
    if not files:
        return []
    last = files[-1].number
    limit = last if consumed is None else min(last, consumed.segment)
    sizes = {segment.path: segment.size() for segment in files}
    total = sum(sizes.values())
    removed: list[Pruned] = []
    for segment, ended_ns in _with_ends(files):
        reason = ""
        if keep_seconds is not None and ended_ns + int(keep_seconds * 1e9) <= now_ns:
            reason = f"older than {keep_seconds:g} s"
        elif keep_bytes is not None and total > keep_bytes:
            reason = f"the journal was larger than {keep_bytes} bytes"
        if not reason or segment.number >= limit:
            break
        _remove(segment)
        total -= sizes[segment.path]
        removed.append(Pruned(segment, sizes[segment.path], reason))
    if removed:
        sync_folder(folder)
    return removed


def _with_ends(files: list[Segment]) -> Iterator[tuple[Segment, int]]:
    """Yield each file with the end of its last day, in ns.

    Where its own day cannot be right (long past, or after the next one's), the next one's counts.
    """
    days = [segment.day for segment in files]
    for index in range(len(days) - 2, -1, -1):
        if not _PLAUSIBLE <= days[index] <= days[index + 1]:
            days[index] = days[index + 1]
    for segment, day in zip(files, days, strict=True):
        yield segment, day_start_ns(day) + _DAY_NS


def _remove(segment: Segment) -> None:
    try:
        segment.path.unlink()
    except FileNotFoundError:
        return
    except OSError as exc:
        raise JournalError(f"{segment.path} cannot be removed: {exc.strerror}") from exc
