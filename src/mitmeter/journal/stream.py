"""The uncompressed bytes of a segment, block by block, whether it is open or sealed."""

from __future__ import annotations

import os
from types import TracebackType

import zstandard

from mitmeter.errors import JournalError
from mitmeter.journal.segments import Segment

BLOCK = 1 << 20
# A damaged frame loses what one read was to give, so sealed segments are read in small pieces.
_SEALED_BLOCK = 1 << 16
_LONGEST_FRAME_HEADER = 18


class SegmentStream:
    """Reads one segment from its beginning. `offset` counts the uncompressed bytes read so far.

    Raises: JournalError when the file cannot be opened; `read` also when a sealed one is damaged or
            ends before its time.
    """

    def __init__(self, segment: Segment) -> None:
        self._path = segment.path
        self.offset = 0
        self._size: int | None = None
        try:
            self._file = segment.path.open("rb", buffering=0)
        except OSError as exc:
            raise JournalError(f"{segment.path}: {exc.strerror}") from exc
        self._sealed: zstandard.ZstdDecompressionReader | None = None
        if segment.sealed:
            self._sealed = self._unseal()

    def _unseal(self) -> zstandard.ZstdDecompressionReader:
        head = os.pread(self._file.fileno(), _LONGEST_FRAME_HEADER, 0)
        try:
            self._size = zstandard.frame_content_size(head)
        except zstandard.ZstdError:
            self._size = -1  # no zstd file: said by the first read
        return zstandard.ZstdDecompressor().stream_reader(self._file)

    @property
    def size(self) -> int:
        """Return the uncompressed size: the file's own now, or what a sealed one announces."""
        return os.fstat(self._file.fileno()).st_size if self._size is None else max(self._size, 0)

    def read(self, limit: int = BLOCK) -> bytes:
        """Return up to `limit` bytes, none at the end."""
        try:
            if self._sealed is None:
                data = self._file.read(limit) or b""
            else:
                data = self._sealed.read(min(limit, _SEALED_BLOCK))
        except zstandard.ZstdError as exc:
            raise JournalError(f"{self._path.name} behind byte {self.offset}: {exc}") from exc
        except OSError as exc:
            raise JournalError(f"{self._path}: {exc.strerror}") from exc
        self.offset += len(data)
        if not data and limit and self._size not in (None, self.offset):
            raise JournalError(
                f"{self._path.name} ends at byte {self.offset} of the {self._size} it announces"
            )
        return data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> SegmentStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
