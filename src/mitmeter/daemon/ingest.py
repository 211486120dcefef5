"""From the journal to the store: the one piece of code that makes readings, live or later.

It reads what is on disk from the store's own position on, so a crash between journal and store
heals itself at the next start, and decoding everything again (`mitmeter rebuild`) is the same work
from the beginning.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from mitmeter import registry
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.drive import HALF_MESSAGE
from mitmeter.daemon.gather import Gathering
from mitmeter.daemon.plain_strand import PlainStrand, strand_of
from mitmeter.daemon.strand import Strand
from mitmeter.daemon.strangers import Strangers
from mitmeter.errors import ConfigError, StoreError
from mitmeter.journal.commit import GroupCommit
from mitmeter.journal.position import START, Position
from mitmeter.journal.records import Closed, Damaged, Noted, Opened, Record
from mitmeter.journal.tail import JournalTail
from mitmeter.model import Chunk, Conversation, Event, Reading, Severity, instant, printable
from mitmeter.store import Batch, ClockBook, Store

log = logging.getLogger("mitmeter")

# Beside live traffic: how long the loop is held at a time, and how much one transaction takes.
SLICE_SECONDS = 0.002
SLICE_RECORDS = 100
# How long to wait before a store that could not be written, on a full disk perhaps, is tried again.
RETRY_SECONDS = 2.0

Listener = Callable[[list[Event], list[Reading]], None]


@dataclass(frozen=True, slots=True)
class _Made:
    """A batch and what it was made of, until the store has it."""

    gathering: Gathering
    batch: Batch


class Ingest:
    """Reads a journal folder into a store. `listeners` hear of what each step brought, `rested` of
    its having reached the end.

    zone: the site's, for devices that speak local time without a zone.
    """

    def __init__(self, folder: Path, store: Store, zone: tzinfo) -> None:
        self.listeners: list[Listener] = []
        self.rested: list[Callable[[], None]] = []
        self._store = store
        start = Position.parse(store.position) if store.position else START
        self._tail = JournalTail(folder, start)
        self._records: list[tuple[Position, Record]] = []
        self._next = 0
        self._made: _Made | None = None
        self._failing = False
        self._synced = start
        self._strands: dict[str, Strand | PlainStrand | None] = {}
        self._clocks = ClockBook(zone, store.clocks())
        self._known = {device.device for device in store.devices()}
        self._left: dict[str, list[tuple[str, bytes]]] = {}
        for each in store.pending():
            self._left.setdefault(each.conversation, []).append((each.stream, each.data))
        self._last = instant(0)
        self._spoken: set[str] = set()
        self._strangers = Strangers()
        self._holding = {name: {stream for stream, _ in held} for name, held in self._left.items()}
        self._gathering = Gathering(self._clocks, self._known)

    def close(self) -> None:
        self._tail.close()

    def is_through(self, position: Position) -> bool:
        """Tell whether the store has everything that stands before a place of the journal."""
        waiting = self._made is not None or self._gathering.records > 0
        read = self._next >= len(self._records) and self._tail.position >= position
        return read and not waiting

    def catch_up(self, until: Position | None = None) -> int:
        """Ingest everything there is up to `until`; return how many records that was."""
        total = 0
        while count := self.step(until, 5000):
            total += count
            if self._store.log_is_long():
                self._store.checkpoint()
        return total

    async def follow(self, commit: GroupCommit, clock: Clock, pause: float = 1.0) -> None:
        """Ingest what becomes durable, in slices, giving way to live traffic. Runs until
        cancelled; a store that cannot be written is told of once, and tried again and again.

        pause: how long to collect first, so that a message and its answer are one transaction.
        """
        wake = asyncio.Event()

        def synced(position: Position) -> None:
            self._synced = position
            wake.set()

        commit.on_synced(synced)
        while True:
            await wake.wait()
            await asyncio.sleep(max(clock.real(pause), 0.01))
            wake.clear()
            while await self._advance():
                pass
            for told in tuple(self.rested):
                told()

    async def _advance(self) -> bool:
        """Do a slice of the work, then let others go first; False when all is done."""
        began, until = time.perf_counter(), self._synced
        try:
            more = self._gather(until, SLICE_RECORDS, began + SLICE_SECONDS)
            if not more:
                more = self._commit() > 0
                if self._store.log_is_long():
                    await asyncio.to_thread(self._store.checkpoint)
        except StoreError as exc:
            if not self._failing:
                log.warning("%s; readings wait in the journal until it can", exc)
            self._failing = True
            await asyncio.sleep(RETRY_SECONDS)
            return True
        if self._failing:
            log.info("the store is written again")
            self._failing = False
        took = time.perf_counter() - began
        await asyncio.sleep(took / 2)
        if self._synced != until:
            # Somebody was heard meanwhile, and waits for answers: a tenth of the time will do.
            await asyncio.sleep(took * 8)
        return more

    def step(self, until: Position | None, limit: int) -> int:
        """Ingest at most `limit` records in one transaction; return how many, 0 at the end.

        Raises StoreError when the store cannot be written; the next step then tries the same again.
        """
        self._gather(until, limit)
        return self._commit()

    def _gather(self, until: Position | None, limit: int, deadline: float = math.inf) -> bool:
        """Add records to the next batch. True when only the deadline kept it from more."""
        if self._made is not None:
            return False
        gathering = self._gathering
        while gathering.records < limit:
            if self._next >= len(self._records):
                self._records = self._tail.poll(until)
                self._next = 0
                if not self._records:
                    return False
            position, record = self._records[self._next]
            self._next += 1
            gathering.reached(position)
            self._take(record, gathering)
            if time.perf_counter() > deadline:
                return True
        return False

    def _commit(self) -> int:
        """Commit what is gathered in one transaction; return how many records that was."""
        made = self._made
        if made is None:
            gathering = self._gathering
            if not gathering.records:
                return 0
            self._hold(gathering)
            made = self._made = _Made(gathering, gathering.batch())
            self._gathering = Gathering(self._clocks, self._known)
        self._store.apply(made.batch)
        self._made = None
        if self.listeners:
            events, readings = made.gathering.heard()
            for listener in self.listeners:
                listener(events, readings)
        return made.gathering.records

    # --- one record
    # ---------------------------------------------------------------------------------

    def _take(self, record: Record, gathering: Gathering) -> None:
        if isinstance(record, Chunk):
            self._chunk(record, gathering)
        elif isinstance(record, Opened):
            self._strangers.came(record.conversation)
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
                found = self._strangers.sift(found, conversation)
                gathering.add(found, conversation, chunk.id, chunk.received)
        except Exception as exc:
            self._fault(conversation, exc, chunk.received, gathering)
            return
        self._spoken.add(conversation.id)

    def _noted(self, record: Noted, gathering: Gathering) -> None:
        event = self._strangers.judge(record.event, record.conversation_id)
        if event is not None:
            gathering.noted(event, record.station, record.conversation_id)
        if record.event.eventid == HALF_MESSAGE:
            self._end(record.conversation_id, record.event.at, gathering)

    def _closed(self, record: Closed, gathering: Gathering) -> None:
        name = record.conversation_id
        self._end(name, instant(record.ns), gathering)
        strand = self._strands.pop(name, None)
        station = "" if strand is None else strand.conversation.station
        self._left.pop(name, None)
        self._spoken.discard(name)
        self._holding.pop(name, None)
        silent = self._strangers.went(name)
        gathering.closed(name, record.reason, record.ns, station, silent=silent)

    def _end(self, name: str, at: datetime, gathering: Gathering) -> None:
        """Nothing more will complete what this conversation has begun to say."""
        strand = self._strands.get(name)
        if strand is None:
            return
        try:
            found = self._strangers.sift(strand.end(at), strand.conversation)
            gathering.add(found, strand.conversation, "", at)
        except Exception as exc:
            self._fault(strand.conversation, exc, at, gathering)
            return
        self._spoken.add(name)

    def _strand(self, conversation: Conversation) -> Strand | PlainStrand | None:
        """Return the conversation's strand; None for a protocol that is not installed here."""
        if conversation.id in self._strands:
            return self._strands[conversation.id]
        strand: Strand | PlainStrand | None = None
        try:
            strand = strand_of(registry.spec(conversation.protocol), conversation)
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
