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

    Does nothing while a daemon is at work there, or where we may not write.
    """
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
