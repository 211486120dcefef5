"""Read-only stores in threads: the daemon's loop is never held by a query."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mitmeter.errors import StoreError
from mitmeter.store import Store

T = TypeVar("T")

_THREADS = 3


class Stores:
    """A few threads, each with a store of its own, opened when it is first needed.

    A query that fails gives its store up: after `mitmeter rebuild` has put another file in its
    place, the next query finds that one.
    """

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open = open_store
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="dashboard")
        self._mine = threading.local()
        self._all: set[Store] = set()
        self._lock = threading.Lock()

    async def read(self, work: Callable[[Store], T]) -> T:
        """Return what `work` makes of a store. Raises StoreError when it cannot be read."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._with, work)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` comes to; for what takes time and needs no store."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Wait for what is under way, and let go of the files."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for store in self._all:
            store.close()
        self._all.clear()

    def _with(self, work: Callable[[Store], T]) -> T:
        store: Store | None = getattr(self._mine, "store", None)
        if store is None:
            store = self._open()
            with self._lock:
                self._all.add(store)
            self._mine.store = store
        try:
            return work(store)
        except StoreError:
            with self._lock:
                self._all.discard(store)
            self._mine.store = None
            store.close()
            raise
