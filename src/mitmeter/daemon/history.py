"""History from files, written into the journal as a conversation of its own.

From there it goes the road of all bytes, so that `rebuild` knows it and the store stays a view.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from mitmeter import registry
from mitmeter.daemon.ingest import Ingest
from mitmeter.daemon.services import new_id
from mitmeter.daemon.supervisor import JOURNAL, STORE
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Conversation, DeviceId, Event, Reading, Side, nanoseconds
from mitmeter.protocol import Undecodable
from mitmeter.store import Store

PROTOCOL = "history"
ROLE = "import"
_CHUNK_BYTES = 64 << 10
_SAVED_BYTES = 8 << 20
_AT_ONCE = 5000

Progress = Callable[[int], None]


def _nobody(count: int) -> None:
    """Hear of no progress."""


@dataclass(frozen=True, slots=True)
class History:
    """One file of readings.

    name:     what it is called; "" names nothing.
    settings: how its lines are to be read, as the protocol `history` takes them.
    """

    name: str
    settings: Mapping[str, str]
    synthetic: bool = False


@dataclass(slots=True)
class Content:
    """What a file holds. bad: the first line that cannot be read, from 1 on, and its reason."""

    lines: int = 0
    readings: int = 0
    bad: int = 0
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    devices: set[DeviceId] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many readings came of it, and how many of them the store had not held before."""

    readings: int
    new: int


def look(
    lines: Iterable[bytes],
    settings: Mapping[str, str],
    *,
    stop: bool = True,
    progress: Progress = _nobody,
) -> Content:
    """Return what is in these lines, each with its end; nothing is written.

    stop: at the first line that cannot be read.
    Raises ConfigError for settings that cannot be used.
    """
    spec = registry.spec(PROTOCOL)
    make = spec.projection_with
    assert make is not None  # noqa: S101 - the protocol is ours
    content, codec, projection = Content(), spec.codec(), make(settings)
    now = datetime.now(UTC)
    for line in lines:
        content.lines += 1
        if not content.lines % _AT_ONCE:
            progress(_AT_ONCE)
        for item in [*codec.feed(Side.DEVICE, line), *codec.end(Side.DEVICE)]:
            if isinstance(item, Undecodable):
                _bad(content, item.reason)
                continue
            for each in projection.project(Side.DEVICE, item.message, now):
                if isinstance(each, Reading):
                    _count(content, each)
                elif isinstance(each, Event):
                    _bad(content, str(each.fields["reason"]))
        if stop and content.bad:
            break
    return content


def bring_in(
    data: Path,
    zone: tzinfo,
    histories: Iterable[tuple[History, Iterable[bytes]]],
    *,
    at: datetime | None = None,
    progress: Progress = _nobody,
) -> Imported:
    """Write histories, as (what, its pieces of bytes), into a data directory, and read them in.

    at:       when this is, for the journal; now, where nothing is said.
    progress: hears how many more records have been read.
    Raises JournalError naming who holds the directory, when a daemon is at work there.
    """
    when = datetime.now(UTC) if at is None else at
    ns = nanoseconds(when)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    writer = JournalWriter(data / JOURNAL, clock_ns=lambda: ns, owner="mitmeter import")
    with writer, contextlib.closing(Store.open(data / STORE)) as store:
        writer.flush()
        with contextlib.closing(Ingest(data / JOURNAL, store, zone)) as ingest:
            ingest.catch_up(writer.synced)
            before, heard = _held(store), 0

            def listen(_events: object, readings: list[Reading]) -> None:
                nonlocal heard
                heard += len(readings)

            ingest.listeners.append(listen)
            for history, pieces in histories:
                write(writer, history, pieces, ns)
                writer.flush()
                while count := ingest.step(writer.synced, _AT_ONCE):
                    progress(count)
            return Imported(heard, _held(store) - before)


def write(writer: JournalWriter, history: History, pieces: Iterable[bytes], ns: int) -> None:
    """Append a history to the journal as one conversation. Raises JournalError."""
    conversation = Conversation(
        new_id(ns),
        PROTOCOL,
        ROLE,
        ROLE,
        history.name,
        ns,
        synthetic=history.synthetic,
        settings=tuple(sorted(history.settings.items())),
    )
    writer.open(conversation)
    unsaved = 0
    for seq, chunk in enumerate(_chunks(pieces)):
        writer.data(conversation.id, seq, Side.DEVICE, ns, chunk, ours=False)
        unsaved += len(chunk)
        if unsaved >= _SAVED_BYTES:
            writer.flush()
            unsaved = 0
    writer.close(conversation.id, "all of it was read", ns)


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Return the pieces joined to chunks of one size."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= _CHUNK_BYTES:
            yield bytes(held[:_CHUNK_BYTES])
            del held[:_CHUNK_BYTES]
    if held:
        yield bytes(held)


def _held(store: Store) -> int:
    return sum(each.readings for each in store.series())


def _bad(content: Content, reason: str) -> None:
    if not content.bad:
        content.bad, content.reason = content.lines, reason


def _count(content: Content, reading: Reading) -> None:
    content.readings += 1
    content.devices.add(reading.device)
    at = reading.at or reading.received
    content.since = at if content.since is None else min(content.since, at)
    content.until = at if content.until is None else max(content.until, at)
