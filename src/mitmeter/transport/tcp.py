"""TCP: listeners with admission, outgoing connections, and a lean link over asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable
from typing import cast

from mitmeter.errors import LinkError
from mitmeter.transport.holder import port_holder
from mitmeter.transport.limits import Admission, Limits
from mitmeter.transport.link import LinkOwner

Accept = Callable[["TcpLink"], LinkOwner]
Refused = Callable[[str, str], None]

# uvloop reads a socket that fills its buffer up to 32 times over, 8 MB, before any other has a
# turn. After a read of this size we step back until the next.
_LONG_READ = 65_536


def address_text(address: object) -> str:
    """Return a socket address as `host:port`, IPv6 in brackets."""
    if not isinstance(address, tuple) or len(address) < 2:
        return "unknown"
    host, port = str(address[0]), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class TcpLink(asyncio.Protocol):
    """A link over one TCP connection."""

    __slots__ = (
        "_accept",
        "_admission",
        "_early",
        "_owner",
        "_paused",
        "_refused",
        "_transport",
        "local",
        "peer",
    )

    def __init__(
        self, accept: Accept, admission: Admission | None = None, refused: Refused | None = None
    ) -> None:
        self._accept = accept
        self._admission = admission
        self._refused = refused
        self._owner: LinkOwner | None = None
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._early: list[bytes] = []
        self.peer = ""
        self.local = ""

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = stream = cast(asyncio.Transport, transport)
        self.peer = address_text(transport.get_extra_info("peername"))
        self.local = address_text(transport.get_extra_info("sockname"))
        if self._admission is not None:
            reason = self._admission.enter(self.host)
            if reason:
                self._admission = None
                stream.abort()
                if self._refused is not None:
                    self._refused(self.peer, reason)
                return
            stream.set_write_buffer_limits(self._admission.limits.backlog_bytes)
        self._owner = self._accept(self)

    def data_received(self, data: bytes) -> None:
        if self._paused:
            self._hold(data)
            return
        if self._owner is not None:
            self._owner.received(data)
        if len(data) >= _LONG_READ and not self._paused:
            self._read(False)
            asyncio.get_running_loop().call_soon(self._next_turn)

    def eof_received(self) -> bool:
        if self._paused:
            self._hold(b"")
        elif self._owner is not None:
            self._owner.ended()
        return True  # keep our half open: an answer may be waiting for the disk

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._admission is not None:
            self._admission.leave(self.host)
        while self._early:
            self._hand_on()
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.lost(str(exc) if exc is not None else "closed")

    def pause_writing(self) -> None:
        if self._owner is not None:
            self._owner.congested(True)

    def resume_writing(self) -> None:
        if self._owner is not None:
            self._owner.congested(False)

    # our side

    @property
    def host(self) -> str:
        return self.peer.rsplit(":", 1)[0]

    def option(self, level: int, name: int, size: int) -> bytes:
        """Return an option of the socket, b"" where it has none of that kind."""
        held = None if self._transport is None else self._transport.get_extra_info("socket")
        try:
            return b"" if held is None else bytes(held.getsockopt(level, name, size))
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def finish(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            # A peer that has just reset the connection cannot be told any more; `lost` follows.
            with contextlib.suppress(OSError):
                self._transport.write_eof()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        self._paused = True
        self._read(False)

    def resume(self) -> None:
        self._paused = False
        while self._early and not self._paused:
            self._hand_on()
        if not self._paused:
            self._read(True)

    def _hold(self, data: bytes) -> None:
        """Keep what comes in spite of a pause: uvloop forgets one made in connection_made."""
        self._early.append(data)
        self._read(False)

    def _hand_on(self) -> None:
        data = self._early.pop(0)
        if self._owner is None:
            return
        if data:
            self._owner.received(data)
        else:
            self._owner.ended()

    def _next_turn(self) -> None:
        if not self._paused:
            self._read(True)

    def _read(self, on: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()


class TcpListener:
    """A listening socket and its counts."""

    def __init__(self, server: asyncio.Server, admission: Admission) -> None:
        self._server = server
        self.admission = admission

    @property
    def address(self) -> str:
        return address_text(self._server.sockets[0].getsockname())

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Accept no more; open links live on."""
        self._server.close()


async def listen(
    host: str,
    port: int,
    accept: Accept,
    *,
    limits: Limits | None = None,
    refused: Refused | None = None,
) -> TcpListener:
    """Listen on one address; port 0 takes a free one. LinkError names who holds the port."""
    admission = Admission(limits or Limits())
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(
            lambda: TcpLink(accept, admission, refused),
            host,
            port,
            backlog=1024,
            start_serving=False,
        )
        try:
            await server.start_serving()
        except BaseException:
            # Who is cancelled here never gets the server, so nobody else can close it.
            server.close()
            raise
    except OSError as exc:
        raise LinkError(why_not("tcp", host, port, exc)) from exc
    return TcpListener(server, admission)


async def connect(host: str, port: int, accept: Accept, *, timeout: float = 10.0) -> TcpLink:
    """Connect within `timeout` seconds. Raises LinkError in words."""
    loop = asyncio.get_running_loop()
    link = TcpLink(accept)
    try:
        async with asyncio.timeout(timeout):
            await loop.create_connection(lambda: link, host, port)
    except TimeoutError as exc:
        raise LinkError(f"tcp://{host}:{port} did not answer within {timeout:g} s") from exc
    except OSError as exc:
        raise LinkError(f"tcp://{host}:{port}: {_words(exc)}") from exc
    return link


def why_not(scheme: str, host: str, port: int, exc: OSError) -> str:
    """Say why an address cannot be listened on; `scheme` is `tcp` or `udp`."""
    where = f"{scheme}://{host}:{port}"
    if exc.errno == errno.EADDRINUSE:
        holder = port_holder(port, scheme)
        return f"{where} is already taken" + (f" by {holder}" if holder else "")
    if exc.errno == errno.EACCES:
        return f"{where} needs a privilege: ports below 1024 are for root or CAP_NET_BIND_SERVICE"
    if exc.errno == errno.EADDRNOTAVAIL:
        return f"{where}: this machine has no such address"
    return f"{where}: {_words(exc)}"


def _words(exc: OSError) -> str:
    if exc.errno == errno.ECONNREFUSED:
        return "nobody listens there (connection refused)"
    return exc.strerror or str(exc)
