"""The demo's parts: one house, its emulated battery, and the trap it reports to, on loopback."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.config.zone import system_zone
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.plan import DaemonPlan, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.roles.role import Role

_FREE_PORT = Endpoint("tcp", "127.0.0.1", 0)


@contextlib.asynccontextmanager
async def demo(data: Path, *, speed: float, seed: int) -> AsyncIterator[Daemon]:
    """Run trap and battery while the block runs; yields the trap's daemon.

    Both live by one clock that runs `speed` times faster. The battery's own records lie in
    `data/emulated`, the trap's in `data`.
    """
    clock = Clock(speed=speed)
    zone = system_zone()
    spec = registry.spec("alphaess")
    trap = StationPlan("battery", Role.TRAP, spec, listen=_FREE_PORT, control=True, synthetic=True)
    plan = DaemonPlan("mitmeter demo", zone, (trap,))
    async with Daemon(plan, data, clock=clock).running() as daemon:
        battery = StationPlan(
            "simulated-battery",
            Role.EMULATE,
            spec,
            to=Endpoint.parse(daemon.stations[0].where),
            persona=load_persona(spec, ""),
            seed=seed,
        )
        emulated = DaemonPlan("mitmeter demo (emulated battery)", zone, (battery,))
        async with Daemon(emulated, data / "emulated" / spec.name, clock=clock).running():
            yield daemon
