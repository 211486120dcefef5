"""A recorded conversation, said again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.replay import replay
from mitmeter.errors import LinkError
from mitmeter.model import Chunk, Conversation, Side

NOON = 1_763_633_703_000_000_000
TALK = Conversation("01KB0000000AAAAA", "alphaess", "trap", "battery", "10.0.0.7:50123", NOON)
SECOND = 1_000_000_000


def chunks(*parts: bytes, apart: int = SECOND) -> list[Chunk]:
    return [
        Chunk(TALK, seq, Side.DEVICE, NOON + seq * apart, data, False)
        for seq, data in enumerate(parts)
    ]


class Peer:
    """Listens, keeps what comes with when it came, and says `answer` to each piece."""

    def __init__(self, answer: bytes = b"") -> None:
        self.pieces: list[tuple[float, bytes]] = []
        self.ended = asyncio.Event()
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            self.pieces.append((asyncio.get_running_loop().time(), piece))
            writer.write(self._answer)
        writer.close()
        self.ended.set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Endpoint]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        try:
            yield Endpoint("tcp", "127.0.0.1", server.sockets[0].getsockname()[1])
        finally:
            server.close()
            await server.wait_closed()

    @property
    def heard(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)


async def test_all_bytes_arrive_in_order_and_answers_are_counted() -> None:
    peer = Peer(b"ok")
    counted: list[int] = []
    async with peer.at_work() as to:
        done = await replay(chunks(b"one", b"two", b"three"), to, speed=0, progress=counted.append)
        await peer.ended.wait()
    assert peer.heard == b"onetwothree"
    assert (done.chunks, done.sent, done.cut_off) == (3, 11, False)
    assert done.received == 2 * len(peer.pieces)
    assert counted == [1, 1, 1]


async def test_the_pauses_are_those_of_the_recording_scaled() -> None:
    peer = Peer()
    async with peer.at_work() as to:
        # Two seconds apart, ten times faster: 0.2 s.
        said = chunks(b"one", b"two", b"three", apart=2 * SECOND)
        await replay(said, to, speed=10, progress=lambda count: None)
        await peer.ended.wait()
    assert [piece for _, piece in peer.pieces] == [b"one", b"two", b"three"]
    pauses = [
        after - before
        for (before, _), (after, _) in zip(peer.pieces, peer.pieces[1:], strict=False)
    ]
    assert all(pause > 0.15 for pause in pauses)


async def test_a_peer_that_hangs_up_ends_it() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        to = Endpoint("tcp", "127.0.0.1", server.sockets[0].getsockname()[1])
        said = chunks(b"one", b"two", apart=600 * SECOND)
        done = await replay(said, to, speed=1, progress=lambda count: None)
    assert done.cut_off
    assert done.chunks == 1


async def test_where_nobody_listens_that_is_told() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    to = Endpoint("tcp", "127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    with pytest.raises(LinkError, match="nobody listens there"):
        await replay(chunks(b"one"), to, speed=0, progress=lambda count: None)
