"""An emulated device: dials its head-end again and again, or listens to be dialled."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.beat import BeatSocket
from mitmeter.daemon.callers import Callers
from mitmeter.daemon.drive import TalkDrive, Wish
from mitmeter.daemon.ends import dial
from mitmeter.daemon.fair import FairLink
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.relay_drive import RelayDrive
from mitmeter.daemon.services import Services
from mitmeter.daemon.slow import Slow
from mitmeter.daemon.station import Station
from mitmeter.daemon.unit import Unit
from mitmeter.errors import ConfigError, LinkError
from mitmeter.model import Severity, Side
from mitmeter.protocol import Beat, DeviceContext, House, Party, Restart
from mitmeter.transport import Link, LinkOwner

# How soon a port that somebody else has taken during a restart is tried again.
_RETAKE_SECONDS = 1.0


class EmulateStation(Station):
    """Plays the device. One that dials out lives on between connections; of one that is dialled,
    every connection is a party of its own, and the unit's memory is what they share.
    """

    def __init__(
        self, plan: StationPlan, services: Services, house: House, zone: Any, unit: Unit
    ) -> None:
        super().__init__(plan, services)
        self._party: Party[Any] | None = None
        self._unit = unit
        self._dials = plan.role.dials(plan.spec)
        self._stopped = False
        self._callers = Callers(plan, services) if plan.honeypot else None
        self._context = DeviceContext(
            house=house,
            persona=plan.persona,
            user=plan.user,
            password=plan.password,
            zone=zone,
            seed=plan.seed,
            frozen_at=services.clock.now() if plan.frozen else None,
            options=plan.options,
            memory=unit.memory,
            delay=None if self._dials else plan.delay,
        )

    async def start(self) -> None:
        make = self.plan.spec.device
        if make is None:
            raise ConfigError("protocol", f"{self.plan.spec.name} has no device to emulate")
        if self.plan.spec.projection_with is not None:
            self.plan.spec.projection_with(self.plan.options)
        # A persona or an option that is wrong is told at the start, not to the first caller.
        party = make(self._context)
        if self._dials:
            self._party = party
            self._spawn(self._keep_connected(self._dial))
        else:
            # The days since it was built are lived through now, not while the first caller waits.
            self._context.house.energy(self.services.clock.now())
            beat = self._beat()
            await self._listen(self._accept)
            if beat is not None:
                self._spawn(beat.run())
        self._unit.join(self)

    def _beat(self) -> BeatSocket | None:
        """Return what the unit says by UDP. Raises ConfigError for options that are wrong."""
        make, listen = self.plan.spec.beat, self.plan.listen
        if make is None or listen is None:
            return None
        host = "127.0.0.1" if listen.loopback else listen.host

        def restart(seconds: float) -> None:
            self._unit.restart(seconds, "", self.plan.name)

        def begin() -> Beat:
            return make(self._context, self.services.clock.now())

        return BeatSocket(begin, self.services, self.plan.name, host, restart)

    def _accept(self, link: Link) -> LinkOwner:
        if not self._unit.is_up:
            link.abort()
            return _Nobody()
        party = self._party
        if party is None:
            return FairLink(link, self._answer)
        drive = self._talk(link, party, Side.DEVICE, hold=False, wish=self._grant)
        if not self.plan.delay:
            return drive
        return Slow(drive, self.services.clock.real(self.plan.delay))

    def _answer(self, link: Link) -> LinkOwner:
        """Somebody has dialled us."""
        make = self.plan.spec.device
        assert make is not None  # noqa: S101 - checked in start()
        party = make(self._context)
        drive = self._talk(link, party, Side.DEVICE, hold=False, wish=self._grant)
        if self._callers is not None:
            self._callers.came(drive, link.local)
        return drive

    def _over(self, drive: TalkDrive | RelayDrive, reason: str) -> None:
        if self._callers is not None and isinstance(drive, TalkDrive):
            self._callers.went(drive, reason)
        super()._over(drive, reason)

    def _quiet(self) -> float:
        patience = self.plan.patience
        return max(patience.idle, patience.quiet)

    async def _dial(self) -> None:
        """Connect, as the device would; the device itself lives on between connections."""
        target = self.plan.to
        if target is None:
            raise ConfigError("--to", "says where the device should connect to")
        await self._unit.until_up()
        await dial(target, self._accept, timeout=self.plan.patience.connect, verify=False)

    async def stop(self, reason: str) -> None:
        self._stopped = True
        await super().stop(reason)

    # restarts of the unit

    def _grant(self, drive: TalkDrive, wish: Wish) -> None:
        if isinstance(wish, Restart):
            self._unit.restart(wish.seconds, drive.conversation.id, self.plan.name)

    def go_down(self, reason: str) -> int:
        if self.listener is not None:
            self.listener.stop()
        dropped = len(self.drives)
        for drive in list(self.drives):
            drive.close(reason)
        return dropped

    async def come_up(self) -> None:
        for drive in list(self.drives):
            drive.abort("the unit has restarted")
        front, listen = self._front, self._reopened()
        if front is None or listen is None:
            return
        complained = False
        while not self._stopped:
            try:
                await front.open(listen, self._accept, self._refuse)
            except LinkError as exc:
                if not complained:
                    self.services.happened(
                        "mitmeter.unit.locked_out",
                        f"after its restart {self.plan.name} cannot listen again: {exc}",
                        severity=Severity.WARNING,
                        station=self.plan.name,
                    )
                complained = True
                await asyncio.sleep(_RETAKE_SECONDS)
            else:
                break
        if self._stopped and self.listener is not None:
            self.listener.stop()

    def _reopened(self) -> Endpoint | None:
        """Return the endpoint to listen on again: the same port, also where the system chose it."""
        listen = self.plan.listen
        if listen is None or not self._address:
            return None
        return replace(listen, port=int(self._address.rsplit(":", 1)[1]))


class _Nobody:
    """The owner of a connection that came in the moment its unit went down."""

    def received(self, data: bytes) -> None:
        """Nobody is there to hear it."""

    def ended(self) -> None:
        """Nobody minds."""

    def lost(self, reason: str) -> None:
        """It was never taken."""

    def congested(self, full: bool) -> None:
        """Nothing is said."""
