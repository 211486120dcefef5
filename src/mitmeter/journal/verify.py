"""Walks the whole journal and says what is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mitmeter.errors import JournalError
from mitmeter.journal.position import START, Position
from mitmeter.journal.records import (
    Closed,
    Damaged,
    Header,
    Noted,
    Opened,
    Record,
    Unknown,
    decode_line,
)
from mitmeter.journal.segments import Segment, segments
from mitmeter.journal.stream import SegmentStream
from mitmeter.journal.tail import JournalTail
from mitmeter.model import Chunk

_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where it begins."""

    position: Position
    text: str


@dataclass(slots=True)
class VerifyReport:
    """What a walk through the journal found.

    records:  those that are sound, headers apart. bytes: uncompressed, of all segments.
    problems: the first thousand; `found` counts them all.
    """

    segments: int = 0
    records: int = 0
    bytes: int = 0
    found: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.found

    def add(self, position: Position, text: str) -> None:
        self.found += 1
        if len(self.problems) < _SHOWN:
            self.problems.append(Problem(position, text))


def verify(folder: Path, until: Position | None = None) -> VerifyReport:
    """Read every record of every segment and report what is wrong.

    Checked: headers, each line's checksum, chunk numbers without gaps, openings before chunks and
    closings, missing segments, sealed files' checksums and sizes. Holds no more than who is open.

    until: the writer's `synced` where one is at work, so that half a batch is not called torn.

    Raises: JournalError when the folder cannot be read.
    """
    report = VerifyReport()
    for segment in segments(folder):
        report.segments += 1
        _check_header(segment, report)
    walk = _Walk(report)
    tail = JournalTail(folder, START)
    try:
        while found := tail.poll(until):
            for position, record in found:
                walk.see(position, record)
        if until is None and (torn := tail.torn()) is not None:
            walk.see(tail.position, torn)
    finally:
        tail.close()
    report.problems.sort(key=lambda problem: problem.position)
    return report


def _check_header(segment: Segment, report: VerifyReport) -> None:
    where = Position(segment.number, 0)
    try:
        with SegmentStream(segment) as stream:
            report.bytes += stream.size
            first, newline, _ = stream.read(1 << 16).partition(b"\n")
        header = decode_line(first, {}) if newline else None
    except JournalError:
        header = None  # a bad line, which the walk reports with its reason
    if not isinstance(header, Header):
        report.add(where, "the segment does not begin with a header")
    elif header.segment != segment.number:
        report.add(where, f"the header says segment {header.segment}")


class _Walk:
    """Follows the records and remembers, per open conversation, which chunk comes next."""

    def __init__(self, report: VerifyReport) -> None:
        self._report = report
        # None: begun before the first segment there is, so any number may come first.
        self._next: dict[str, int | None] = {}
        self._end = START

    def see(self, position: Position, record: Record) -> None:
        where = self._end if self._end.segment == position.segment else Position(position[0], 0)
        self._end = position
        match record:
            case Damaged():
                self._report.add(record.position, record.reason)
                return
            case Unknown():
                self._report.add(where, f"a record of unknown kind {record.kind!r}")
                return
            case Chunk():
                self._chunk(where, record)
            case Opened(conversation=conversation):
                if not record.again and conversation.id in self._next:
                    self._report.add(where, f"conversation {conversation.id} opens twice")
                self._next.setdefault(conversation.id, None if record.again else 0)
            case Closed(conversation_id=name):
                if self._next.pop(name, -1) == -1:
                    self._report.add(where, f"conversation {name} closes, but is not open")
            case Noted():
                pass
        self._report.records += 1

    def _chunk(self, where: Position, chunk: Chunk) -> None:
        name = chunk.conversation.id
        expected = self._next.get(name)
        if expected is not None and chunk.seq != expected:
            self._report.add(where, f"chunk {chunk.id} where {name}/{expected} should be")
        self._next[name] = chunk.seq + 1
