"""Names for devices: lan.dns' answers on a UDP and a TCP socket, and other names forwarded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mitmeter.daemon.plan_network import DnsPlan
from mitmeter.daemon.services import Services
from mitmeter.daemon.telling import Telling
from mitmeter.daemon.upstream import Upstream
from mitmeter.errors import ConfigError
from mitmeter.lan.dns import DnsOutcome, DnsStream, Responder, fitted, framed
from mitmeter.lan.names import Unknown, Zones
from mitmeter.lan.networks import OUTSIDE, Networks, host_of
from mitmeter.transport import Limits, Link, TcpListener, listen
from mitmeter.transport.udp import UdpListener, listen_udp

# What a question comes to: the answer now, an answer to wait for, or silence.
Answer = bytes | None | asyncio.Task[bytes]

# Devices ask by UDP. By TCP come a few tools and resolvers, one question at a time.
_TCP_LIMITS = Limits(connections=256, per_address=32, backlog_bytes=65_536)
_TCP_IDLE_SECONDS = 10.0
_TCP_UNDER_WAY = 16


class NameService:
    """Answers who asks for names."""

    def __init__(self, plan: DnsPlan, services: Services, telling: Telling) -> None:
        if plan.unknown is Unknown.FORWARD and plan.upstream is None:
            raise ConfigError("network.dns.upstream", "says where to forward other names to")
        self._plan = plan
        self._services = services
        self._telling = telling
        self._networks = Networks(plan.networks)
        self._responder = Responder(
            Zones(plan.hosts),
            plan.answer,
            self._networks,
            ttl=plan.ttl,
            unknown=plan.unknown,
            apart=plan.apart,
        )
        self._upstream = Upstream(plan.upstream, plan.patience) if plan.upstream else None
        self._udp: UdpListener | None = None
        self._tcp: TcpListener | None = None
        self._talks: set[_Talk] = set()
        self._under_way: set[asyncio.Task[bytes]] = set()

    async def start(self) -> None:
        """Listen by TCP and UDP on the same port. Raises LinkError in words."""
        host, port = self._plan.listen.host, self._plan.listen.port
        self._tcp = await listen(host, port, self._accept, limits=_TCP_LIMITS)
        try:
            self._udp = await listen_udp(host, self._tcp.port, self._datagram)
        except BaseException:
            self._tcp.stop()
            raise

    @property
    def where(self) -> str:
        return f"udp://{self._udp.address}" if self._udp else str(self._plan.listen)

    async def stop(self) -> None:
        if self._udp is not None:
            self._udp.stop()
        if self._tcp is not None:
            self._tcp.stop()
        for talk in list(self._talks):
            talk.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _datagram(self, data: bytes, peer: str) -> Answer:
        return self._question(data, host_of(peer), "udp")

    def _accept(self, link: Link) -> _Talk:
        talk = _Talk(link, self._question, self._told_of, self._talks.discard)
        if self._networks.hold(talk.client):
            self._talks.add(talk)
        else:
            self._told_of(talk.client, OUTSIDE)
            link.abort()
        return talk

    def _question(self, query: bytes, client: str, transport: str) -> Answer:
        outcome = self._responder.answer(query, client)
        inside = outcome.verdict != OUTSIDE
        self._telling.dns(client, inside, outcome.name, outcome.qtype, outcome.verdict, transport)
        return outcome.reply if outcome.forward is None else self._forward(outcome, transport)

    def _told_of(self, client: str, problem: str) -> None:
        self._telling.dns(client, self._networks.hold(client), "", "", problem, "tcp")

    # forwarding

    def _forward(self, outcome: DnsOutcome, transport: str) -> asyncio.Task[bytes]:
        task = asyncio.get_running_loop().create_task(self._answer_of(outcome, transport))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _answer_of(self, outcome: DnsOutcome, transport: str) -> bytes:
        query, upstream = outcome.forward, self._upstream
        assert query is not None  # noqa: S101 - only such outcomes are forwarded
        assert upstream is not None  # noqa: S101 - checked in __init__
        reply = await upstream.ask(query, transport)
        if reply is None:
            return self._responder.failed(query)
        return fitted(reply, query, outcome.limit) if transport == "udp" else reply


class _Talk:
    """One connection by TCP: questions in, answers out, until nothing comes any more."""

    def __init__(
        self,
        link: Link,
        answer: Callable[[bytes, str, str], Answer],
        problem: Callable[[str, str], None],
        over: Callable[[_Talk], None],
    ) -> None:
        self.client = host_of(link.peer)
        self._link = link
        self._answer = answer
        self._problem = problem
        self._over = over
        self._stream = DnsStream()
        self._under_way: set[asyncio.Task[bytes]] = set()
        self._no_more = False
        self._patience = asyncio.get_running_loop().call_later(_TCP_IDLE_SECONDS, link.abort)

    def received(self, data: bytes) -> None:
        for query in self._stream.feed(data):
            self._asked(query)
        if self._stream.problem:
            self._problem(self.client, f"malformed: {self._stream.problem}")
            self.close()

    def _asked(self, query: bytes) -> None:
        self._be_patient()
        if len(self._under_way) >= _TCP_UNDER_WAY:
            self.close()
            return
        answer = self._answer(query, self.client, "tcp")
        if answer is None:
            self.close()
        elif isinstance(answer, bytes):
            self._link.write(framed(answer))
        else:
            self._under_way.add(answer)
            answer.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[bytes]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            self._link.write(framed(task.result()))
        if self._no_more and not self._under_way:
            self._link.close()

    def _be_patient(self) -> None:
        self._patience.cancel()
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(_TCP_IDLE_SECONDS, self._link.abort)

    def ended(self) -> None:
        self._no_more = True
        if not self._under_way:
            self._link.close()

    def lost(self, reason: str) -> None:
        self._patience.cancel()
        self._over(self)

    def congested(self, full: bool) -> None:
        """Who does not read the answers is not read from either."""
        if full:
            self._link.pause()
        else:
            self._link.resume()

    def close(self) -> None:
        self._no_more = True
        self._link.close()
