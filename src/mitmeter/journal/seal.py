"""Compresses the segments nobody writes any more: `….jsonl` becomes `….jsonl.zst`."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import zstandard

from mitmeter.errors import JournalError
from mitmeter.journal.segments import Segment, every_file, sync_folder
from mitmeter.journal.stream import BLOCK, SegmentStream

LEVEL = 9


@dataclass(frozen=True, slots=True)
class Sealed:
    """One segment sealed: its new file, and its size in bytes before and after."""

    segment: Segment
    before: int
    after: int


def seal_rolled(folder: Path, *, level: int = LEVEL) -> list[Sealed]:
    """Seal every segment but the last, which may still be written; returns what was sealed.

    The original goes only after its copy has been read back and found equal, so a crash at any
    moment leaves at least one whole file; what it left half done is done again here. Takes a while:
    run it in a thread of its own.

    Raises: JournalError naming the file that could not be sealed; it stays as it was.
    """
    files = every_file(folder)
    last = max((segment.number for segment in files), default=0)
    waiting = [found for found in files if not found.sealed and found.number < last]
    return [seal(segment, level=level) for segment in waiting]


def seal(segment: Segment, *, level: int = LEVEL) -> Sealed:
    """Seal one segment that is written no more. Raises JournalError; the original stays then."""
    target = segment.path.with_name(segment.path.name + ".zst")
    made = target.with_name(f".{target.name}.part")
    before = segment.size()
    try:
        _compress(segment, before, made, level)
        copy = replace(segment, path=made, sealed=True)
        if _digest(copy) != _digest(segment):
            raise JournalError(f"{segment.path}: its sealed copy does not read back the same")
        made.replace(target)
        sync_folder(target.parent)
        segment.path.unlink()
        sync_folder(target.parent)
    except OSError as exc:
        raise JournalError(f"{segment.path} cannot be sealed: {exc.strerror}") from exc
    finally:
        made.unlink(missing_ok=True)
    sealed = replace(copy, path=target)
    return Sealed(sealed, before, sealed.size())


def _compress(segment: Segment, size: int, target: Path, level: int) -> None:
    """Write the compressed copy, with the file's own times, and bring it to the disk."""
    compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
    with segment.path.open("rb") as source, target.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        compressor.copy_stream(source, file, size=size)
        file.flush()
        status = os.fstat(source.fileno())
        os.utime(file.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(file.fileno())


def _digest(segment: Segment) -> bytes:
    digest = hashlib.blake2b(digest_size=32)
    with SegmentStream(segment) as stream:
        while data := stream.read(BLOCK):
            digest.update(data)
    return digest.digest()
