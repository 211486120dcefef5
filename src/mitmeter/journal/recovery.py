"""What a crash left at the end of a journal: found, kept aside, and told."""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mitmeter.errors import JournalError
from mitmeter.journal.records import VERSION, Closed, Header, Opened, decode_line, is_whole
from mitmeter.journal.segments import TORN, Segment, sync_folder
from mitmeter.model import Conversation

_COPY = 1 << 20


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a writer found to repair when it opened the journal.

    torn:   how many torn ends were cut off (0 or 1), `bytes` long together, kept in `kept`.
    closed: the conversations the crash had left open, now closed by a record of their own.
    """

    torn: int = 0
    bytes: int = 0
    kept: Path | None = None
    closed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastSegment:
    """The sound part of a segment: its length, whom it leaves open, its last record's time."""

    size: int
    live: dict[str, Conversation]
    last_ns: int | None
    current_version: bool


def inspect(segment: Segment) -> LastSegment:
    """Read the last segment's sound part: all up to its last whole line.

    Only openings, closings and the end are looked at, so that starting stays quick.
    Raises: JournalError when the file cannot be read.
    """
    try:
        with segment.path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return LastSegment(0, {}, None, False)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                return _inspect(text)
    except OSError as exc:
        raise JournalError(f"{segment.path}: {exc.strerror}") from exc


def _inspect(text: mmap.mmap) -> LastSegment:
    size, last = _last_whole_line(text)
    if not size:
        return LastSegment(0, {}, None, False)
    live: dict[str, Conversation] = {}
    for line in _lines_starting(text, (b'{"k":"o"', b'{"k":"c"'), size):
        try:
            record = decode_line(line, {})
        except JournalError:
            continue
        if isinstance(record, Opened):
            live[record.conversation.id] = record.conversation
        elif isinstance(record, Closed):
            live.pop(record.conversation_id, None)
    return LastSegment(size, live, _time_of(last), _is_ours(text))


def _time_of(line: bytes) -> int | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    when = found.get("t") if isinstance(found, dict) else None
    return when if isinstance(when, int) else None


def _last_whole_line(text: mmap.mmap) -> tuple[int, bytes]:
    """Return where the last whole line ends (0 without one), and the line."""
    end = text.rfind(b"\n")
    while end >= 0:
        start = text.rfind(b"\n", 0, end) + 1
        line = text[start:end]
        if is_whole(line):
            return end + 1, line
        end = start - 1
    return 0, b""


def _lines_starting(text: mmap.mmap, heads: tuple[bytes, ...], size: int) -> Iterator[bytes]:
    """Yield the lines that begin so, in order, without touching the others."""
    places = {head: text.find(b"\n" + head, 0, size) for head in heads}
    while (found := min((at for at in places.values() if at >= 0), default=-1)) >= 0:
        end = text.find(b"\n", found + 1, size)
        yield text[found + 1 : end]
        for head, at in places.items():
            if at == found:
                places[head] = text.find(b"\n" + head, end, size)


def _is_ours(text: mmap.mmap) -> bool:
    """Tell whether the segment's header is of the version this writer writes."""
    try:
        header = decode_line(text[: text.find(b"\n")], {})
    except JournalError:
        return False
    return isinstance(header, Header) and header.version == VERSION


def set_aside(segment: Segment, size: int) -> tuple[int, Path | None]:
    """Move what lies behind the first `size` bytes to `torn/`; returns how much, and where it is.

    The copy is on the disk before the segment is cut. A segment with nothing sound in it goes away.
    Raises: JournalError naming the file, and then nothing is lost.
    """
    folder = segment.path.parent
    torn = segment.size() - size
    kept = None
    try:
        if torn:
            kept = _copy_of_tail(segment.path, size, folder / TORN)
            os.truncate(segment.path, size)
        if not size:
            segment.path.unlink()
        sync_folder(folder)
    except OSError as exc:
        raise JournalError(
            f"{segment.path}: its torn end cannot be set aside: {exc.strerror}"
        ) from exc
    return torn, kept


def _copy_of_tail(path: Path, size: int, folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    kept = _unused(folder / f"{path.name}.{size}")
    try:
        with path.open("rb") as source, kept.open("xb") as target:
            os.fchmod(target.fileno(), 0o600)
            source.seek(size)
            while data := source.read(_COPY):
                target.write(data)
            target.flush()
            os.fsync(target.fileno())
    except OSError:
        kept.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    return kept


def _unused(path: Path) -> Path:
    count, candidate = 1, path
    while candidate.exists():
        count += 1
        candidate = path.with_name(f"{path.name}-{count}")
    return candidate
