"""The store as a forwarder reads it: batches of what a sink wants, with the mark behind them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec, TypeVar

from mitmeter.errors import StoreError
from mitmeter.model import Reading
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.resume import cursor_of, edge_of, received_of, rows, wanted
from mitmeter.sinks.sessions import Sessions
from mitmeter.sinks.sink import Occurrence
from mitmeter.sinks.state import Mark, Stream
from mitmeter.store import Store, Tailed

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Batch:
    """What to send next. after: the mark once it is done with. full: more may lie behind it."""

    stream: Stream
    items: Sequence[Reading | Occurrence]
    after: Mark
    full: bool


class Reader:
    """A read-only store, used by one thread at a time, in which the event loop never waits."""

    def __init__(self, path: Path, choice: Choice) -> None:
        self._path = path
        self._choice = choice
        self._sessions = Sessions()
        self._store: Store | None = None
        self._one_at_a_time = asyncio.Lock()

    async def look(self, function: Callable[[Store], T]) -> T:
        """Run a function on the store in a thread. Raises StoreError, and what it raises."""
        async with self._one_at_a_time:
            return await in_thread(self._with_store, function)

    async def next(self, stream: Stream, mark: Mark, limit: int) -> Batch:
        """Return the batch behind the mark; its mark is the same when there is none."""
        return await self.look(lambda store: self._read(store, stream, mark, limit))

    async def close(self) -> None:
        async with self._one_at_a_time:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _with_store(self, function: Callable[[Store], T]) -> T:
        if self._store is None:
            self._store = Store.open(self._path, read_only=True)
        try:
            return function(self._store)
        except StoreError:
            self._store.close()
            self._store = None
            raise

    def _read(self, store: Store, stream: Stream, mark: Mark, limit: int) -> Batch:
        found = rows(store, stream, mark.cursor, limit)
        if not found:
            return Batch(stream, (), mark, full=False)
        last = found[-1]
        after = replace(
            mark,
            cursor=cursor_of(last),
            passed=mark.passed + len(found),
            edge=edge_of(last),
            received=received_of(last),
        )
        if mark.since is not None or mark.horizon:
            found = [row for row in found if wanted(row, mark)]
        items: list[Reading | Occurrence] = []
        for row in found:
            if isinstance(row, Tailed):
                if self._choice.takes_reading(row.reading):
                    items.append(row.reading)
            elif self._choice.takes_event(row.event):
                items.append(self._sessions.occurrence(store, row))
        return Batch(stream, items, after, after.passed - mark.passed == limit)


async def in_thread(function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run a function in a thread, to its end also when whoever waits for it is cancelled."""
    work = asyncio.create_task(asyncio.to_thread(function, *args, **named))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        with contextlib.suppress(Exception):
            work.exception()
        raise
