"""From the journal to the store: the one piece of code that makes readings, live or later.

It reads what is on disk from the store's own position on, so a crash between journal and store
heals itself at the next start, and decoding everything again (`mitmeter rebuild`) is the same work
from the beginning.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from mitmeter import registry
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.drive import HALF_MESSAGE
from mitmeter.daemon.gather import Gathering
from mitmeter.daemon.strand import Strand
from mitmeter.errors import ConfigError, StoreError
from mitmeter.journal.commit import GroupCommit
from mitmeter.journal.position import START, Position
from mitmeter.journal.records import Closed, Damaged, Noted, Opened, Record
from mitmeter.journal.tail import JournalTail
from mitmeter.model import Chunk, Conversation, Event, Reading, Severity, instant, printable
from mitmeter.store import Batch, ClockBook, Store

log = logging.getLogger("mitmeter")

# One slice of work: small enough that a trap's answers never wait for it noticeably.
SLICE_RECORDS = 200
BUSY_LAG_SECONDS = 0.002
# How long to wait before a store that could not be written, on a full disk perhaps, is tried again.
RETRY_SECONDS = 2.0

Listener = Callable[[list[Event], list[Reading]], None]


@dataclass(frozen=True, slots=True)
class _Step:
    """What some records came to, until the store has it."""

    gathering: Gathering
    batch: Batch
    records: int


class Ingest:
    """Reads a journal folder into a store. `listeners` hear of what each step brought.

    zone: the site's, for devices that speak local time without a zone.
    """

    def __init__(self, folder: Path, store: Store, zone: tzinfo) -> None:
        self.listeners: list[Listener] = []
        self._store = store
        start = Position.parse(store.position) if store.position else START
        self._tail = JournalTail(folder, start)
        self._records: list[tuple[Position, Record]] = []
        self._next = 0
        self._made: _Step | None = None
        self._strands: dict[str, Strand | None] = {}
        self._clocks = ClockBook(zone, store.clocks())
        self._known = {device.device for device in store.devices()}
        self._left: dict[str, list[tuple[str, bytes]]] = {}
        for each in store.pending():
            self._left.setdefault(each.conversation, []).append((each.stream, each.data))
        self._last = instant(0)
        self._spoken: set[str] = set()
        self._holding = {name: {stream for stream, _ in held} for name, held in self._left.items()}

    def close(self) -> None:
        self._tail.close()

    def catch_up(self, until: Position | None = None) -> int:
        """Ingest everything there is up to `until`; return how many records that was."""
        total = 0
        while count := self.step(until, 5000):
            total += count
        return total

    async def follow(self, commit: GroupCommit, clock: Clock, pause: float = 1.0) -> None:
        """Ingest what becomes durable, in slices, giving way to live traffic. Runs until
        cancelled; a store that cannot be written is told of once, and tried again and again.
        """
        wake = asyncio.Event()
        until = [self._tail.position]

        def synced(position: Position) -> None:
            until[0] = position
            wake.set()

        commit.on_synced(synced)
        failing = False
        while True:
            await wake.wait()
            wake.clear()
            while True:
                began = time.perf_counter()
                try:
                    count = self.step(until[0], SLICE_RECORDS)
                except StoreError as exc:
                    if not failing:
                        log.warning("%s; readings wait in the journal until it can", exc)
                    failing = True
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if failing:
                    log.info("the store is written again")
                    failing = False
                if not count:
                    break
                took = time.perf_counter() - began
                await asyncio.sleep(0)
                busy = time.perf_counter() - began - took > BUSY_LAG_SECONDS
                await asyncio.sleep(took * (9 if busy else 0.5))
            await asyncio.sleep(max(clock.real(pause), 0.01))

    def step(self, until: Position | None, limit: int) -> int:
        """Ingest at most `limit` records in one transaction; return how many, 0 at the end.

        Raises StoreError when the store cannot be written; the next step then tries the same again.
        """
        made = self._made
        if made is None:
            made = self._made = self._read(until, limit)
        if made is None:
            return 0
        self._store.apply(made.batch)
        self._made = None
        if self.listeners:
            events, readings = made.gathering.heard()
            for listener in self.listeners:
                listener(events, readings)
        return made.records

    def _read(self, until: Position | None, limit: int) -> _Step | None:
        """Return what the next records come to, None at the end."""
        gathering = Gathering(self._clocks, self._known)
        position, count = None, 0
        while count < limit:
            if self._next >= len(self._records):
                self._records = self._tail.poll(until)
                self._next = 0
                if not self._records:
                    break
            position, record = self._records[self._next]
            self._next += 1
            count += 1
            self._take(record, gathering)
        if position is None:
            return None
        self._hold(gathering)
        return _Step(gathering, gathering.batch(str(position)), count)

    # --- one record
    # ---------------------------------------------------------------------------------

    def _take(self, record: Record, gathering: Gathering) -> None:
        if isinstance(record, Chunk):
            self._chunk(record, gathering)
        elif isinstance(record, Opened):
            if not record.again:
                gathering.opened(record.conversation)
        elif isinstance(record, Closed):
            self._closed(record, gathering)
        elif isinstance(record, Noted):
            self._noted(record, gathering)
        elif isinstance(record, Damaged):
            gathering.noted(self._damaged(record, self._last), "", "")
        else:
            log.warning("a journal record of kind %s is not known here", printable(record.kind))

    def _chunk(self, chunk: Chunk, gathering: Gathering) -> None:
        conversation = chunk.conversation
        self._last = chunk.received
        gathering.progressed(chunk)
        strand = self._strand(conversation)
        if strand is None:
            return
        try:
            found = strand.feed(chunk)
            if found:
                gathering.add(found, conversation, chunk.id, chunk.received)
        except Exception as exc:
            self._fault(conversation, exc, chunk.received, gathering)
            return
        self._spoken.add(conversation.id)

    def _noted(self, record: Noted, gathering: Gathering) -> None:
        gathering.noted(record.event, record.station, record.conversation_id)
        if record.event.eventid == HALF_MESSAGE:
            self._end(record.conversation_id, record.event.at, gathering)

    def _closed(self, record: Closed, gathering: Gathering) -> None:
        name = record.conversation_id
        self._end(name, instant(record.ns), gathering)
        self._strands.pop(name, None)
        self._left.pop(name, None)
        self._spoken.discard(name)
        self._holding.pop(name, None)
        gathering.closed(name, record.reason, record.ns)

    def _end(self, name: str, at: datetime, gathering: Gathering) -> None:
        """Nothing more will complete what this conversation has begun to say."""
        strand = self._strands.get(name)
        if strand is None:
            return
        try:
            gathering.add(strand.end(at), strand.conversation, "", at)
        except Exception as exc:
            self._fault(strand.conversation, exc, at, gathering)
            return
        self._spoken.add(name)

    def _strand(self, conversation: Conversation) -> Strand | None:
        """Return the conversation's strand; None for a protocol that is not installed here."""
        if conversation.id in self._strands:
            return self._strands[conversation.id]
        strand: Strand | None = None
        try:
            strand = Strand(registry.spec(conversation.protocol), conversation)
        except ConfigError as exc:
            log.warning("conversation %s is kept undecoded: %s", conversation.id, exc)
        else:
            for stream, data in self._left.pop(conversation.id, ()):
                strand.resume(stream, data)
        self._strands[conversation.id] = strand
        return strand

    def _fault(
        self, conversation: Conversation, exc: Exception, at: datetime, gathering: Gathering
    ) -> None:
        """A decoder broke its promise never to raise: the rest waits, undecoded, for a better
        one.
        """
        log.debug("decoder fault in %s", conversation.id, exc_info=exc)
        self._strands[conversation.id] = None
        event = Event(
            "mitmeter.fault",
            at,
            f"the {conversation.protocol} decoder failed ({type(exc).__name__}: "
            f"{printable(str(exc))}); this conversation is kept undecoded",
            Severity.ALARM,
        )
        gathering.noted(event, conversation.station, conversation.id)

    def _hold(self, gathering: Gathering) -> None:
        """Write down which conversations stand in the middle of a message."""
        for name in self._spoken:
            strand = self._strands.get(name)
            held = {} if strand is None else strand.held()
            before = self._holding.pop(name, set())
            if held or before:
                gathering.holding(name, held, before)
            if held:
                self._holding[name] = set(held)
        self._spoken.clear()

    @staticmethod
    def _damaged(record: Damaged, at: datetime) -> Event:
        return Event(
            "mitmeter.journal.damaged",
            at,
            f"the journal is damaged at {record.position}: {printable(record.reason)}",
            Severity.ALARM,
            fields={"position": str(record.position), "bytes": len(record.raw)},
        )
