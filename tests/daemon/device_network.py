"""A device network on loopback: its services with a real journal, and what a device would say."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_network
from pathlib import Path

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.network import Network
from mitmeter.daemon.plan_network import DnsPlan, NetworkPlan, NtpPlan
from mitmeter.daemon.services import Services
from mitmeter.journal.commit import GroupCommit
from mitmeter.journal.reader import JournalReader
from mitmeter.journal.records import Noted
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Event
from mitmeter.transport.udp import listen_udp

US = IPv4Address("192.168.101.2")
LOOPBACK = (ip_network("127.0.0.0/8"),)
ELSEWHERE = (ip_network("192.168.101.0/24"),)
HOSTS = {"glow": ("*.cad.sensornet.info",), "ntp": ("*.pool.ntp.org",)}
DISPLAY = "10.20.30.02005e.cad.sensornet.info"
DNS = DnsPlan(Endpoint("udp", "127.0.0.1", 0), US, LOOPBACK, HOSTS)
NTP = NtpPlan(Endpoint("udp", "127.0.0.1", 0), LOOPBACK, synchronised=True)


class Witness(Services):
    """Services that let a test wait for what is noted."""

    noted: asyncio.Event

    def note(self, event: Event, conversation: str = "", station: str = "") -> None:
        super().note(event, conversation, station)
        self.noted.set()


@dataclass(slots=True)
class Bench:
    """Running services, and the events they have noted."""

    network: Network
    services: Witness

    def port(self, name: str = "dns") -> int:
        return Endpoint.parse(self.network.where()[name]).port

    def events(self, eventid: str = "") -> list[Event]:
        """Return what the journal holds, by the beginning of the event's id."""
        self.services.writer.flush()
        records = JournalReader(self.services.writer.folder).read()
        return [
            record.event
            for _, record in records
            if isinstance(record, Noted) and record.event.eventid.startswith(eventid)
        ]

    async def until(self, eventid: str, count: int = 1) -> list[Event]:
        """Wait until the journal holds so many such events; return them."""
        async with asyncio.timeout(10):
            while len(found := self.events(eventid)) < count:
                self.services.noted.clear()
                await self.services.noted.wait()
        return found


@contextlib.asynccontextmanager
async def network(
    data: Path, plan: NetworkPlan, clock: Clock | None = None
) -> AsyncIterator[Bench]:
    clock = clock or Clock()
    writer = JournalWriter(data / "journal", clock_ns=clock.now_ns)
    commit = GroupCommit(writer)
    try:
        services = Witness(clock=clock, writer=writer, commit=commit, data=data)
        services.noted = asyncio.Event()
        running = Network(plan, services, data)
        await running.start()
        try:
            yield Bench(running, services)
        finally:
            await running.stop()
    finally:
        await commit.aclose()
        writer.shut()


def names(data: Path, **changes: object) -> contextlib.AbstractAsyncContextManager[Bench]:
    """Return a running name service with these changes to its plan."""
    return network(data, NetworkPlan(dns=replace(DNS, **changes)))  # type: ignore[arg-type]


async def ask_by_udp(port: int, query: bytes, seconds: float = 10.0) -> bytes:
    """Return the answer to one datagram. Raises TimeoutError when there is none."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.setblocking(False)
        ours.connect(("127.0.0.1", port))
        await loop.sock_sendall(ours, query)
        async with asyncio.timeout(seconds):
            return await loop.sock_recv(ours, 65_535)


async def run(*command: str) -> tuple[int, str]:
    """Run a program; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@contextlib.asynccontextmanager
async def upstream(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[Endpoint]:
    """Return somebody else's name server, that answers datagrams by this function."""
    listener = await listen_udp("127.0.0.1", 0, lambda query, _: answer(query))
    try:
        yield Endpoint("udp", "127.0.0.1", listener.port)
    finally:
        listener.stop()
