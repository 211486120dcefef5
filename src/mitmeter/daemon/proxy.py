"""A proxy: accepts one side, connects to the other, records both, and applies rules."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from mitmeter.daemon.ends import dial
from mitmeter.daemon.onward import Goal, Onward
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.relay_drive import RelayDrive
from mitmeter.daemon.services import Services
from mitmeter.daemon.station import Memory, Station
from mitmeter.errors import ConfigError, LinkError, RemoteProtocolError
from mitmeter.model import DeviceId, Severity, Side
from mitmeter.protocol import HeadendContext, Rule
from mitmeter.roles.conversation import Relay
from mitmeter.roles.rules import OBSERVE, rules_of
from mitmeter.transport import Link, LinkOwner


class ProxyStation(Station):
    """Stands between: accepts one side, connects to the other, records both."""

    def __init__(self, plan: StationPlan, services: Services, memory: Memory, zone: Any) -> None:
        super().__init__(plan, services)
        self._context = HeadendContext(
            recall=memory.recall,
            gaps=memory.gaps,
            zone=zone,
            control=True,
            options=plan.options,
        )
        known = plan.spec.rule_names
        unknown = [name for name in plan.rules if name not in known]
        if unknown:
            raise ConfigError(
                "rules",
                f"{unknown[0]!r} is no rule of {plan.spec.name}; there is {', '.join(known)}",
            )
        self._rules()  # a wrong option is told at the start, not to the first device
        self._onward: Onward | None = None
        self._back: asyncio.TimerHandle | None = None
        self._until: datetime | None = None

    def _rules(self) -> list[Rule[Any]]:
        made = rules_of(self.plan.spec)
        return [made[name](self._context) for name in self.plan.rules if name != OBSERVE]

    async def start(self) -> None:
        self._onward = Onward(self.plan, self.services)
        await self._listen(self._accept)

    async def stop(self, reason: str) -> None:
        if self._back is not None:
            self._back.cancel()
        await super().stop(reason)

    # bypassing

    @property
    def bypassed_until(self) -> datetime | None:
        return self._until

    def bypass(self, seconds: float | None) -> str:
        if not self.plan.rules:
            return f"{self.plan.name} has no rules: it passes everything on as it is"
        if self._back is not None:
            self._back.cancel()
            self._back = None
        if seconds is None:
            return self._return("an operator wants them back")
        clock = self.services.clock
        self._until = until = clock.now() + timedelta(seconds=seconds)
        loop = asyncio.get_running_loop()
        self._back = loop.call_later(clock.real(seconds), self._return, "the time is over")
        for drive in list(self.drives):
            if isinstance(drive, RelayDrive):
                drive.bypass(True)
        text = f"passes everything on without rules until {until:%Y-%m-%d %H:%M:%S} UTC"
        self._tell("mitmeter.bypass.began", text, until=until.isoformat())
        return f"{self.plan.name} {text}"

    def _return(self, why: str) -> str:
        if self._until is None:
            return f"{self.plan.name} was not bypassed"
        self._until = self._back = None
        for drive in list(self.drives):
            if isinstance(drive, RelayDrive):
                drive.bypass(False)
        text = f"applies its rules again: {why}"
        self._tell("mitmeter.bypass.ended", text)
        return f"{self.plan.name} {text}"

    def _tell(self, eventid: str, text: str, **fields: str) -> None:
        rules = ", ".join(self.plan.rules)
        self.services.happened(
            eventid,
            f"{self.plan.name} {text}",
            severity=Severity.NOTICE,
            station=self.plan.name,
            fields={"rules": rules, **fields},
        )

    # conversations

    def _accept(self, link: Link) -> LinkOwner:
        spec = self.plan.spec
        rules = self._rules()
        goal, why = self._goal(link)
        # The conversation's peer is always the device's end, whoever dialled.
        accepted = spec.dials
        peer, upstream = link.peer, str(goal.endpoint if goal else "").partition("://")[2]
        if accepted is Side.HEADEND:
            peer, upstream = upstream, peer
        drive = RelayDrive(
            self.services,
            self._conversation(peer, upstream),
            Relay(spec.codec, rules),
            transparent=not rules,
            over=self._over,
            known_as=self._known_as() if rules else None,
        )
        self.drives.add(drive)
        leg = drive.start(accepted, link)
        if self._until is not None:
            drive.bypass(True)
        self._spawn(self._join(drive, accepted.other, goal, why))
        self._tasks = [task for task in self._tasks if not task.done()]
        return leg

    def _goal(self, link: Link) -> tuple[Goal | None, str]:
        """Return where to pass a conversation on to; or why nowhere."""
        assert self._onward is not None  # noqa: S101 - made in start()
        try:
            return self._onward.goal(link, self._address), ""
        except LinkError as exc:
            return None, str(exc)

    async def _join(self, drive: RelayDrive, side: Side, goal: Goal | None, why: str) -> None:
        if goal is None:
            self._unreachable(drive, why)
            return
        assert self._onward is not None  # noqa: S101 - made in start()
        try:
            await self._onward.check_for_loop(goal, self._address)
            await dial(
                goal.endpoint,
                lambda link: drive.join(side, link),
                timeout=self.plan.patience.connect,
                name=goal.name,
                trust=self._onward.trust(goal) if goal.endpoint.scheme == "tls" else None,
            )
        except LinkError as exc:
            self._unreachable(drive, f"{goal} cannot be reached: {exc}")
            return
        drive.resume()

    def _unreachable(self, drive: RelayDrive, why: str) -> None:
        self.services.happened(
            "mitmeter.upstream.unreachable",
            why,
            severity=Severity.WARNING,
            conversation=drive.conversation.id,
            station=self.plan.name,
        )
        drive.close(why)

    def _known_as(self) -> DeviceId | None:
        """Return what operators call a conversation whose device nobody knows yet."""
        try:
            return DeviceId(self.plan.spec.name, self.plan.name)
        except RemoteProtocolError:
            return None
