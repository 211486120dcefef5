"""A station: one listener or dialler, and the conversations it has going."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mitmeter.config.endpoint import BROKER
from mitmeter.daemon.drive import TalkDrive, Wish, nobody_grants
from mitmeter.daemon.ends import Front
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.relay_drive import RelayDrive
from mitmeter.daemon.services import Services, new_id
from mitmeter.daemon.unit import Unit
from mitmeter.errors import ConfigError, LinkError
from mitmeter.model import Conversation, Severity, Side, printable
from mitmeter.protocol import Gaps, HeadendContext, House, Party, Recall
from mitmeter.roles.conversation import Talk
from mitmeter.roles.role import Role
from mitmeter.transport import Link, LinkOwner, TcpListener
from mitmeter.transport.secure_sockets import SecureListener

SWEEP_SECONDS = 5.0
_LAST_WORDS_SECONDS = 2.0
_RENEW_SECONDS = 6 * 3600.0
# Redialling: quickly at first, then politely.
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the store tells parties."""

    recall: Recall
    gaps: Gaps


class Station(ABC):
    """What every station has; the kinds below differ in what a new link means."""

    def __init__(self, plan: StationPlan, services: Services) -> None:
        self.plan = plan
        self.services = services
        self.drives: set[TalkDrive | RelayDrive] = set()
        self._front: Front | None = None
        self._empty = asyncio.Event()
        self._lost = asyncio.Event()
        self._refused = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._address = ""

    @abstractmethod
    async def start(self) -> None:
        """Begin to listen or to dial. Raises ConfigError or LinkError in words."""

    @property
    def listener(self) -> TcpListener | SecureListener | None:
        return None if self._front is None else self._front.listener

    @property
    def where(self) -> str:
        """The endpoint in use, with the real port where the system chose one."""
        endpoint = self.plan.listen
        if not self._address or endpoint is None:
            return str(self.plan.to)
        return f"{endpoint.scheme}://{self._address}"

    @property
    def bypassed_until(self) -> datetime | None:
        """Until when a proxy passes everything on without its rules; None while it does not."""
        return None

    def bypass(self, seconds: float | None) -> str:
        """Pass everything on without rules for so long, or with them again (None); return what was
        done, in words. Raises ConfigError where that makes no sense.
        """
        plan = self.plan
        if plan.role is Role.PROXY:
            why = "answers one request at a time and cannot pass bytes on blindly; proxy tcp can"
        else:
            why = f"is a {plan.role}: only a proxy can be bypassed"
        raise ConfigError(f"station {plan.name}", why)

    async def stop(self, reason: str) -> None:
        """Accept no more, say what is still to be said, and end every conversation."""
        if self.listener is not None:
            self.listener.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._empty = asyncio.Event()
        if not self.drives:
            return
        for drive in list(self.drives):
            drive.close(reason)
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._empty.wait()
        except TimeoutError:
            # Peers that do not read what we still have to say are cut off.
            for drive in list(self.drives):
                drive.abort(reason)
            await self._empty.wait()

    # for the kinds below

    async def _listen(self, accept: Callable[[Link], LinkOwner]) -> None:
        endpoint = self.plan.listen
        if endpoint is None:
            raise ConfigError(f"station {self.plan.name}", "has no address to listen on")
        self._front = Front(self.plan, self.services)
        await self._front.open(endpoint, accept, self._refuse)
        # Kept: a listener that is closed for a while knows it no longer.
        self._address = "" if self.listener is None else self.listener.address
        self._spawn(self._sweep())
        self._spawn(self._renew())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            if self._front is not None:
                await self._front.renew()

    def _conversation(self, peer: str, upstream: str = "") -> Conversation:
        ns = self.services.clock.now_ns()
        plan = self.plan
        return Conversation(
            new_id(ns),
            plan.spec.name,
            str(plan.role),
            plan.name,
            peer,
            ns,
            upstream,
            plan.synthetic,
            tuple(sorted(plan.options.items())),
        )

    def _talk(
        self,
        link: Link,
        party: Party[Any],
        plays: Side,
        *,
        hold: bool,
        wish: Callable[[TalkDrive, Wish], None] = nobody_grants,
    ) -> TalkDrive:
        """Begin a conversation in which we play one side."""
        drive = TalkDrive(
            self.services,
            self._conversation(link.peer),
            link,
            Talk(self.plan.spec.codec(), party, plays),
            plays,
            hold=hold,
            over=self._over,
            wish=wish,
        )
        self.drives.add(drive)
        drive.start()
        return drive

    def _over(self, drive: TalkDrive | RelayDrive, reason: str) -> None:
        self.drives.discard(drive)
        self._lost.set()
        if not self.drives:
            self._empty.set()

    def _spawn(self, work: Any) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    async def _keep_connected(self, connect: Callable[[], Awaitable[None]]) -> None:
        """Connect again and again, whenever the connection is lost or could not be made."""
        failures = 0
        while True:
            self._lost.clear()
            try:
                await connect()
            except LinkError as exc:
                if failures == 0:
                    self.services.happened(
                        "mitmeter.connection.failed",
                        str(exc),
                        station=self.plan.name,
                        severity=Severity.WARNING,
                    )
                wait = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)]
                failures += 1
            else:
                failures = 0
                await self._lost.wait()
                wait = _RETRY_SECONDS[0]
            await asyncio.sleep(self.services.clock.real(wait))

    def _refuse(self, peer: str, reason: str) -> None:
        """Count a refused connection; tell of the first, and then of every doubling."""
        self._refused += 1
        if self._refused & (self._refused - 1) == 0:
            self.services.happened(
                "mitmeter.connection.refused",
                f"connection from {printable(peer)} refused: {reason} ({self._refused} so far)",
                severity=Severity.WARNING,
                station=self.plan.name,
                fields={"peer": printable(peer), "reason": reason, "count": self._refused},
            )

    async def _sweep(self) -> None:
        """Close what has been idle too long, and stop waiting for the rest of half messages."""
        patience = self.plan.patience
        quiet = self._quiet()
        # A time-out shorter than the usual sweep is kept to within its own length.
        pause = min(SWEEP_SECONDS, patience.idle, patience.partial)
        while True:
            await asyncio.sleep(self.services.clock.real(pause))
            now = self.services.clock.now_ns()
            for drive in list(self.drives):
                spoken = drive.heard_ns != drive.conversation.opened_ns
                limit = quiet if spoken else patience.idle
                if now - drive.heard_ns > limit * 1e9:
                    drive.close(f"no message for {limit:g} s")
                elif isinstance(drive, TalkDrive) and drive.waits_since(patience.partial, now):
                    drive.flush_held()

    def _quiet(self) -> float:
        """Return how many seconds may pass between two messages of one conversation."""
        return self.plan.patience.idle


