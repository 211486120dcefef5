"""Group commit: many appends share one sync, and each learns when its own bytes are safe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from mitmeter.errors import JournalError
from mitmeter.journal.position import Position
from mitmeter.journal.writer import JournalWriter

log = logging.getLogger(__name__)

Told = Callable[[bool], object]


class GroupCommit:
    """Flushes a writer from one event loop, one flush in flight at a time, in a thread of its own.

    Make it inside the running loop; call all methods from that loop. Everything appended while a
    flush runs shares the next one. What nobody waits for is flushed within `idle_seconds`.
    """

    def __init__(self, writer: JournalWriter, *, idle_seconds: float = 1.0) -> None:
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[Told] = []
        self._in_flight: list[Told] = []
        self._listeners: list[Callable[[Position], object]] = []
        self._busy = False
        self._closing = False
        # Half the time, as bytes may arrive right after one look and wait for the next.
        self._idle_seconds = idle_seconds / 2
        self._timer = self._loop.call_later(self._idle_seconds, self._look)
        self.flushes = 0
        self.failures = 0

    @property
    def failure(self) -> str:
        """Return why the journal cannot be saved just now, empty while it can."""
        return self._writer.failure

    def durable(self, callback: Told) -> None:
        """Call `callback(True)` once everything appended so far is on the disk.

        Callbacks run in the order they came. `callback(False)` says that the flush failed (or that
        the journal is closed): the bytes may reach the disk later, but nobody may count on it.
        """
        if self._closing:
            self._loop.call_soon(callback, False)
        else:
            self._wait(callback)

    def _wait(self, callback: Told) -> None:
        self._waiting.append(callback)
        if not self._busy:
            self._busy = True
            # Not at once: whoever else has something to append in this turn of the loop joins.
            self._loop.call_soon(self._start)

    async def settled(self) -> None:
        """Wait until everything appended so far is on the disk. Raises JournalError if not."""
        future: asyncio.Future[bool] = self._loop.create_future()

        def tell(ok: bool) -> None:
            if not future.done():
                future.set_result(ok)

        self.durable(tell)
        if not await future:
            raise JournalError(self.failure or f"journal {self._writer.folder} is closing")

    def on_synced(self, listener: Callable[[Position], object]) -> Callable[[], None]:
        """Call `listener(position)` soon after every flush; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _look(self) -> None:
        if self._writer.unsaved and not self._busy:
            self._busy = True
            self._start()
        self._timer = self._loop.call_later(self._idle_seconds, self._look)

    def _start(self) -> None:
        self._in_flight, self._waiting = self._waiting, []
        self._thread.submit(self._writer.flush).add_done_callback(self._flushed)

    def _flushed(self, flush: Future[Position]) -> None:
        """Runs in the thread."""
        self._loop.call_soon_threadsafe(self._finish, flush)

    def _finish(self, flush: Future[Position]) -> None:
        self.flushes += 1
        fault = flush.exception()
        ok = fault is None
        self._count(fault)
        told, self._in_flight = self._in_flight, []
        if self._waiting:
            # The disk works on the next batch while this one's answers go out.
            self._start()
        else:
            self._busy = False
        if ok:
            for listener in self._listeners:
                self._loop.call_soon(listener, self._writer.synced)
        self._tell(told, ok)

    def _count(self, fault: BaseException | None) -> None:
        if fault is None:
            if self.failures:
                log.info("journal %s is saved again", self._writer.folder)
            self.failures = 0
            return
        if not self.failures:
            ours = None if isinstance(fault, JournalError) else fault
            log.warning("%s; nobody is told that bytes are safe", fault, exc_info=ours)
        self.failures += 1

    def _tell(self, callbacks: list[Told], ok: bool) -> None:
        left = iter(callbacks)
        try:
            for callback in left:
                callback(ok)
        finally:
            # Only where a callback raised, which is the loop's to report: the others still hear.
            rest = list(left)
            if rest:
                self._loop.call_soon(self._tell, rest, ok)

    async def aclose(self) -> None:
        """Flush everything, tell everyone, and end the thread. The writer stays open.

        Raises: JournalError when the last flush failed. Closing again does nothing.
        """
        if self._closing:
            return
        self._closing = True
        self._timer.cancel()
        last: asyncio.Future[bool] = self._loop.create_future()
        self._wait(last.set_result)
        saved = await last
        self._thread.shutdown()
        if not saved:
            raise JournalError(self.failure)
