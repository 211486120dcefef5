"""A reverse proxy's sockets: many clients, one connection to the device, journaled as it is used.

What to do is decided by the protocol's own `Reverse`; here it is done.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from datetime import datetime
from ipaddress import ip_address, ip_network

from mitmeter.config.endpoint import WEB
from mitmeter.daemon.access_log import AccessLog
from mitmeter.daemon.ends import Front, dial
from mitmeter.daemon.plan import StationPlan
from mitmeter.daemon.services import Services, new_id
from mitmeter.daemon.station import Station
from mitmeter.daemon.timers import Timers
from mitmeter.daemon.trust import FirstUse
from mitmeter.errors import ConfigError, LinkError
from mitmeter.model import Conversation, Severity, Side
from mitmeter.protocol import (
    Dial,
    Drop,
    Hang,
    Report,
    Reverse,
    ReverseContext,
    ReverseEffect,
    SetTimer,
    Throttle,
    ToClient,
    ToServer,
)
from mitmeter.transport import Link, LinkOwner
from mitmeter.transport.original import address_towards

LOGS = "log"


class ReverseStation(Station):
    """Stands before a device that is a web server.

    Options: `upstream=unverified` trusts any certificate; otherwise the first one is pinned.
    `names` lists host names under which clients may find us; `log-days` how long the access log is
    kept (3). What else there is, the protocol's own page says.
    """

    def __init__(self, plan: StationPlan, services: Services) -> None:
        super().__init__(plan, services)
        self._clients: dict[int, _Client] = {}
        self._numbers = itertools.count(1)
        self._server: _Server | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._timers = Timers(services, lambda name: self._do(lambda r, now: r.timer(name, now)))
        self._reverse: Reverse | None = None
        self._log: AccessLog | None = None
        self._where = ""

    async def start(self) -> None:
        plan = self.plan
        if plan.to is None or plan.listen is None or plan.spec.reverse is None:
            raise ConfigError("--to", "says which gateway to stand before, as in https://192.0.2.7")
        for key, endpoint in (("to", plan.to), ("listen", plan.listen)):
            if endpoint.scheme not in WEB:
                raise ConfigError(key, f"{endpoint.scheme}:// is none of http, https")
        days = plan.options.get("log-days", "3")
        if not days.isdigit():
            raise ConfigError("options.log-days", f"{days!r} is no number of days")
        self._log = AccessLog(
            self.services.data / LOGS, plan.name, self.services.clock.now, int(days)
        )
        self._where = f"{plan.to.host}:{plan.to.port}"
        self._trust = FirstUse(self.services, plan.name, self._where)
        # Browsers come to us, not meters: a certificate by our own authority, as they like it.
        self._front = Front(plan, self.services, kind="plain")
        await self._front.open(plan.listen.wire, self._accept, self._refuse)
        self._address = "" if self.listener is None else self.listener.address
        context = ReverseContext(
            server=f"{plan.to.scheme}://{plan.to.authority}",
            secure=plan.listen.scheme == "https",
            port=int(self._address.rpartition(":")[2]),
            names=tuple(n.strip() for n in plan.options.get("names", "").split(",") if n.strip()),
            options=plan.options,
        )
        try:
            self._reverse = plan.spec.reverse(context)
        except ValueError as exc:
            raise ConfigError("options", str(exc)) from None
        self._spawn(self._renew())
        self._spawn(self._sweep_clients())

    async def stop(self, reason: str) -> None:
        if self.listener is not None:
            self.listener.stop()
        self._timers.cancel()
        if self._dialling is not None:
            self._dialling.cancel()
            await asyncio.gather(self._dialling, return_exceptions=True)
        for client in list(self._clients.values()):
            client.link.close()
        if self._server is not None:
            self._server.finish(reason)
        if self._log is not None:
            self._log.close()
        await super().stop(reason)

    # clients

    def _accept(self, link: Link) -> LinkOwner:
        number = next(self._numbers)
        client = self._clients[number] = _Client(self, number, link)
        address = link.peer.rpartition(":")[0]
        self._do(lambda reverse, now: reverse.arrived(number, address, now))
        return client

    def heard(self, number: int, data: bytes) -> None:
        self._do(lambda reverse, now: reverse.heard(number, data, now))

    def ended(self, number: int) -> None:
        self._do(lambda reverse, now: reverse.ended(number, now))

    def lost(self, number: int) -> None:
        self._clients.pop(number, None)
        self._do(lambda reverse, now: reverse.left(number, now))

    def congested(self, number: int, full: bool) -> None:
        self._do(lambda reverse, now: reverse.congested(number, full, now))

    async def _sweep_clients(self) -> None:
        """Close connections that have said nothing for too long, whatever they began to say."""
        patience = self.plan.patience.idle
        while True:
            await asyncio.sleep(self.services.clock.real(min(5.0, patience)))
            late = self.services.clock.now_ns() - int(patience * 1e9)
            for client in list(self._clients.values()):
                if client.heard_ns < late:
                    client.link.close()

    # the server

    def answered(self, server: _Server, data: bytes) -> None:
        if server is self._server:
            self._do(lambda reverse, now: reverse.answered(data, now))

    def closed(self, server: _Server) -> None:
        if server is self._server:
            self._server = None
            self._do(lambda reverse, now: reverse.closed(now))

    async def _connect(self) -> None:
        to = self.plan.to
        assert to is not None  # noqa: S101 - checked in start()
        conversation = self._new_conversation()
        made: list[_Server] = []

        def accept(link: Link) -> LinkOwner:
            made.append(_Server(self, self.services, conversation, link))
            return made[0]

        any_will_do = self.plan.options.get("upstream") == "unverified"
        try:
            await dial(
                to.wire,
                accept,
                timeout=self.plan.patience.connect,
                verify=not any_will_do,
                trust=None if any_will_do else self._trust.trust,
            )
        except LinkError as exc:
            self._tell_of_failure(str(exc))
            return
        self._server = made[0]
        made[0].open()
        self._do(lambda reverse, now: reverse.connected(now))

    def _tell_of_failure(self, reason: str) -> None:
        kind = self._kind(reason)
        if kind != "certificate":  # the judge has told of that
            self.services.happened(
                "mitmeter.upstream.unreachable",
                f"{self.plan.to} cannot be reached: {reason}",
                severity=Severity.WARNING,
                station=self.plan.name,
            )
        words = reason.partition(f"{self._where}: ")[2] or reason
        self._do(lambda reverse, now: reverse.failed(kind, words, now))

    def _kind(self, reason: str) -> str:
        if self._trust.changed:
            return "certificate"
        assert self.plan.to is not None  # noqa: S101 - checked in start()
        if (reason.startswith("tls://") and "hung up" in reason) or "handshake" in reason:
            return "tls"
        return "unreachable" if _near(self.plan.to.host) else "subnet"

    def _new_conversation(self) -> Conversation:
        """Return the conversation with the device: towards it we are the one who asks."""
        ns = self.services.clock.now_ns()
        plan = self.plan
        return Conversation(
            new_id(ns),
            plan.spec.name,
            "probe",
            plan.name,
            self._where,
            ns,
            "",
            plan.synthetic,
            tuple(sorted(plan.options.items())),
        )

    # doing

    def _do(self, step: Callable[[Reverse, datetime], Iterable[ReverseEffect]]) -> None:
        if self._reverse is None:
            return
        # All of it first: what is done may lead to the next step before this one is through.
        for effect in _joined(step(self._reverse, self.services.clock.now())):
            self._perform(effect)

    def _perform(self, effect: ReverseEffect) -> None:
        if isinstance(effect, ToClient):
            if client := self._clients.get(effect.client):
                client.link.write(effect.data)
        elif isinstance(effect, Hang):
            if client := self._clients.get(effect.client):
                client.link.close()
        elif isinstance(effect, ToServer):
            if self._server is not None:
                self._server.say(effect.data)
        elif isinstance(effect, Dial):
            self._dialling = asyncio.get_running_loop().create_task(self._connect())
        elif isinstance(effect, Drop):
            server, self._server = self._server, None
            if server is not None:
                server.finish(effect.reason)
        elif isinstance(effect, Throttle):
            if self._server is not None:
                self._server.hold(effect.stopped)
        elif isinstance(effect, SetTimer):
            self._timers.arm(effect)
        elif isinstance(effect, Report):
            self.services.note(effect.event, station=self.plan.name)
        elif self._log is not None:
            self._log.write(effect)


class _Client:
    """One client's link."""

    def __init__(self, station: ReverseStation, number: int, link: Link) -> None:
        self.link = link
        self.heard_ns = station.services.clock.now_ns()
        self._station = station
        self._number = number

    def received(self, data: bytes) -> None:
        self.heard_ns = self._station.services.clock.now_ns()
        self._station.heard(self._number, data)

    def ended(self) -> None:
        self._station.ended(self._number)

    def lost(self, reason: str) -> None:
        self._station.lost(self._number)

    def congested(self, full: bool) -> None:
        self._station.congested(self._number, full)


