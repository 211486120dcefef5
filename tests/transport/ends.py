"""Both ends of a secure link, for tests: our own, and stock clients that share no code with us."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

from mitmeter.transport import Link
from mitmeter.transport.secure import FailedHandshake

# Certificates are checked by real clients, so the time is the real one.
TODAY = datetime.now(UTC)


class End:
    """Keeps what a link says, and lets a test wait for it."""

    def __init__(self, *, echo: bool = False) -> None:
        self.echo = echo
        self.data = bytearray()
        self.chunks = 0
        self.link: Link | None = None
        self.accepted = asyncio.Event()
        self.heard = asyncio.Event()
        self.eof = asyncio.Event()
        self.gone = asyncio.Event()
        self.endings: list[str] = []
        self.congestion: list[bool] = []

    def accept(self, link: Link) -> End:
        self.link = link
        self.accepted.set()
        return self

    def received(self, data: bytes) -> None:
        self.data += data
        self.chunks += 1
        self.heard.set()
        if self.echo:
            self.wire.write(data)

    def ended(self) -> None:
        self.eof.set()
        if self.echo:
            self.wire.close()

    def lost(self, reason: str) -> None:
        self.endings.append(reason)
        self.gone.set()

    def congested(self, full: bool) -> None:
        self.congestion.append(full)
        if self.echo:
            if full:
                self.wire.pause()
            else:
                self.wire.resume()

    @property
    def wire(self) -> Link:
        assert self.link is not None
        return self.link

    async def until(self, size: int) -> bytes:
        """Wait for that many bytes in all."""
        while len(self.data) < size:
            self.heard.clear()
            await self.heard.wait()
        return bytes(self.data)


class Failures:
    """Keeps the handshakes that failed."""

    def __init__(self) -> None:
        self.all: list[FailedHandshake] = []
        self._told = asyncio.Event()

    def __call__(self, peer: str, facts: FailedHandshake) -> None:
        self.all.append(facts)
        self._told.set()

    async def first(self) -> FailedHandshake:
        await self._told.wait()
        return self.all[0]


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait for what nobody tells of."""
    async with asyncio.timeout(10):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.001)


def stock_client(
    *,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ciphers: str = "",
    authorities: str | None = None,
) -> ssl.SSLContext:
    """Return the standard library's own client; it trusts everybody unless given authorities."""
    context = ssl.create_default_context(cafile=authorities)
    if authorities is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = newest
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def first_hello(context: ssl.SSLContext, name: str | None = None) -> bytes:
    """Return the first bytes such a client sends."""
    sent = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return sent.read()
    raise AssertionError("no server was there")


def raw(port: int) -> socket.socket:
    """Return a plain socket, for what no well-behaved client says. For use in a thread."""
    wire = socket.create_connection(("127.0.0.1", port), timeout=10)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return wire


def hear_all(wire: socket.socket) -> bytes:
    """Read until the other end closes, and close."""
    wire.settimeout(10)
    heard = b""
    with wire:
        try:
            while part := wire.recv(65_536):
                heard += part
        except ConnectionResetError:
            pass
    return heard
