"""A device that takes its time: what it is told reaches it a while later."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from mitmeter.transport import LinkOwner


class Slow:
    """Stands before a link's owner and hands everything on `seconds` later, in its order."""

    def __init__(self, owner: LinkOwner, seconds: float) -> None:
        self._owner = owner
        self._seconds = seconds
        self._steps: deque[Callable[[], None]] = deque()

    def received(self, data: bytes) -> None:
        self._later(lambda: self._owner.received(data))

    def ended(self) -> None:
        self._later(self._owner.ended)

    def lost(self, reason: str) -> None:
        # Nothing is left to take time for: what is still on its way arrives, then the end.
        while self._steps:
            self._steps.popleft()()
        self._owner.lost(reason)

    def congested(self, full: bool) -> None:
        self._owner.congested(full)

    def _later(self, step: Callable[[], None]) -> None:
        self._steps.append(step)
        asyncio.get_running_loop().call_later(self._seconds, self._next)

    def _next(self) -> None:
        # Calls that are due at one moment may come in any order; the steps keep theirs.
        if self._steps:
            self._steps.popleft()()
