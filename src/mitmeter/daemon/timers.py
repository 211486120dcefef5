"""Named timers of one conversation, by the daemon's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mitmeter.daemon.services import Services
from mitmeter.protocol import SetTimer


class Timers:
    """Arms, replaces and cancels timers; `call` hears the name of each that is due."""

    __slots__ = ("_call", "_handles", "_services")

    def __init__(self, services: Services, call: Callable[[str], None]) -> None:
        self._services = services
        self._call = call
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def arm(self, timer: SetTimer) -> None:
        earlier = self._handles.get(timer.name)
        if earlier is not None:
            earlier.cancel()
        delay = self._services.clock.real(timer.seconds)
        loop = asyncio.get_running_loop()
        self._handles[timer.name] = loop.call_later(delay, self._fire, timer.name)

    def _fire(self, name: str) -> None:
        del self._handles[name]
        self._call(name)

    def cancel(self) -> None:
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()
