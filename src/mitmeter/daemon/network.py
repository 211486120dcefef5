"""What the device network is given: names, time and addresses, started and stopped together."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from mitmeter.daemon.plan_network import NetworkPlan
from mitmeter.daemon.services import Services
from mitmeter.daemon.telling import Telling

FOLDER = "dhcp"


class NetworkService(Protocol):
    """One of them."""

    @property
    def where(self) -> str: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Network:
    """The services a plan names.

    data: the data directory; dnsmasq's files lie in a folder of it.
    """

    def __init__(self, plan: NetworkPlan, services: Services, data: Path) -> None:
        self.running: dict[str, NetworkService] = {}
        self._telling = Telling(services, plan.tell_seconds)
        self._planned = _services(plan, services, self._telling, data / FOLDER)
        self._teller: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start all, or none: what fails is raised (ConfigError, LinkError) once the rest has
        stopped.
        """
        self._teller = asyncio.create_task(self._telling.run(), name="telling")
        try:
            for name, service in self._planned.items():
                await service.start()
                self.running[name] = service
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        for service in reversed(self.running.values()):
            await service.stop()
        self.running.clear()
        if self._teller is not None:
            self._teller.cancel()
            await asyncio.gather(self._teller, return_exceptions=True)
            self._teller = None
            self._telling.finish()

    def where(self) -> dict[str, str]:
        """Return each running service's endpoint by its name: "dns", "ntp", "dhcp"."""
        return {name: service.where for name, service in self.running.items()}


def _services(
    plan: NetworkPlan, services: Services, telling: Telling, folder: Path
) -> dict[str, NetworkService]:
    """Return what is planned, in the order it starts: addresses last, when all they name is there.

    Each is imported only where it is asked for.
    """
    planned: dict[str, NetworkService] = {}
    if plan.dns is not None:
        from mitmeter.daemon.name_service import NameService

        planned["dns"] = NameService(plan.dns, services, telling)
    if plan.ntp is not None:
        from mitmeter.daemon.time_service import TimeService

        planned["ntp"] = TimeService(plan.ntp, services, telling)
    if plan.dhcp is not None:
        from mitmeter.daemon.lease_service import LeaseService

        planned["dhcp"] = LeaseService(plan.dhcp, services, telling, folder)
    return planned
