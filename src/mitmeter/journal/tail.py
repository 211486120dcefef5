"""Follows the journal as it grows: polled again and again, it goes on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mitmeter.errors import JournalError
from mitmeter.journal.position import START, Position
from mitmeter.journal.records import (
    MAX_LINE,
    VERSION,
    Closed,
    Damaged,
    Header,
    Opened,
    Record,
    Unknown,
    decode_line,
)
from mitmeter.journal.segments import Segment, segments
from mitmeter.journal.stream import BLOCK, SegmentStream
from mitmeter.model import Chunk, Conversation

Placed = tuple[Position, Record]

# Little at a time: whoever polls from an event loop holds it meanwhile.
_POLLED = 1 << 16


@dataclass(frozen=True, slots=True)
class _Open:
    """The segment being read."""

    segment: Segment
    stream: SegmentStream


class JournalTail:
    """Reads records from a position on; keeps its file open and remembers who is talking.

    A start in the middle of a segment is fine: the openings before it are looked up first.
    """

    def __init__(self, folder: Path, start: Position = START) -> None:
        self._folder = folder
        self._position = start
        self._open: _Open | None = None
        self._pending = b""
        self._fault = ""
        self._known: dict[str, Conversation] = {}

    @property
    def position(self) -> Position:
        """Return the place behind the last record returned."""
        return self._position

    def poll(self, until: Position | None = None) -> list[Placed]:
        """Return the next records with the place behind each, a hundred or so at most.

        until: read nothing beyond this place (the writer's `synced`); None reads all whole lines.
        An empty list says that there is nothing more for now. Bad lines come as Damaged.

        Raises: JournalError when the folder, or the segment being written, cannot be read.
        """
        while True:
            found = self._enter(until)
            if found or self._open is None:
                return found
            segment = self._open.segment
            complete = self._is_complete(segment, until)
            block = self._next_block(self._open, until)
            if block:
                found = self._decode(segment.number, block)
            elif complete:
                found = self._leave(segment)
            elif self._fault:
                raise JournalError(self._fault)
            else:
                return []
            if found:
                return found

    def torn(self) -> Damaged | None:
        """Return the half line that stands at the place reached, None when nothing does."""
        if not self._pending:
            return None
        reason = f"the last line is torn: {len(self._pending)} bytes without a line end"
        return Damaged(self._position, reason, self._pending, torn=True)

    def close(self) -> None:
        if self._open is not None:
            self._open.stream.close()
        self._open, self._pending, self._fault = None, b"", ""
        self._known.clear()

    # --- from segment to segment ------------------------------------------------------------------

    def _enter(self, until: Position | None) -> list[Placed]:
        """Open the segment to read next, if there is one; returns what is wrong on the way."""
        if self._open is not None:
            return []
        wanted = self._position
        self._open = opened = self._open_from(wanted.segment, until)
        if opened is None:
            return []
        number = opened.segment.number
        if number == wanted.segment:
            return self._look_up(opened, wanted.offset)
        self._position = Position(number, 0)
        if wanted == START:
            return []
        which = missing(wanted.segment, number - 1)
        return [(self._position, Damaged(wanted, which, b""))]

    def _open_from(self, number: int, until: Position | None) -> _Open | None:
        """Open the first segment from this number on; again where it was just sealed or pruned."""
        failure = ""
        for _ in range(3):
            left = [found for found in segments(self._folder) if found.number >= number]
            if not left or (until is not None and left[0].number > until.segment):
                return None
            try:
                return _Open(left[0], SegmentStream(left[0]))
            except JournalError as exc:
                failure = str(exc)
        raise JournalError(failure)

    def _look_up(self, opened: _Open, offset: int) -> list[Placed]:
        """Read up to the offset for its openings and closings only."""
        number, stream, rest = opened.segment.number, opened.stream, b""
        try:
            while stream.offset < offset:
                data = stream.read(min(BLOCK, offset - stream.offset))
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if line.startswith((b'{"k":"o"', b'{"k":"c"')):
                        self._remember(line)
        except JournalError as exc:
            self._fault = str(exc)
            return []
        if stream.offset == offset:
            return []
        self._position = Position(number, stream.offset - len(rest))
        self._pending = rest
        reason = f"segment {number} ends at byte {stream.offset}, {offset} was asked for"
        return [(self._position, Damaged(self._position, reason, b""))]

    def _remember(self, line: bytes) -> None:
        try:
            record = decode_line(line, self._known)
        except JournalError:
            return
        if isinstance(record, Opened):
            self._known[record.conversation.id] = record.conversation
        elif isinstance(record, Closed):
            self._known.pop(record.conversation_id, None)

    def _is_complete(self, segment: Segment, until: Position | None) -> bool:
        """Tell whether the segment grows no more. Asked before reading, so its end is its end."""
        if segment.sealed or (until is not None and until.segment > segment.number):
            return True
        return until is None and any(
            found.number > segment.number for found in segments(self._folder)
        )

    def _leave(self, segment: Segment) -> list[Placed]:
        found: list[Placed] = []
        if self._fault:
            found = [(self._position, Damaged(self._position, self._fault, self._pending))]
        elif (torn := self.torn()) is not None:
            found = [(self._position, torn)]
        self.close()
        self._position = Position(segment.number + 1, 0)
        return found

    # --- within a segment -------------------------------------------------------------------------

    def _next_block(self, opened: _Open, until: Position | None) -> bytes:
        """Return the next whole lines, or as much of one as no record needs; empty at the end."""
        stream = opened.stream
        while not self._fault:
            limit = _POLLED
            if until is not None and until.segment <= opened.segment.number:
                inside = until.segment == opened.segment.number
                limit = min(_POLLED, until.offset - stream.offset) if inside else 0
            if limit <= 0:
                return b""
            try:
                data = stream.read(limit)
            except JournalError as exc:
                self._fault = str(exc)
                return b""
            if not data:
                return b""
            data = self._pending + data
            cut = data.rfind(b"\n") + 1
            if not cut and len(data) > MAX_LINE:
                cut = len(data)
            self._pending = data[cut:]
            if cut:
                return data[:cut]
        return b""

    def _decode(self, number: int, block: bytes) -> list[Placed]:
        begin = offset = self._position.offset
        self._position = Position(number, begin + len(block))
        if not block.endswith(b"\n"):
            reason = f"{len(block)} bytes without a line end"
            return [(self._position, Damaged(Position(number, begin), reason, block))]
        found: list[Placed] = []
        add, known = found.append, self._known
        for line in block[:-1].split(b"\n"):
            begin = offset
            offset += len(line) + 1
            record: Record | Header
            try:
                record = decode_line(line, known)
            except JournalError as exc:
                record = Damaged(Position(number, begin), str(exc), line)
            if type(record) is not Chunk:
                if isinstance(record, Opened):
                    known[record.conversation.id] = record.conversation
                elif isinstance(record, Closed):
                    known.pop(record.conversation_id, None)
                elif isinstance(record, Header):
                    if record.version == VERSION:
                        continue
                    record = Unknown(f"a segment of version {record.version}", line)
            add((Position(number, offset), record))
        return found


def missing(first: int, last: int) -> str:
    """Return the words for segments that are not there."""
    return (
        f"segment {first} is missing"
        if first == last
        else f"segments {first} to {last} are missing"
    )
