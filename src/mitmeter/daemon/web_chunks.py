"""The records of one conversation out of the journal, without decoding everybody else's.

Lines are picked by their bytes: a segment of 64 MB takes some tens of milliseconds.
"""

from __future__ import annotations

import contextlib
import re
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from mitmeter.daemon.drive import HALF_MESSAGE
from mitmeter.errors import JournalError
from mitmeter.journal.records import Entry, Noted, decode_line
from mitmeter.journal.segments import Segment, day_at, segments
from mitmeter.journal.stream import BLOCK, SegmentStream
from mitmeter.model import Chunk, Conversation
from mitmeter.store import RecordedConversation

_MOST_REMEMBERED = 4096
# Chunks and what was noted between them.
_TOLD = (b'{"k":"d",', b'{"k":"e",')
_NUMBER = re.compile(rb'"n":([0-9]{1,18}),')


@dataclass(frozen=True, slots=True)
class _Range:
    """The chunks of one conversation in a segment that grows no more: first and last, or none."""

    first: int
    last: int


class Chunks:
    """Finds what was said in a conversation; remembers in which segments it was not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ranges: OrderedDict[tuple[str, int], _Range] = OrderedDict()

    def first(self, about: RecordedConversation, count: int) -> list[Entry]:
        """Return the first chunks of a conversation, and the notes between them. JournalError."""
        found: list[Entry] = []
        for segment, _ in self._segments(about):
            for _, line in self._lines(segment, about.conversation.id):
                entry = _decoded(line, about.conversation)
                if entry is not None:
                    found.append(entry)
                if len(found) >= count:
                    return found
        return found

    def before(
        self, about: RecordedConversation, seq: int | None, count: int
    ) -> tuple[list[Entry], bool]:
        """Return the last `count` chunks whose number is less than `seq`, with the notes between
        them, in order; and whether there are none before. Raises JournalError.
        """
        parts: list[list[bytes]] = []
        have = 0
        for segment, grows in reversed(self._segments(about)):
            if have > count:
                break
            known = self._ranges.get((about.conversation.id, segment.number))
            if known is not None and (known.last < 0 or (seq is not None and known.first >= seq)):
                continue
            lines = self._last(segment, about.conversation.id, seq, count + 1 - have, grows)
            have += len(lines)
            parts.append(lines)
        joined = [line for lines in reversed(parts) for line in lines]
        whole = len(joined) <= count
        entries = (_decoded(line, about.conversation) for line in joined[-count:])
        return [each for each in entries if each is not None], whole

    def all(self, about: RecordedConversation) -> Iterator[Entry]:
        """Yield every record of a conversation, opening and closing among them. JournalError."""
        for segment, _ in self._segments(about):
            for _, line in self._lines(segment, about.conversation.id):
                with contextlib.suppress(JournalError):
                    entry = decode_line(line, {about.conversation.id: about.conversation})
                    if isinstance(entry, Entry):
                        yield entry

    # --- segments

    def _segments(self, about: RecordedConversation) -> list[tuple[Segment, bool]]:
        """Return the segments that may hold something of it, each with whether it still grows."""
        every = segments(self._folder)
        first = day_at(about.conversation.opened_ns)
        last = None if about.closed_ns is None else day_at(about.closed_ns)
        found = []
        for index, segment in enumerate(every):
            is_last = index + 1 == len(every)
            if not is_last and every[index + 1].day < first:
                continue
            if last is not None and segment.day > last:
                break
            found.append((segment, is_last))
        return found

    def _last(
        self, segment: Segment, name: str, seq: int | None, count: int, grows: bool
    ) -> list[bytes]:
        """Return the last lines of a conversation in a segment before a chunk."""
        held: deque[bytes] = deque(maxlen=max(1, count))
        first = last = -1
        behind = False
        for number, line in self._lines(segment, name):
            if number is not None:
                first = number if first < 0 else first
                last = number
                behind = seq is not None and number >= seq
            if not behind and line.startswith(_TOLD):
                held.append(line)
        if not grows:
            self._ranges[name, segment.number] = _Range(first, last)
            if len(self._ranges) > _MOST_REMEMBERED:
                self._ranges.popitem(last=False)
        return list(held) if first >= 0 and (seq is None or first < seq) else []

    def _lines(self, segment: Segment, name: str) -> Iterator[tuple[int | None, bytes]]:
        """Yield the conversation's lines, those of chunks with their number."""
        wanted = f'"c":"{name}"'.encode()
        try:
            stream = SegmentStream(segment)
        except JournalError:
            # Sealed or pruned just now: its copy under the other name, if there is one.
            again = [each for each in segments(self._folder) if each.number == segment.number]
            if not again:
                return
            stream = SegmentStream(again[0])
        with stream:
            for block in _blocks(stream):
                yield from _picked(block, wanted)


def _blocks(stream: SegmentStream) -> Iterator[bytes]:
    """Yield whole lines, a megabyte or so at a time; a torn last line is left out."""
    rest = b""
    while True:
        try:
            data = stream.read(BLOCK)
        except JournalError:
            return  # damaged from here on: what was read before is shown
        if not data:
            return
        data = rest + data
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        yield data[:cut]


def _picked(block: bytes, wanted: bytes) -> Iterator[tuple[int | None, bytes]]:
    at = block.find(wanted)
    while at >= 0:
        begin = block.rfind(b"\n", 0, at) + 1
        end = block.find(b"\n", at)
        line = block[begin:end]
        if line.startswith(b'{"k":"d",' + wanted):
            number = _NUMBER.search(line, 0, 120)
            yield (None if number is None else int(number[1])), line
        elif at - begin < 12:
            yield None, line
        at = block.find(wanted, end)


def _decoded(line: bytes, conversation: Conversation) -> Chunk | Noted | None:
    """Return a chunk, or the note that a half message was given up; nothing for other lines."""
    try:
        entry = decode_line(line, {conversation.id: conversation})
    except JournalError:
        return None
    return entry if isinstance(entry, Chunk) or given_up(entry) else None


def given_up(entry: object) -> TypeGuard[Noted]:
    """Tell whether the rest of a half message was given up here."""
    return isinstance(entry, Noted) and entry.event.eventid == HALF_MESSAGE
