"""Appends to the journal: cheap in memory, durable by `flush`, resumed after any crash."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from mitmeter.errors import JournalError
from mitmeter.journal.disk import Part, SegmentDisk
from mitmeter.journal.lock import FolderLock
from mitmeter.journal.position import Position
from mitmeter.journal.records import (
    MAX_LINE,
    VERSION,
    Closed,
    Header,
    Noted,
    Opened,
    encode_data,
    encode_entry,
    encode_header,
)
from mitmeter.journal.recovery import LastSegment, Recovered, inspect, set_aside
from mitmeter.journal.segments import Segment, day_at, day_start_ns, segments
from mitmeter.model import Conversation, Event, Side

_DAY_NS = 86_400_000_000_000
LEFT_OPEN = "left open when mitmeter stopped"


class JournalWriter:
    """The one writer of a journal folder.

    folder:        is made where missing; locked against a second writer until `shut`.
    clock_ns:      names segments and decides their day; records carry the times they are given.
    segment_bytes: a segment is rolled before it grows beyond this, and when the UTC day changes.
    owner:         how the lock's holder is named to who comes second.
    unsaved_bytes: what may wait for a disk that does not take it. Beyond it `open`, `data` and
                   `note` raise JournalError and append nothing: nothing already taken is dropped.
                   `close` is always taken.
    site:          the installation's name in every segment's header.

    One thread appends, any other may flush meanwhile. Whatever `open`, `data`, `close`
    and `note` take is on disk once a `flush` begun afterwards returns.

    Raises: JournalError when the folder is in use, cannot be read, or cannot be repaired.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
        segment_bytes: int = 64 << 20,
        owner: str = "mitmeter trap",
        unsaved_bytes: int = 32 << 20,
        site: str = "",
    ) -> None:
        self.folder = folder
        self.failure = ""
        self._clock_ns = clock_ns
        self._segment_bytes = segment_bytes
        self._unsaved_bytes = unsaved_bytes
        self._site = site
        self._live: dict[str, Opened] = {}
        self._appending = threading.Lock()
        self._flushing = threading.Lock()
        self._queue: deque[Part] = deque()
        self._appended = 0
        self._saved = 0
        self._lock = FolderLock(folder, owner)
        try:
            self.recovered = self._resume()
        except BaseException:
            self._lock.release()
            raise

    # --- starting --------------------------------------------------------------------------------

    def _resume(self) -> Recovered:
        present = segments(self.folder)
        last = present[-1] if present else None
        if last is None or last.sealed:
            self._start_after(last.number if last else 0)
            return Recovered()
        found = inspect(last)
        torn, kept = 0, None
        if found.size < last.size() or not found.size:
            torn, kept = set_aside(last, found.size)
        self._live = {name: Opened(who, again=True) for name, who in found.live.items()}
        if not found.size:
            self._start_after(last.number - 1)
        elif torn or not found.current_version:
            # A new segment, so that no place a reader may remember is ever used twice.
            self._start_after(last.number)
        else:
            self._go_on(last, found)
        ended = self._clock_ns() if found.last_ns is None else found.last_ns
        for name in found.live:
            self.close(name, LEFT_OPEN, ended)
        return Recovered(int(torn > 0), torn, kept, tuple(found.live))

    def _go_on(self, segment: Segment, found: LastSegment) -> None:
        try:
            self._disk = SegmentDisk(self.folder, segment.path, segment.number, found.size)
        except OSError as exc:
            raise JournalError(f"{segment.path}: {exc.strerror}") from exc
        self._part = Part(segment.number, segment.day, found.size)
        self._preamble = 0
        self._day_start = day_start_ns(segment.day)
        self._synced = Position(segment.number, found.size)

    def _start_after(self, number: int) -> None:
        self._disk = SegmentDisk(self.folder, None, number, 0)
        self._synced = Position(number + 1, 0)
        self._begin(number + 1, self._clock_ns())

    def _begin(self, number: int, now_ns: int) -> None:
        """Start a segment: its header, then the openings of all who are still talking."""
        day = day_at(now_ns)
        self._part = Part(number, day, 0)
        self._day_start = day_start_ns(day)
        self._add(encode_header(Header(VERSION, number, now_ns, self._site)))
        for opened in self._live.values():
            self._add(encode_entry(opened))
        self._preamble = self._part.end

    # --- appending -------------------------------------------------------------------------------

    def open(self, conversation: Conversation, *, again: bool = False) -> None:
        """Append a conversation's opening. Raises JournalError when refused.

        again: it is one begun elsewhere, so that its chunks need not count from 0.
        """
        line = encode_entry(Opened(conversation, again))
        self._refuse_when_full()
        self._append(line)
        self._live[conversation.id] = Opened(conversation, again=True)

    def data(
        self, conversation: str, seq: int, sender: Side, ns: int, data: bytes, ours: bool
    ) -> None:
        """Append one chunk of an open conversation. Raises JournalError when refused."""
        if conversation not in self._live:
            raise JournalError(f"conversation {conversation!r} is not open in the journal")
        if self._appended - self._saved >= self._unsaved_bytes:
            self._refuse_when_full()
        self._append(encode_data(conversation, seq, sender, ns, data, ours))

    def close(self, conversation_id: str, reason: str, ns: int) -> None:
        """Append a conversation's end. Raises JournalError when it is not open."""
        if conversation_id not in self._live:
            raise JournalError(f"conversation {conversation_id!r} is not open in the journal")
        self._append(encode_entry(Closed(conversation_id, reason, ns)))
        del self._live[conversation_id]

    def note(self, event: Event, conversation_id: str = "", station: str = "") -> None:
        """Append an event. Raises JournalError when refused."""
        self._refuse_when_full()
        self._append(encode_entry(Noted(event, conversation_id, station)))

    def _refuse_when_full(self) -> None:
        unsaved = self.unsaved
        if unsaved >= self._unsaved_bytes:
            why = self.failure or f"journal {self.folder}: the disk is too slow"
            raise JournalError(f"{why}; refused, as {unsaved} bytes already wait to be saved")

    def _append(self, line: bytes) -> None:
        size = len(line)
        if size > MAX_LINE:
            raise JournalError(f"a journal record of {size} bytes, at most {MAX_LINE} are allowed")
        with self._appending:
            part = self._part
            now = self._clock_ns()
            full = part.end + size > self._segment_bytes and part.end > self._preamble
            if full or not 0 <= now - self._day_start < _DAY_NS:
                self._enqueue(part)
                self._begin(part.number + 1, now)
            self._add(line)

    def _add(self, line: bytes) -> None:
        size = len(line)
        part = self._part
        part.lines.append(line)
        part.end += size
        part.size += size
        self._appended += size

    # --- saving ----------------------------------------------------------------------------------

    @property
    def end(self) -> Position:
        """Return the place behind everything appended."""
        with self._appending:
            return Position(self._part.number, self._part.end)

    @property
    def synced(self) -> Position:
        """Return the place up to which everything is on the disk."""
        return self._synced

    @property
    def unsaved(self) -> int:
        """Return how many appended bytes are not on the disk yet."""
        return self._appended - self._saved

    def _enqueue(self, part: Part) -> None:
        if part.lines:
            self._queue.append(part)

    def flush(self) -> Position:
        """Bring everything appended so far to the disk; returns the new `synced`.

        Raises: JournalError naming the folder and the system's reason. What was appended stays, and
                the next flush tries again.
        """
        with self._flushing:
            with self._appending:
                part = self._part
                self._part = Part(part.number, part.day, part.end)
                waiting = self._queue[-1] if self._queue else None
                if waiting is not None and waiting.number == part.number:
                    waiting.join(part)
                else:
                    self._enqueue(part)
            while self._queue:
                self._save(self._queue[0])
                self._queue.popleft()
            self.failure = ""
            return self._synced

    def _save(self, part: Part) -> None:
        try:
            synced = self._disk.save(part)
        except OSError as exc:
            self.failure = f"journal {self.folder} cannot be saved: {exc.strerror}"
            raise JournalError(self.failure) from exc
        self._synced = synced
        self._saved += part.size

    def shut(self) -> None:
        """Flush and let go of the folder, also where the flush fails. Raises JournalError then."""
        try:
            self.flush()
        finally:
            self._disk.shut()
            self._lock.release()

    def __enter__(self) -> JournalWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()
