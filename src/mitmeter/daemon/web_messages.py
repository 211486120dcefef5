"""Pages of a conversation's messages, one message whole, and what is being said now."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from mitmeter.daemon.services import Services
from mitmeter.daemon.web_chunks import Chunks, given_up
from mitmeter.daemon.web_decoder import Decoder, Item, tree
from mitmeter.dashboard.backend import Found, Hear, Line, Lines, Wanted
from mitmeter.errors import MitmeterError
from mitmeter.journal.records import Entry, Noted
from mitmeter.model import Chunk, Conversation, Reading, instant
from mitmeter.store import RecordedConversation, Store

log = logging.getLogger("mitmeter")

# Begun in the middle, decoding is in step after a few messages; who the device is was said first.
_LEAD = 48
_HEAD = 64
_WINDOW = 400
# For one message: a few chunks back, and when it began before that, many.
_ONE_WINDOWS = (64, 4000)
_BEHIND_ALL = 1 << 30
_PATIENCE_SECONDS = 2.0
_MOST_HEADS = 32
_MOST_UNDECODED = 2000
_NOTES = 8
# Around when a live value was measured, and around a time of which no zone is known.
_BESIDE = timedelta(minutes=3)
_BESIDE_LOCAL = timedelta(hours=15)
_MOST_BESIDE = 20_000
Place = tuple[int, int]
Prime = Callable[[], Awaitable[tuple[Decoder, int] | None]]


class Messages:
    """What was said in conversations, out of the journal. Every method may take a second."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._heads: OrderedDict[str, list[Entry]] = OrderedDict()

    def lines(self, about: RecordedConversation, wanted: Wanted) -> Lines:
        """Return the next messages before a place, newest first; looks for two seconds at most."""
        found: list[Line] = []
        before = wanted.before
        chosen = bool(wanted.text) or wanted.sender is not None or wanted.decoded is not None
        size = _WINDOW if chosen else min(_WINDOW, 2 * wanted.limit)
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            items, first = self._window(about, before, size)
            for item in reversed(items):
                place = (item.line.seq, item.line.index)
                if len(found) == wanted.limit:
                    return Lines(tuple(found), before)
                before = place
                if _fits(item.line, wanted):
                    found.append(item.line)
            if first is None:
                return Lines(tuple(found), None)
            before = first
            if time.monotonic() > until:
                return Lines(tuple(found), before)

    def one(self, store: Store, about: RecordedConversation, seq: int, index: int) -> Found | None:
        """Return one message with the readings that the store has of it."""
        for size in _ONE_WINDOWS:
            items, _ = self._window(about, (seq, _BEHIND_ALL), size)
            ended = [item for item in items if item.line.seq == seq]
            item = next((each for each in ended if each.line.index == index), None)
            if item is not None:
                break
        else:
            return None
        others = tuple(each.line.index for each in ended if each is not item)
        decoded = None if item.message is None else tree(item.message)
        return Found(item.line, item.raw, decoded, _dated(store, item, about), others)

    def ready(self, about: RecordedConversation) -> tuple[Decoder, int]:
        """Return a decoder in step with what was said last, and up to which chunk."""
        entries, whole = self._chunks.before(about, None, _LEAD)
        decoder = self._in_step(about, whole)
        last = -1
        for entry in entries:
            if isinstance(entry, Chunk):
                decoder.feed(entry)
                last = entry.seq
            elif given_up(entry):
                decoder.end(entry.event.at)
        return decoder, last

    def _window(
        self, about: RecordedConversation, before: Place | None, size: int
    ) -> tuple[list[Item], Place | None]:
        """Return the messages of the chunks before a place, and where the chunks before those end;
        None where there are none.
        """
        seq = None if before is None else before[0] + 1
        entries, whole = self._chunks.before(about, seq, size + _LEAD)
        decoder = self._in_step(about, whole)
        lead = 0 if whole else min(_LEAD, max(0, len(entries) - size))
        items: list[Item] = []
        for number, entry in enumerate(entries):
            made = _made(decoder, entry)
            if number >= lead:
                items += made
        if about.closed_ns is not None and _reach_the_end(entries, about):
            items += decoder.end(instant(about.closed_ns))
        if before is not None:
            items = [item for item in items if (item.line.seq, item.line.index) < before]
        first = next((each.seq for each in entries[lead:] if isinstance(each, Chunk)), None)
        return items, None if whole or first is None else (first, 0)

    def _in_step(self, about: RecordedConversation, whole: bool) -> Decoder:
        """Return a decoder for what begins in the middle: it knows who the device is."""
        decoder = Decoder(about.conversation)
        if not whole:
            for entry in self._head(about):
                _made(decoder, entry)
            decoder.restart()
        return decoder

    def _head(self, about: RecordedConversation) -> list[Entry]:
        name = about.conversation.id
        head = self._heads.get(name)
        if head is None:
            head = self._heads[name] = self._chunks.first(about, _HEAD)
            if len(self._heads) > _MOST_HEADS:
                self._heads.popitem(last=False)
        return head


