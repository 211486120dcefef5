"""An emulated unit: the box whose ports several stations serve. It has one memory, and restarts
whole.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from mitmeter.daemon.memory import UnitMemory
from mitmeter.daemon.services import Services
from mitmeter.model import Severity

FOLDER = "units"


class Port(Protocol):
    """A station as its unit sees it."""

    def go_down(self, reason: str) -> int:
        """Close every conversation and take no new ones; return how many there were."""
        ...

    async def come_up(self) -> None:
        """Cut off what is still going on from before, and take new ones again."""
        ...


class Unit:
    """What the stations of one unit share."""

    def __init__(self, name: str, data: Path, services: Services) -> None:
        self.name = name
        self.memory = UnitMemory(data / FOLDER / f"{name}.json", self._trouble)
        self._services = services
        self._ports: list[Port] = []
        self._up = asyncio.Event()
        self._up.set()
        self._restarting: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    async def until_up(self) -> None:
        await self._up.wait()

    def join(self, port: Port) -> None:
        self._ports.append(port)

    def restart(self, seconds: float, conversation: str, station: str) -> None:
        """Drop every connection on every port, refuse new ones for so long, and be there again.

        conversation, station: where the unit was told to.
        """
        if not self.is_up:
            return
        self._up.clear()
        dropped = sum(port.go_down(f"{self.name} restarts") for port in self._ports)
        self._services.happened(
            "mitmeter.unit.restarted",
            f"{self.name} restarts: connections are refused for {seconds:g} s ({dropped} dropped)",
            severity=Severity.NOTICE,
            conversation=conversation,
            station=station,
            fields={"unit": self.name, "seconds": float(seconds), "dropped": dropped},
        )
        loop = asyncio.get_running_loop()
        self._restarting = loop.create_task(self._come_back(self._services.clock.real(seconds)))

    async def _come_back(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._up.set()
        await asyncio.gather(*(port.come_up() for port in self._ports))

    async def stop(self) -> None:
        """Keep what is to be remembered. The unit's stations stop by themselves."""
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.gather(self._restarting, return_exceptions=True)
        await self.memory.flush()

    def _trouble(self, eventid: str, text: str) -> None:
        self._services.happened(
            eventid, text, severity=Severity.WARNING, fields={"unit": self.name}
        )
