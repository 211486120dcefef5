"""What an emulated unit says by UDP to tell that it is alive, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from mitmeter.daemon.services import Services
from mitmeter.model import Severity
from mitmeter.protocol import Beat

# How often it is looked again whether there is something to say by now.
_LOOK_SECONDS = 5.0
_RESTART_SECONDS = 2.0


class BeatSocket(asyncio.DatagramProtocol):
    """Sends what is due, and hears who answers.

    make:    what is said, from the moment the unit is up.
    host:    whose address it is sent from.
    restart: restarts the unit, after so many seconds it is back.
    """

    def __init__(
        self,
        make: Callable[[], Beat],
        services: Services,
        station: str,
        host: str,
        restart: Callable[[float], None],
    ) -> None:
        self._make = make
        self._beat = make()
        self._services = services
        self._station = station
        self._host = host
        self._restart = restart
        self._socket: asyncio.DatagramTransport | None = None
        self._answered = False

    async def run(self) -> None:
        """Say what is due, again and again."""
        with contextlib.closing(self):
            while True:
                now = self._services.clock.now()
                if self._beat.restarts(now):
                    self._tell(
                        "mitmeter.keepalive.watchdog",
                        "nobody acknowledges the keep-alive: the unit restarts",
                    )
                    self._restart(_RESTART_SECONDS)
                    await asyncio.sleep(self._services.clock.real(_RESTART_SECONDS))
                    self._beat, self._answered = self._make(), False
                    continue
                datagram = self._beat.tick(now)
                if datagram is not None and await self._open():
                    assert self._socket is not None  # noqa: S101 - just opened
                    self._socket.sendto(datagram.payload, (datagram.host, datagram.port))
                due = self._beat.due()
                wait = _LOOK_SECONDS if due is None else max(0.0, (due - now).total_seconds())
                await asyncio.sleep(self._services.clock.real(min(wait, _LOOK_SECONDS)))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._beat.heard(addr[0], self._services.clock.now()) and not self._answered:
            self._answered = True
            self._tell("mitmeter.keepalive.acknowledged", f"{addr[0]} acknowledges the keep-alive")

    def error_received(self, exc: Exception) -> None:
        """Do nothing: a server that is not there is what the watchdog is for."""

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    async def _open(self) -> bool:
        """Bind the module's own port; any other where that is taken."""
        if self._socket is not None:
            return True
        loop = asyncio.get_running_loop()
        for port in (self._beat.local_port, 0):
            with contextlib.suppress(OSError):
                self._socket, _ = await loop.create_datagram_endpoint(
                    lambda: self, (self._host, port)
                )
                return True
        return False

    def _tell(self, eventid: str, text: str) -> None:
        self._services.happened(eventid, text, severity=Severity.NOTICE, station=self._station)