def _reach_the_end(entries: Sequence[Entry], about: RecordedConversation) -> bool:
    last = (about.first_seq or 0) + about.chunks - 1
    return any(isinstance(each, Chunk) and each.seq >= last for each in entries[-_NOTES:])


def _made(decoder: Decoder, entry: Entry) -> list[Item]:
    if isinstance(entry, Chunk):
        return decoder.feed(entry)
    return decoder.end(entry.event.at) if isinstance(entry, Noted) else []


def _fits(line: Line, wanted: Wanted) -> bool:
    if wanted.sender is not None and line.sender is not wanted.sender:
        return False
    if wanted.decoded is not None and wanted.decoded is bool(line.error):
        return False
    text = wanted.text.casefold()
    return not text or any(
        text in part.casefold() for part in (line.kind, line.summary, line.error)
    )


def _dated(store: Store, item: Item, about: RecordedConversation) -> tuple[Reading, ...]:
    """Return the readings of a message as the store has them, with their corrected times.

    They are looked for by their device around the time they were measured. What is not found there,
    because the store does not have it yet, is given as it was decoded.
    """
    if not item.readings:
        return ()
    source = f"{about.conversation.id}/{item.line.seq}"
    return tuple(_from_store(store, item.readings, source)) or tuple(item.readings)


def _from_store(store: Store, made: Sequence[Reading], source: str) -> Iterator[Reading]:
    for device, name in sorted({(each.device, each.quantity) for each in made}):
        mine = [each for each in made if each.device == device and each.quantity == name]
        times = [_about(each) for each in mine]
        beside = _BESIDE if all(sure for _, sure in times) else _BESIDE_LOCAL
        since, until = min(times)[0] - beside, max(times)[0] + beside
        rows = store.readings(device, name, since, until, limit=None)
        for each in islice(rows, _MOST_BESIDE):
            if each.source == source:
                yield each


def _about(reading: Reading) -> tuple[datetime, bool]:
    """Return about when a reading was measured, and whether that is sure to minutes."""
    told = reading.at or reading.reported
    if reading.live or told is None:
        return reading.received, True
    if told.tzinfo is None:
        return told.replace(tzinfo=UTC), False
    return told, True


class Watches:
    """Tells of what is being said, decoded beside the loop. Costs nothing unless somebody looks."""

    def __init__(
        self,
        services: Services,
        messages: Messages,
        about: Callable[[str], RecordedConversation | None],
    ) -> None:
        self._services = services
        self._messages = messages
        self._about = about
        self._watched: dict[str, list[_Watch]] = {}

    def watch(self, conversation: Conversation, hear: Hear) -> Callable[[], None]:
        """Have `hear` called with what is said from now on; returns how to stop."""
        if not self._watched:
            self._services.watchers.append(self._heard)
        watch = _Watch(hear, lambda: self._prime(conversation.id))
        self._watched.setdefault(conversation.id, []).append(watch)
        watch.start()

        def stop() -> None:
            watch.stop()
            left = self._watched.get(conversation.id, [])
            if watch in left:
                left.remove(watch)
            if not left:
                self._watched.pop(conversation.id, None)
            if not self._watched and self._heard in self._services.watchers:
                self._services.watchers.remove(self._heard)

        return stop

    async def _prime(self, name: str) -> tuple[Decoder, int] | None:
        await self._services.commit.settled()
        return await asyncio.to_thread(self._ready, name)

    def _ready(self, name: str) -> tuple[Decoder, int] | None:
        about = self._about(name)
        return None if about is None else self._messages.ready(about)

    def _heard(self, chunk: Chunk) -> None:
        # In the way of every byte: one look-up for what nobody watches.
        for watch in self._watched.get(chunk.conversation.id, ()):
            watch.take(chunk)


class _Watch:
    """One who looks at one conversation."""

    def __init__(self, hear: Hear, prime: Prime) -> None:
        self._hear = hear
        self._prime = prime
        self._waiting: deque[Chunk] = deque(maxlen=_MOST_UNDECODED)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def take(self, chunk: Chunk) -> None:
        self._waiting.append(chunk)
        self._wake.set()

    async def _run(self) -> None:
        try:
            primed = await self._prime()
        except MitmeterError as exc:
            log.warning("live messages: %s", exc)
            return
        if primed is None:
            return
        decoder, last = primed
        while True:
            await self._wake.wait()
            self._wake.clear()
            chunks = [each for each in self._waiting if each.seq > last]
            self._waiting.clear()
            lines = await asyncio.to_thread(_decoded, decoder, chunks)
            if lines:
                self._hear(lines)


def _decoded(decoder: Decoder, chunks: Sequence[Chunk]) -> list[Line]:
    return [item.line for chunk in chunks for item in decoder.feed(chunk)]
