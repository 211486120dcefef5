"""A connection that is written to and says little back, for protocols without confirmation."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from mitmeter.errors import SinkError

_MOST_HEARD = 65_536
# What has arrived is there at once; this only lets the loop look.
_LISTEN_SECONDS = 0.001


class StreamLink:
    """One TCP or TLS connection, made when it is needed.

    Such a protocol confirms nothing: what was handed to the system counts as sent. A peer that has
    gone is noticed before the next batch; what was under way to it then is lost.
    """

    def __init__(
        self, host: str, port: int, trust: ssl.SSLContext | None = None, timeout: float = 10.0
    ) -> None:
        self.reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._host = host
        self._port = port
        self._trust = trust
        self._timeout = timeout

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as `heard` has found out."""
        return self._writer is not None and not self._writer.is_closing()

    async def heard(self) -> bytes:
        """Return what the peer has said meanwhile; closes a connection that the peer has ended."""
        said = b""
        while self.reader is not None and len(said) < _MOST_HEARD:
            try:
                async with asyncio.timeout(_LISTEN_SECONDS):
                    more = await self.reader.read(_MOST_HEARD)
            except TimeoutError:
                break
            except OSError:
                more = b""
            if not more:
                await self.close()
            said += more
        return said

    async def connect(self) -> asyncio.StreamReader:
        """Make the connection anew. Raises SinkError."""
        await self.close()
        try:
            async with asyncio.timeout(self._timeout):
                self.reader, self._writer = await asyncio.open_connection(
                    self._host, self._port, ssl=self._trust
                )
        except TimeoutError:
            raise SinkError(f"{self}: no connection within {self._timeout:g} s") from None
        except OSError as exc:
            raise SinkError(f"{self}: {exc.strerror or exc}") from exc
        return self.reader

    async def send(self, data: bytes) -> None:
        """Hand data to the system; waits while the peer is slow. Raises SinkError."""
        if self._writer is None:
            raise SinkError(f"{self}: is not connected")
        try:
            self._writer.write(data)
            async with asyncio.timeout(self._timeout):
                await self._writer.drain()
        except TimeoutError:
            await self.close()
            raise SinkError(f"{self}: takes nothing for {self._timeout:g} s") from None
        except OSError as exc:
            await self.close()
            raise SinkError(f"{self}: {exc.strerror or exc}") from exc

    async def close(self) -> None:
        """Close the connection, without waiting for a peer that does not answer."""
        writer, self._writer, self.reader = self._writer, None, None
        if writer is None:
            return
        writer.close()
        try:
            async with asyncio.timeout(1.0):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            with contextlib.suppress(OSError):
                writer.transport.abort()

    def __str__(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"