class TrapStation(Station):
    """Stands in for the head-end: listens, and answers only what is on disk."""

    def __init__(self, plan: StationPlan, services: Services, memory: Memory, zone: Any) -> None:
        super().__init__(plan, services)
        self._context = HeadendContext(
            recall=memory.recall,
            gaps=memory.gaps,
            zone=zone,
            control=plan.control,
            options=plan.options,
        )

    async def start(self) -> None:
        if self.plan.spec.headend is None:
            raise ConfigError("protocol", f"{self.plan.spec.name} has no head-end to stand in for")
        # Wrong options are told at the start, not to the first device.
        self.plan.spec.headend(self._context)
        if self.plan.spec.projection_with is not None:
            self.plan.spec.projection_with(self.plan.options)
        await self._listen(self._accept)

    def _accept(self, link: Link) -> LinkOwner:
        make = self.plan.spec.headend
        assert make is not None  # noqa: S101 - checked in start()
        return self._talk(link, make(self._context), Side.HEADEND, hold=True)


def make_station(
    plan: StationPlan, services: Services, memory: Memory, zone: Any, house: House, unit: Unit
) -> Station:
    """Return the station a plan asks for."""
    if plan.role is Role.TRAP:
        return TrapStation(plan, services, memory, zone)
    if plan.role is Role.PROXY:
        if plan.spec.reverse is None:
            from mitmeter.daemon.proxy import ProxyStation

            return ProxyStation(plan, services, memory, zone)
        from mitmeter.daemon.reverse import ReverseStation

        return ReverseStation(plan, services)
    # They are stations too, in rooms of their own.
    if plan.role is Role.EMULATE:
        from mitmeter.daemon.emulate import EmulateStation

        return EmulateStation(plan, services, house, zone, unit)
    if plan.spec.topics and plan.to is not None and plan.to.scheme in BROKER:
        from mitmeter.daemon.probe import ProbeStation

        return ProbeStation(plan, services)
    if plan.spec.dials is Side.HEADEND:
        from mitmeter.daemon.reader import ReaderStation

        return ReaderStation(plan, services, memory, zone)
    raise ConfigError("role", f"{plan.role} is not possible with {plan.spec.name}")
