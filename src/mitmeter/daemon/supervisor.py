"""One running daemon: journal, store, ingest and stations over one data directory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitmeter.daemon import control
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.handles import raise_limit, within
from mitmeter.daemon.house import Grounds, grounds_of
from mitmeter.daemon.ingest import Ingest
from mitmeter.daemon.network import Network
from mitmeter.daemon.plan import DaemonPlan, StationPlan
from mitmeter.daemon.services import Services, new_id
from mitmeter.daemon.station import Memory, Station, make_station
from mitmeter.daemon.unit import Unit
from mitmeter.daemon.upkeep import Upkeep
from mitmeter.errors import (
    ConfigError,
    JournalError,
    MitmeterError,
    RemoteProtocolError,
    StoreError,
)
from mitmeter.journal.commit import GroupCommit
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import DeviceId, Severity, printable
from mitmeter.protocol import Command, House
from mitmeter.store import Store

if TYPE_CHECKING:
    from mitmeter.daemon.feeds import Feeds
    from mitmeter.daemon.web import Web

log = logging.getLogger("mitmeter")

JOURNAL = "journal"
STORE = "store.db"


class Daemon:
    """What `mitmeter run`, `trap`, `proxy` and `emulate` all are: a plan at work.

    Use `running()`; inside it the stations listen. The journal's lock keeps a second daemon off
    the same data directory.
    """

    def __init__(
        self,
        plan: DaemonPlan,
        data: Path,
        *,
        clock: Clock | None = None,
        house: House | None = None,
    ) -> None:
        self.plan = plan
        self.data = data
        self.clock = clock or Clock()
        self.stations: list[Station] = []
        self.units: dict[str, Unit] = {}
        self.network: Network | None = None
        self.feeds: Feeds | None = None
        self.web: Web | None = None
        self._house = house
        self._services: Services | None = None
        self.store: Store | None = None
        self.ingest: Ingest | None = None

    @property
    def services(self) -> Services:
        if self._services is None:
            raise MitmeterError("the daemon is not running")
        return self._services

    @contextlib.asynccontextmanager
    async def running(self, progress: Callable[[str], None] | None = None) -> AsyncIterator[Daemon]:
        """Recover what a crash left, start everything, and at the end stop it losing nothing."""
        self.data.mkdir(parents=True, exist_ok=True)
        os.chmod(self.data, 0o700)
        writer = JournalWriter(
            self.data / JOURNAL,
            clock_ns=self.clock.now_ns,
            segment_bytes=self.plan.retention.segment_bytes,
            owner=self.plan.owner,
        )
        with contextlib.ExitStack() as stack:
            stack.push(_Shut(writer))
            store = stack.enter_context(contextlib.closing(Store.open(self.data / STORE)))
            writer.flush()
            ingest = stack.enter_context(
                contextlib.closing(Ingest(self.data / JOURNAL, store, self.plan.zone))
            )
            healed = ingest.catch_up(writer.synced)
            if healed and progress is not None:
                progress(f"{healed} journal records were not in the store yet; they are now")
            commit = GroupCommit(writer)
            self.store, self.ingest = store, ingest
            self._services = Services(self.clock, writer, commit, self.data)
            commit.on_synced(self._services.note_refused)
            self._tell_of_recovery(writer)
            try:
                async with control.serve(self.data, self._request):
                    await self._work(commit, ingest)
                    try:
                        yield self
                    finally:
                        await self._stop(commit, ingest)
            finally:
                self._services = None

    async def settled(self) -> None:
        """Wait until the store holds all that is journaled by now. Raises JournalError when it
        cannot be saved.
        """
        services, ingest = self.services, self.ingest
        assert ingest is not None  # noqa: S101 - opened by running(), like services
        rested = asyncio.Event()
        ingest.rested.append(rested.set)
        try:
            await services.commit.settled()
            target = services.writer.synced
            while not ingest.is_through(target):
                await rested.wait()
                rested.clear()
        finally:
            ingest.rested.remove(rested.set)

    # the parts of running

    async def _work(self, commit: GroupCommit, ingest: Ingest) -> None:
        services = self.services
        store = self.store
        assert store is not None  # noqa: S101 - opened by running()
        memory = Memory(recall=store.fact, gaps=store.gaps)
        self._upkeep = Upkeep(self.data / JOURNAL, self.plan.retention, services, store)
        self._tasks = [
            asyncio.create_task(
                ingest.follow(commit, self.clock, self.plan.batch_seconds), name="ingest"
            ),
            asyncio.create_task(self._upkeep.run(), name="upkeep"),
            asyncio.create_task(self._upkeep.sum_up(), name="roll-ups"),
        ]
        for task in self._tasks:
            task.add_done_callback(_tell_of_end)
        try:
            handles = raise_limit() // max(1, len(self.plan.stations))
            houses: dict[tuple[str, Grounds], House] = {}
            for plan in self.plan.stations:
                name = plan.unit or plan.name
                house = self._house or self._house_of(plan, name, houses)
                unit = self.units.setdefault(name, Unit(name, self.data, services))
                station = make_station(
                    within(plan, handles), services, memory, self.plan.zone, house, unit
                )
                await station.start()
                self.stations.append(station)
            # Names come last: nobody is sent to a station that does not listen yet.
            self.network = Network(self.plan.network, services, self.data)
            await self.network.start()
            if self.plan.sinks:
                from mitmeter.daemon.feeds import Feeds
                from mitmeter.daemon.household import Household

                home = Household(services, self.stations)
                self.feeds = Feeds(self.plan.sinks, self.data / STORE, self.data, services, home)
                self.feeds.start()
            if self.plan.web is not None:
                from mitmeter.daemon.web import open_web

                self.web = await open_web(self, self.plan.web)
        except BaseException:
            await self._stop(commit, ingest)
            raise

    def _house_of(
        self, plan: StationPlan, unit: str, houses: dict[tuple[str, Grounds], House]
    ) -> House:
        """Return a station's house; the ports of one unit stand in one, which is lived through
        once.
        """
        grounds = grounds_of(plan, self.clock, self.plan.zone)
        return houses.setdefault((unit, grounds), grounds.build())

    async def _stop(self, commit: GroupCommit, ingest: Ingest) -> None:
        if self.web is not None:
            await self.web.stop()
            self.web = None
        if self.feeds is not None:
            await self.feeds.stop()
            self.feeds = None
        if self.network is not None:
            await self.network.stop()
            self.network = None
        for station in self.stations:
            await station.stop("mitmeter stopped")
        self.stations.clear()
        for unit in self.units.values():
            await unit.stop()
        self.units.clear()
        with contextlib.suppress(MitmeterError):
            await commit.aclose()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            ingest.catch_up(self.services.writer.synced)
        except StoreError as exc:
            log.warning("%s; the readings follow from the journal at the next start", exc)

    def _tell_of_recovery(self, writer: JournalWriter) -> None:
        found = writer.recovered
        if found.torn or found.closed:
            self.services.happened(
                "mitmeter.recovered",
                f"mitmeter had been cut off: {len(found.closed)} conversations were open, "
                f"{found.bytes} bytes of an unfinished record were set aside",
                severity=Severity.NOTICE,
                fields={"conversations": len(found.closed), "bytes": found.bytes},
            )

    # the control socket

    async def _request(self, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("do") == "command":
            return await self._command(request)
        if request.get("do") == "status":
            return self.status()
        if request.get("do") == "bypass":
            return self._bypass(request)
        if request.get("do") == "nudge sinks":
            if self.feeds is not None:
                self.feeds.nudge()
            return {"sinks": [each.name for each in self.plan.sinks]}
        return {"error": "unknown request"}

    async def _command(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            device = DeviceId.parse(str(request.get("device", "")))
        except RemoteProtocolError as exc:
            return {"accepted": False, "text": str(exc)}
        arguments = {str(k): str(v) for k, v in dict(request.get("arguments", {})).items()}
        identity = new_id(self.clock.now_ns())
        command = Command(identity, device, str(request.get("name", "")), arguments)
        answer = await self.services.command(command)
        return {"accepted": answer.accepted, "text": answer.text}

    def _bypass(self, request: dict[str, Any]) -> dict[str, Any]:
        name, seconds = str(request.get("station", "")), request.get("seconds")
        found = [each for each in self.stations if each.plan.name == name]
        if not found:
            known = ", ".join(each.plan.name for each in self.stations)
            return {"error": f"no station {printable(name)!r} runs here; there is {known}"}
        if not (seconds is None or (isinstance(seconds, int | float) and seconds > 0)):
            return {"error": "a time is a number of seconds above 0"}
        try:
            return {"text": found[0].bypass(seconds)}
        except ConfigError as exc:
            return {"error": str(exc)}

    def status(self) -> dict[str, Any]:
        """Return what is running, as plain values."""
        services = self.services
        return {
            "pid": os.getpid(),
            "stations": [
                {
                    "name": station.plan.name,
                    "role": str(station.plan.role),
                    "protocol": station.plan.spec.name,
                    "where": station.where,
                    "conversations": len(station.drives),
                    "bypassed_until": station.bypassed_until and station.bypassed_until.isoformat(),
                }
                for station in self.stations
            ],
            "network": {} if self.network is None else self.network.where(),
            "devices": sorted(str(device) for device in services.present),
            "journal": {"synced": str(services.writer.synced), "unsaved": services.writer.unsaved},
            "faults": services.faults,
        }


def _tell_of_end(task: asyncio.Task[None]) -> None:
    """A daemon whose readings no longer follow, or whose journal grows on, must say so."""
    if not task.cancelled() and (exc := task.exception()) is not None:
        log.error("%s has stopped: %s: %s", task.get_name(), type(exc).__name__, exc)


class _Shut:
    """Lets go of the journal at the end. What could not be saved makes an end in peace a failure.

    Raises JournalError then, unless something else has failed before, which is what counts.
    """

    def __init__(self, writer: JournalWriter) -> None:
        self._writer = writer

    def __call__(self, kind: object, exc: BaseException | None, trace: object) -> None:
        try:
            self._writer.shut()
        except JournalError as failure:
            text = f"{failure}; its last {self._writer.unsaved} bytes are lost"
            if exc is None:
                raise JournalError(text) from failure
            log.warning("%s", text)
