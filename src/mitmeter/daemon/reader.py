"""Reads a device that is dialled: connects as its head-end, once or every so often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mitmeter.daemon.drive import TalkDrive, Wish
from mitmeter.daemon.ends import SCHEMES, dial
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.relay_drive import RelayDrive
from mitmeter.daemon.services import Services
from mitmeter.daemon.station import Memory, Station
from mitmeter.errors import ConfigError, LinkError
from mitmeter.model import Severity, Side, printable
from mitmeter.protocol import HeadendContext, Progress
from mitmeter.transport import Link, LinkOwner


@dataclass(frozen=True, slots=True)
class Visit:
    """One reading of a device.

    conversation: its id, "" where there was no connection.
    messages:     how many whole messages the device said.
    garbled:      bytes it said that are no message.
    reason:       why it ended, in words.
    """

    conversation: str
    messages: int
    garbled: int
    reason: str


class ReaderStation(Station):
    """Dials the device, reads, and comes again after `plan.every` seconds; once where that is None.

    A device that says nothing for `patience.idle` seconds is left. Who cannot be reached is told of
    once, and then at every doubling of the failures.

    For who attends: `visited` hears of every visit when it is over, `begun` the conversation's id
    when there is a connection, `progress` how far a scan has come.
    """

    def __init__(self, plan: StationPlan, services: Services, memory: Memory, zone: Any) -> None:
        super().__init__(plan, services)
        self.visited: Callable[[Visit], None] | None = None
        self.progress: Callable[[Progress], None] | None = None
        self.begun: Callable[[str], None] | None = None
        self._failures = 0
        self._over_now: asyncio.Future[Visit] | None = None
        self._context = HeadendContext(
            recall=memory.recall,
            gaps=memory.gaps,
            zone=zone,
            control=plan.control,
            options=plan.options,
            user=plan.user,
            password=plan.password,
        )

    async def start(self) -> None:
        if self.plan.spec.headend is None:
            raise ConfigError("protocol", f"{self.plan.spec.name} cannot be read yet")
        if self.plan.to is None:
            raise ConfigError("to", "says where the device is")
        # Wrong options are told at the start, not to the first device.
        self.plan.spec.headend(self._context)
        if self.plan.spec.projection_with is not None:
            self.plan.spec.projection_with(self.plan.options)
        if self.plan.to.scheme not in SCHEMES:
            raise ConfigError("to", f"{self.plan.to.scheme}:// is none of {', '.join(SCHEMES)}")
        self._spawn(self._sweep())
        if not self.plan.attended:
            self.begin()

    def begin(self) -> None:
        """Dial for the first time."""
        self._spawn(self._read())

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            visit = await self._visit()
            self._judge(visit)
            if self.visited is not None:
                self.visited(visit)
            if self.plan.every is None:
                return
            every = self.services.clock.real(self.plan.every)
            await asyncio.sleep(max(every - (loop.time() - began), 0))

    async def _visit(self) -> Visit:
        target = self.plan.to
        assert target is not None  # noqa: S101 - checked in start()
        self._over_now = asyncio.get_running_loop().create_future()
        try:
            await dial(
                target,
                self._accept,
                timeout=self.plan.patience.connect,
                verify=self.plan.options.get("upstream") != "unverified",
            )
        except LinkError as exc:
            return Visit("", 0, 0, str(exc))
        return await self._over_now

    def _accept(self, link: Link) -> LinkOwner:
        make = self.plan.spec.headend
        assert make is not None  # noqa: S101 - checked in start()
        drive = self._talk(link, make(self._context), Side.HEADEND, hold=False, wish=self._grant)
        if self.begun is not None:
            self.begun(drive.conversation.id)
        return drive

    def _grant(self, drive: TalkDrive, wish: Wish) -> None:
        if isinstance(wish, Progress) and self.progress is not None:
            self.progress(wish)

    def _over(self, drive: TalkDrive | RelayDrive, reason: str) -> None:
        over = self._over_now
        if isinstance(drive, TalkDrive) and over is not None and not over.done():
            garbled = drive.garbled_bytes
            name = drive.conversation.id
            over.set_result(Visit(name, drive.decoded, garbled, printable(reason)))
        super()._over(drive, reason)

    def _judge(self, visit: Visit) -> None:
        """Tell of a device that cannot be read, and when it can be again."""
        plan = self.plan
        if visit.messages:
            if self._failures:
                self.services.happened(
                    "mitmeter.probe.recovered",
                    f"{plan.to} is read again, after {self._failures} failures",
                    station=plan.name,
                )
            self._failures = 0
            return
        self._failures += 1
        # Who waits at the terminal for one visit is told there.
        if plan.every is not None and not self._failures & (self._failures - 1):
            again = f" ({self._failures} times so far)" if self._failures > 1 else ""
            self.services.happened(
                "mitmeter.probe.failed",
                f"nothing could be read from {plan.to}: {visit.reason}{again}",
                severity=Severity.WARNING,
                station=plan.name,
                conversation=visit.conversation,
                fields={"reason": visit.reason, "count": self._failures},
            )
