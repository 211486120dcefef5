"""Questions put to somebody else's name server: from a fresh port, under a fresh number."""

from __future__ import annotations

import asyncio
import secrets

from mitmeter.config.endpoint import Endpoint
from mitmeter.errors import LinkError
from mitmeter.lan.dns import DnsStream, framed, is_reply_to
from mitmeter.transport import Link, connect

_TRIES = 2
_LARGEST = 65_535


class Upstream:
    """One name server. Its answers are believed only when number, question and sender agree.

    patience: seconds one try may take.
    most:     questions under way at once; beyond these nothing is asked.
    """

    def __init__(self, server: Endpoint, patience: float = 2.0, most: int = 256) -> None:
        self._server = server
        self._patience = patience
        self._most = most
        self._under_way = 0

    async def ask(self, query: bytes, transport: str) -> bytes | None:
        """Return the answer under the number it was asked, None when there is none.

        transport: "udp" (twice, if need be) or "tcp", as the client chose.
        """
        if self._under_way >= self._most:
            return None
        self._under_way += 1
        ours = secrets.token_bytes(2) + query[2:]
        try:
            if transport == "tcp":
                reply = await self._by_tcp(ours)
            else:
                reply = await self._by_udp(ours)
        finally:
            self._under_way -= 1
        return query[:2] + reply[2:] if reply is not None else None

    async def _by_udp(self, query: bytes) -> bytes | None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()
        server = (self._server.host, self._server.port)
        try:
            # Connected to the server: the system lets nobody else's datagrams in.
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(query, answer), remote_addr=server
            )
        except OSError:
            return None
        try:
            for _ in range(_TRIES):
                transport.sendto(query)
                done, _ = await asyncio.wait([answer], timeout=self._patience)
                if done:
                    return answer.result()
        finally:
            transport.close()
        return None

    async def _by_tcp(self, query: bytes) -> bytes | None:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        owner = _Stream(query, answer)
        link: Link | None = None
        try:
            async with asyncio.timeout(self._patience * _TRIES):
                link = await connect(
                    self._server.host, self._server.port, lambda _: owner, timeout=self._patience
                )
                link.write(framed(query))
                return await answer
        except (LinkError, TimeoutError):
            return None
        finally:
            if link is not None:
                link.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, query: bytes, answer: asyncio.Future[bytes]) -> None:
        self._query = query
        self._answer = answer

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self._answer.done() and is_reply_to(self._query, data):
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there: the next try, or the time-out, says the same."""


class _Stream:
    def __init__(self, query: bytes, answer: asyncio.Future[bytes]) -> None:
        self._query = query
        self._answer = answer
        self._stream = DnsStream(_LARGEST)

    def received(self, data: bytes) -> None:
        for message in self._stream.feed(data):
            if not self._answer.done() and is_reply_to(self._query, message):
                self._answer.set_result(message)
        if self._stream.problem:
            self.lost(self._stream.problem)

    def ended(self) -> None:
        self.lost("ended")

    def lost(self, reason: str) -> None:
        if not self._answer.done():
            self._answer.set_exception(LinkError(reason))

    def congested(self, full: bool) -> None:
        """One question is never too much to write."""