class _Server:
    """The link to the device, both directions in the journal."""

    def __init__(
        self,
        station: ReverseStation,
        services: Services,
        conversation: Conversation,
        link: Link,
    ) -> None:
        self._station = station
        self._services = services
        self._conversation = conversation
        self._link = link
        self._sequence = 0
        self._over = False

    def open(self) -> None:
        self._services.opened(self._conversation)

    def say(self, data: bytes) -> None:
        self._record(Side.HEADEND, data, ours=True)
        self._link.write(data)

    def hold(self, stopped: bool) -> None:
        if stopped:
            self._link.pause()
        else:
            self._link.resume()

    def finish(self, reason: str) -> None:
        self._close(reason)
        self._link.close()

    def received(self, data: bytes) -> None:
        if not self._over:
            self._record(Side.DEVICE, data, ours=False)
            self._station.answered(self, data)

    def ended(self) -> None:
        self._link.close()

    def lost(self, reason: str) -> None:
        self._close(reason)
        self._station.closed(self)

    def congested(self, full: bool) -> None:
        """Requests are small and one at a time: there is nobody to hold back."""

    def _record(self, sender: Side, data: bytes, *, ours: bool) -> None:
        now = self._services.clock.now_ns()
        self._sequence += self._services.record(
            self._conversation, self._sequence, sender, now, data, ours
        )

    def _close(self, reason: str) -> None:
        if not self._over:
            self._over = True
            self._services.closed(self._conversation, reason)


def _joined(effects: Iterable[ReverseEffect]) -> list[ReverseEffect]:
    """Return the effects, what is said to one client without a break in one piece."""
    found: list[ReverseEffect] = []
    for effect in effects:
        last = found[-1] if found else None
        if (
            isinstance(effect, ToClient)
            and isinstance(last, ToClient)
            and last.client == effect.client
        ):
            found[-1] = ToClient(last.client, last.data + effect.data)
        else:
            found.append(effect)
    return found


def _near(host: str) -> bool:
    """Tell whether this machine has an address in the host's network, taken to be a /24.

    A gateway answers nobody else (fact sheet §1.2); True where there is no telling.
    """
    try:
        there = ip_address(host)
    except ValueError:
        return True
    here = None if there.version != 4 or there.is_loopback else address_towards(host)
    return here is None or ip_address(here) in ip_network(f"{host}/24", strict=False)
