"""A proxy between a client and a server of these tests, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.plan import DaemonPlan, StationPlan
from mitmeter.daemon.proxy import ProxyStation
from mitmeter.daemon.supervisor import Daemon
from mitmeter.journal.reader import JournalReader
from mitmeter.journal.records import Noted
from mitmeter.model import Event
from mitmeter.roles.role import Role
from tests.daemon.plans import ANY_PORT, LONDON

ANY_TLS = Endpoint("tls", "127.0.0.1", 0)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def between(
    protocol: str,
    to: Endpoint,
    *rules: str,
    listen: Endpoint = ANY_PORT,
    options: dict[str, str] | None = None,
) -> StationPlan:
    spec = registry.spec(protocol)
    return StationPlan(
        "between", Role.PROXY, spec, listen=listen, to=to, rules=rules, options=options or {}
    )


@contextlib.asynccontextmanager
async def proxying(data: Path, plan: StationPlan) -> AsyncIterator[Daemon]:
    running = Daemon(DaemonPlan("test proxy", LONDON, (plan,), batch_seconds=0.01), data)
    async with asyncio.timeout(60), running.running():
        yield running


def station(running: Daemon) -> ProxyStation:
    (found,) = running.stations
    assert isinstance(found, ProxyStation)
    return found


def where(running: Daemon) -> tuple[str, int]:
    """Return host and port the proxy listens on."""
    found = Endpoint.parse(running.stations[0].where)
    return found.host, found.port


@contextlib.asynccontextmanager
async def serving(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[Endpoint]:
    """Serve as long as the block runs."""

    async def served(heard: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                await serve(heard, out)
        finally:
            out.close()
            with contextlib.suppress(OSError):
                await out.wait_closed()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Endpoint("tls" if context is not None else "tcp", "127.0.0.1", port)


async def echo(heard: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    while said := await heard.read(65_536):
        out.write(said)
        await out.drain()


@dataclass(slots=True)
class Client:
    """Who connects to the proxy."""

    heard: asyncio.StreamReader
    out: asyncio.StreamWriter

    async def ask(self, said: bytes, size: int) -> bytes:
        """Say something and wait for an answer of that many bytes."""
        self.out.write(said)
        return await self.heard.readexactly(size)


@contextlib.asynccontextmanager
async def client(
    running: Daemon, context: ssl.SSLContext | None = None, name: str | None = None
) -> AsyncIterator[Client]:
    host, port = where(running)
    heard, out = await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    try:
        yield Client(heard, out)
    finally:
        out.close()
        with contextlib.suppress(OSError):
            await out.wait_closed()


def noted(data: Path, eventid: str) -> list[Event]:
    """Return the events of a kind in a data directory's journal."""
    return [
        record.event
        for record in JournalReader(data / "journal").records()
        if isinstance(record, Noted) and record.event.eventid == eventid
    ]
