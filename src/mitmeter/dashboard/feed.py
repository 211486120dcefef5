"""Tells everybody who listens what has come into the store, reading it once for all.

Costs nothing while nobody listens. Who does not take what is said in time is let go of: the browser
connects again and says where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from mitmeter.dashboard.backend import Backend, Line
from mitmeter.dashboard.frames import Topic, frame, step
from mitmeter.dashboard.place import Place, newest
from mitmeter.dashboard.stores import Stores
from mitmeter.dashboard.traffic_shapes import message_shape
from mitmeter.errors import StoreError
from mitmeter.model import Conversation

log = logging.getLogger("mitmeter")

MOST_LISTENERS = 50
_MOST_FRAMES = 256
_MOST_BYTES = 4 << 20


class Listener:
    """One who listens: what waits for it, and whether it has fallen behind."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = frozenset(topics)
        self.over = False
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def offer(self, data: bytes) -> None:
        """Put something in the queue, or let go of who does not take it."""
        if self.over:
            return
        self._waiting.append(data)
        self._bytes += len(data)
        if len(self._waiting) > _MOST_FRAMES or self._bytes > _MOST_BYTES:
            self.end()
        self._wake.set()

    def end(self) -> None:
        self.over = True
        self._waiting.clear()
        self._wake.set()

    async def take(self, seconds: float) -> bytes:
        """Return what waits, joined; nothing when nothing came for so long, or at the end."""
        if not self._waiting and not self.over:
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return data


class Feed:
    """Follows the store for as long as somebody listens."""

    def __init__(self, backend: Backend, stores: Stores) -> None:
        self._backend = backend
        self._stores = stores
        self._listeners: set[Listener] = set()
        self._place: Place | None = None
        self._wake = asyncio.Event()
        self._stop: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    @property
    def full(self) -> bool:
        return len(self._listeners) >= MOST_LISTENERS

    def start(self) -> None:
        self._stop = self._backend.on_commit(self._wake.set)
        self._task = asyncio.get_running_loop().create_task(self._run(), name="dashboard feed")

    async def close(self) -> None:
        """Let go of everybody."""
        if self._stop is not None:
            self._stop()
        for each in list(self._listeners):
            each.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def join(self, listener: Listener) -> Place:
        """Have somebody told from now on; return from where. Raises StoreError."""
        if not self._listeners:
            found = await self._stores.read(newest)
            # Somebody else may have come meanwhile, and be told from an earlier place on.
            if not self._listeners:
                self._place = found
        self._listeners.add(listener)
        assert self._place is not None  # noqa: S101 - as long as anybody listens
        return self._place

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners:
            self._place = None

    def watch(self, conversation: Conversation, listener: Listener) -> Callable[[], None]:
        """Have somebody told what is said in a conversation; return how to stop."""

        def hear(lines: Sequence[Line]) -> None:
            told = [message_shape(conversation.id, each) for each in lines]
            if told:
                listener.offer(frame("message", told))

        return self._backend.watch(conversation, hear)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while await self._tell():
                    pass
            except StoreError as exc:
                log.warning("live values: %s", exc)

    async def _tell(self) -> bool:
        """Tell of what is new; True when there was more than fits at a time."""
        place = self._place
        if place is None:
            return False
        found = await self._stores.read(lambda store: step(store, place))
        if self._place is not place:
            return bool(self._listeners)  # all left, and others came meanwhile
        self._place = found.reached
        for each in self._listeners:
            for one in found.frames:
                if one.topic in each.topics:
                    each.offer(one.data)
        return found.more
