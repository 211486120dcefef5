"""A small hpfeeds broker, written from the protocol's public description."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import struct
from collections.abc import AsyncIterator

IDENT, SECRET = b"mitmeter", b"example-secret"
NONCE = bytes([7, 200, 0, 13])


class HpfeedsBroker:
    """Keeps what is published by who has logged in; complains and closes otherwise."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes]] = []
        self.logins = 0
        self.port = 0
        self.greets = True
        self._ends: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            self._ends.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        for each in list(self._ends):
            each.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.greets:
            await reader.read()
            return
        self._say(writer, 1, b"\x04test" + NONCE)
        opcode, body = await self._next(reader)
        ident, proof = body[1 : 1 + body[0]], body[1 + body[0] :]
        if opcode != 2 or ident != IDENT or proof != hashlib.sha1(NONCE + SECRET).digest():
            self._say(writer, 0, b"accessfail.")
            return
        self.logins += 1
        while True:
            opcode, body = await self._next(reader)
            assert opcode == 3
            who, rest = body[1 : 1 + body[0]], body[1 + body[0] :]
            channel, payload = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
            assert who == IDENT
            self.published.append((channel.decode(), payload))

    @staticmethod
    def _say(writer: asyncio.StreamWriter, opcode: int, body: bytes) -> None:
        writer.write(struct.pack("!IB", 5 + len(body), opcode) + body)

    @staticmethod
    async def _next(reader: asyncio.StreamReader) -> tuple[int, bytes]:
        length, opcode = struct.unpack("!IB", await reader.readexactly(5))
        return opcode, await reader.readexactly(length - 5)


@contextlib.asynccontextmanager
async def hpfeeds_broker() -> AsyncIterator[HpfeedsBroker]:
    made = HpfeedsBroker()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.hang_up()
        await server.wait_closed()
        await asyncio.sleep(0)
