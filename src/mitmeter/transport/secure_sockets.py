"""Listeners and outgoing connections whose links speak TLS, of whatever age."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mitmeter.errors import LinkError
from mitmeter.transport.engine import Engine
from mitmeter.transport.limits import Admission, Limits
from mitmeter.transport.link import LinkOwner
from mitmeter.transport.secure import Accept, Door, FailedHandshake, Patience, SecureLink
from mitmeter.transport.tcp import TcpLink, TcpListener, connect, listen


class SecureListener:
    """A listening socket whose links speak TLS, and its counts."""

    def __init__(self, listener: TcpListener, door: Door) -> None:
        self._listener = listener
        self._door = door

    @property
    def address(self) -> str:
        return self._listener.address

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def admission(self) -> Admission:
        return self._listener.admission

    @property
    def shaking(self) -> int:
        """Handshakes going on."""
        return len(self._door.shaking)

    @property
    def completed(self) -> int:
        """Handshakes completed."""
        return self._door.completed

    @property
    def failures(self) -> int:
        """Handshakes failed."""
        return self._door.failures

    def stop(self) -> None:
        """Accept no more and end unfinished handshakes; open links live on."""
        self._listener.stop()
        self._door.close()


async def listen_secure(
    host: str, port: int, engine: Callable[[], Engine], door: Door, *, limits: Limits | None
) -> SecureListener:
    """Listen on one address, with a new engine for each link. Raises LinkError."""

    def opened(link: TcpLink) -> SecureLink:
        secure = SecureLink(link, engine(), door)
        secure.start()
        return secure

    listener = await listen(host, port, opened, limits=limits, refused=door.refused)
    return SecureListener(listener, door)


async def dial(
    where: str, host: str, port: int, accept: Accept, engine: Engine, timeout: float
) -> SecureLink:
    """Connect and complete the handshake, each within `timeout` seconds. Raises LinkError that
    begins with `where`.
    """
    complete: asyncio.Future[SecureLink] = asyncio.get_running_loop().create_future()

    def accepted(link: SecureLink) -> LinkOwner:
        owner = accept(link)
        if not complete.done():
            complete.set_result(link)
        return owner

    def failed(_: str, facts: FailedHandshake) -> None:
        if not complete.done():
            complete.set_exception(LinkError(f"{where}: {facts.reason}"))

    def opened(link: TcpLink) -> SecureLink:
        secure = SecureLink(link, engine, door)
        secure.start()
        return secure

    door = Door(accepted, failed, patience=Patience(timeout))
    try:
        await connect(host, port, opened, timeout=timeout)
        return await complete
    except BaseException:
        door.close()
        complete.cancel()
        raise
