"""Daemons for tests: a trap, a proxy and an emulated battery on loopback, on one fast clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.plan import DaemonPlan, Patience, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.journal.reader import JournalReader
from mitmeter.model import Chunk, DeviceId, Event, Reading, Side, nanoseconds
from mitmeter.roles.role import Role
from mitmeter.store import Store

BATTERY = DeviceId("alphaess", "AL9900000000007")
LONDON = ZoneInfo("Europe/London")
MORNING = datetime(2026, 6, 15, 6, 0, tzinfo=UTC)
ANY_PORT = Endpoint("tcp", "127.0.0.1", 0)
SPEC = registry.spec("alphaess")


def clock(speed: float) -> Clock:
    return Clock(speed=speed, start_ns=nanoseconds(MORNING))


# On a fast clock a moment's pause of this machine is minutes: nobody is to lose patience over it.
PATIENT = Patience(idle=1e6, partial=1e6, connect=1e6)


def daemon(station: StationPlan, data: Path, time: Clock) -> Daemon:
    station = replace(station, patience=PATIENT)
    plan = DaemonPlan(f"test {station.role}", LONDON, (station,), batch_seconds=0.02)
    return Daemon(plan, data, clock=time)


def trap(data: Path, time: Clock, *, listen: Endpoint = ANY_PORT, control: bool = False) -> Daemon:
    return daemon(
        StationPlan("battery", Role.TRAP, SPEC, listen=listen, control=control), data, time
    )


def proxy(data: Path, time: Clock, to: Endpoint, *rules: str, **options: str) -> Daemon:
    plan = StationPlan(
        "between", Role.PROXY, SPEC, listen=ANY_PORT, to=to, rules=rules, options=options
    )
    return daemon(plan, data, time)


def battery(
    data: Path, time: Clock, to: Endpoint, options: Mapping[str, str] | None = None
) -> Daemon:
    plan = StationPlan(
        "simulated",
        Role.EMULATE,
        SPEC,
        to=to,
        persona=load_persona(SPEC, "smile5"),
        options=options or {},
    )
    return daemon(plan, data, time)


class Heard:
    """What a daemon's ingest brought, and a way to wait for it."""

    def __init__(self, running: Daemon) -> None:
        self.readings: list[Reading] = []
        self.events: list[Event] = []
        self.where = Endpoint.parse(running.stations[0].where)
        self._changed = asyncio.Event()
        assert running.ingest is not None
        running.ingest.listeners.append(self._more)

    def _more(self, events: list[Event], readings: list[Reading]) -> None:
        self.events += events
        self.readings += readings
        self._changed.set()

    async def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until the condition holds; it is looked at whenever something was ingested."""
        async with asyncio.timeout(seconds):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    def count(self, quantity: str) -> int:
        return sum(reading.quantity == quantity for reading in self.readings)

    def happened(self, eventid: str) -> list[Event]:
        return [event for event in self.events if event.eventid == eventid]


@contextlib.asynccontextmanager
async def heard(running: Daemon) -> AsyncIterator[Heard]:
    async with running.running():
        yield Heard(running)


def said(data: Path, sender: Side, *, ours: bool | None = None) -> bytes:
    """Return all bytes of one sender in a data directory's journal, in order."""
    return b"".join(chunk.data for chunk in chunks(data, sender, ours=ours))


def chunks(data: Path, sender: Side, *, ours: bool | None = None) -> Iterator[Chunk]:
    for record in JournalReader(data / "journal").records():
        if isinstance(record, Chunk) and record.sender is sender and ours in (None, record.ours):
            yield record


def stored(data: Path) -> list[Reading]:
    with contextlib.closing(Store.open(data / "store.db", read_only=True)) as store:
        return list(store.readings(limit=None))
