"""The store for who only looks: brought up to date first when no daemon is doing so."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path

from mitmeter.daemon.ingest import Ingest
from mitmeter.daemon.supervisor import JOURNAL, STORE
from mitmeter.errors import JournalError, StoreError
from mitmeter.journal.lock import FolderLock
from mitmeter.journal.position import START, Position
from mitmeter.journal.tail import JournalTail
from mitmeter.store import Store


@contextlib.contextmanager
def open_view(data: Path, zone: tzinfo) -> Iterator[Store]:
    """Open the store of a data directory for reading.

    What a crash left in the journal alone is ingested first, unless a daemon is at work there and
    does so itself. Raises StoreError when nothing has been recorded.
    """
    if not (data / JOURNAL).is_dir():
        raise StoreError(f"nothing has been recorded in {data} yet (--data names another place)")
    heal(data, zone)
    with contextlib.closing(Store.open(data / STORE, read_only=True)) as store:
        yield store


def heal(data: Path, zone: tzinfo) -> int:
    """Bring the store up to the journal's end; return how many records were missing in it.

    Does nothing while a daemon is at work there, or where we may not write. Takes the journal's
    lock only when something is missing: a daemon about to start must not find it taken by who
    merely looks.
    """
    if not is_behind(data):
        return 0
    try:
        lock = FolderLock(data / JOURNAL, "mitmeter reading")
    except JournalError:
        return 0
    try:
        with contextlib.closing(Store.open(data / STORE)) as store:
            ingest = Ingest(data / JOURNAL, store, zone)
            with contextlib.closing(ingest):
                return ingest.catch_up()
    finally:
        lock.release()


def is_behind(data: Path) -> bool:
    """Tell whether the journal goes on behind what the store has taken in. Takes no lock."""
    if not (data / STORE).exists():
        return True
    try:
        with contextlib.closing(Store.open(data / STORE, read_only=True)) as store:
            position = store.position
    except StoreError:
        return True  # one to be migrated, or to be complained of by who opens it
    with contextlib.closing(JournalTail(data / JOURNAL, _parsed(position))) as tail:
        return bool(tail.poll())


def _parsed(position: str) -> Position:
    return Position.parse(position) if position else START
