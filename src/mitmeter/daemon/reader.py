"""Reads a device that is dialled: connects as its head-end, once or every so often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mitmeter.config.endpoint import WEB
from mitmeter.daemon.drive import TalkDrive, Wish
from mitmeter.daemon.ends import SCHEMES, dial
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.relay_drive import RelayDrive
from mitmeter.daemon.services import Services
from mitmeter.daemon.station import Memory, Station
from mitmeter.daemon.trust import FirstUse
from mitmeter.errors import ConfigError, LinkError
from mitmeter.model import Severity, Side, printable
from mitmeter.protocol import READ, HeadendContext, Progress
from mitmeter.transport import Link, LinkOwner

READABLE = (*SCHEMES, *WEB)
_MOST_PATIENCE = 8


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
        self._trust: FirstUse | None = None
        self._context = HeadendContext(
            recall=memory.recall,
            gaps=memory.gaps,
            zone=zone,
            control=plan.control,
            options=_options(plan),
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
        to = self.plan.to
        if to.scheme not in READABLE:
            raise ConfigError("to", f"{to.scheme}:// is none of {', '.join(READABLE)}")
        if to.scheme == "https" and self.plan.options.get("upstream") != "unverified":
            self._trust = FirstUse(self.services, self.plan.name, f"{to.host}:{to.port}")
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
            # A device that answers and does not give what was wanted may have refused a login: it
            # would lock the account if it went on like that.
            answered = visit.messages > 0 and visit.reason != READ
            patience = min(2**self._failures, _MOST_PATIENCE) if answered else 1
            every = self.services.clock.real(self.plan.every * patience)
            await asyncio.sleep(max(every - (loop.time() - began), 0))

    async def _visit(self) -> Visit:
        to = self.plan.to
        assert to is not None  # noqa: S101 - checked in start()
        self._over_now = asyncio.get_running_loop().create_future()
        try:
            await dial(
                to.wire,
                self._accept,
                timeout=self.plan.patience.connect,
                verify=self.plan.options.get("upstream") != "unverified",
                trust=None if self._trust is None else self._trust.trust,
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
        if visit.messages and visit.reason == READ:
            if self._failures:
                self.services.happened(
                    "mitmeter.probe.recovered",
                    f"{plan.to} is read again; failures before: {self._failures}",
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


def _options(plan: StationPlan) -> Mapping[str, str]:
    """Return the station's options, for a web server with whom to ask for, as `host`."""
    to = plan.to
    if to is None or to.scheme not in WEB:
        return plan.options
    return {"host": to.authority, **plan.options}
