"""The demo's parts: one house, every device emulated in it, and the traps they report to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.config.zone import system_zone
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.plan import DaemonPlan, Patience, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.roles.role import Role
from mitmeter.simulate import House, Site


@dataclass(frozen=True, slots=True)
class Part:
    """One device of the demo: its protocol, who it is, and how it reaches its trap.

    trap: the trap's options of the protocol.
    """

    name: str
    protocol: str
    scheme: str
    persona: str = ""
    trap: Mapping[str, str] = field(default_factory=dict)


PARTS = (
    Part("battery", "alphaess", "tcp"),
    Part("display", "glow", "tls"),
    Part("hub", "efergy", "ssl3", "h2"),
)


@contextlib.asynccontextmanager
async def demo(data: Path, *, speed: float, seed: int) -> AsyncIterator[Daemon]:
    """Run all traps and all devices while the block runs; yields the traps' daemon.

    All live in one house, by one clock that runs `speed` times faster. The devices' own records lie
    in `data/emulated`, the traps' in `data`.
    """
    clock = Clock(speed=speed)
    zone = system_zone()
    built = (clock.now() - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    house = House(seed, built, Site(zone=zone))
    patience = Patience.at(speed)
    traps = tuple(
        StationPlan(
            part.name,
            Role.TRAP,
            registry.spec(part.protocol),
            listen=Endpoint(part.scheme, "127.0.0.1", 0),
            control=True,
            options=part.trap,
            synthetic=True,
            patience=patience,
        )
        for part in PARTS
    )
    plan = DaemonPlan("mitmeter demo", zone, traps)
    async with Daemon(plan, data, clock=clock).running() as daemon:
        devices = tuple(
            StationPlan(
                f"simulated-{part.name}",
                Role.EMULATE,
                trap.plan.spec,
                to=Endpoint.parse(trap.where),
                persona=load_persona(trap.plan.spec, part.persona),
                seed=seed,
                patience=patience,
            )
            for part, trap in zip(PARTS, daemon.stations, strict=True)
        )
        emulated = DaemonPlan("mitmeter demo (emulated devices)", zone, devices)
        running = Daemon(emulated, data / "emulated" / "demo", clock=clock, house=house)
        async with running.running():
            yield daemon
