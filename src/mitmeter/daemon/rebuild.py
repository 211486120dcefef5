"""The whole journal decoded again, with today's decoders, into a store that then takes over."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path

from mitmeter.daemon.ingest import Ingest
from mitmeter.daemon.supervisor import JOURNAL, STORE
from mitmeter.daemon.view import heal
from mitmeter.errors import StoreError
from mitmeter.journal.lock import FolderLock
from mitmeter.store import Difference, Store, carry_over, diff, swap

_AT_ONCE = 5000


def rebuild(data: Path, zone: tzinfo, progress: Callable[[int], None]) -> Difference:
    """Make the store again from the journal and say what became different.

    Readings whose bytes the journal no longer holds are carried over. `progress` hears how many
    more records have been decoded. Raises JournalError while a daemon uses the data directory, and
    StoreError when nothing has been recorded there.
    """
    if not (data / JOURNAL).is_dir():
        raise StoreError(f"nothing has been recorded in {data} yet (--data names another place)")
    old, new = data / STORE, data / f"{STORE}.new"
    heal(data, zone)
    lock = FolderLock(data / JOURNAL, "mitmeter rebuild")
    try:
        for leftover in data.glob(f"{STORE}.new*"):
            leftover.unlink()
        with contextlib.closing(Store.open(new)) as store:
            ingest = Ingest(data / JOURNAL, store, zone)
            with contextlib.closing(ingest):
                while count := ingest.step(None, _AT_ONCE):
                    progress(count)
        carry_over(old, new)
        difference = diff(old, new)
        swap(old, new)
        return difference
    finally:
        lock.release()
