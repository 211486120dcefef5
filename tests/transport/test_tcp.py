import asyncio
import socket

import pytest

from mitmeter.errors import LinkError
from mitmeter.transport import Limits, Link, TcpListener, connect, listen
from mitmeter.transport.holder import port_holder


class Recorder:
    """Keeps what a link says, and lets a test wait for it."""

    def __init__(self) -> None:
        self.data = b""
        self.eof = asyncio.Event()
        self.gone = asyncio.Event()
        self.got = asyncio.Event()
        self.accepted = asyncio.Event()
        self.reason = ""
        self.congestion: list[bool] = []
        self.link: Link | None = None

    def accept(self, link: Link) -> "Recorder":
        self.link = link
        self.accepted.set()
        return self

    def received(self, data: bytes) -> None:
        self.data += data
        self.got.set()

    def ended(self) -> None:
        self.eof.set()

    def lost(self, reason: str) -> None:
        self.reason = reason
        self.gone.set()

    def congested(self, full: bool) -> None:
        self.congestion.append(full)


async def pair(limits: Limits | None = None) -> tuple[TcpListener, Recorder, Recorder]:
    server, client = Recorder(), Recorder()
    listener = await listen("127.0.0.1", 0, server.accept, limits=limits)
    await connect("127.0.0.1", listener.port, client.accept)
    return listener, server, client


async def test_bytes_cross_both_ways_and_a_close_is_told_to_the_other_end() -> None:
    listener, server, client = await pair()
    assert client.link is not None
    client.link.write(b"ping")
    await server.got.wait()
    assert server.data == b"ping"
    assert server.link is not None
    server.link.write(b"pong")
    await client.got.wait()
    assert client.data == b"pong"
    client.link.close()
    await server.eof.wait()
    server.link.close()
    await asyncio.gather(server.gone.wait(), client.gone.wait())
    listener.stop()


async def test_after_the_peer_has_finished_an_answer_still_reaches_it() -> None:
    listener, server, client = await pair()
    assert client.link is not None
    client.link.finish()
    await server.eof.wait()
    assert server.link is not None
    server.link.write(b"late answer")
    await client.got.wait()
    assert client.data == b"late answer"
    server.link.close()
    await client.eof.wait()
    client.link.close()
    await asyncio.gather(server.gone.wait(), client.gone.wait())
    listener.stop()


async def test_a_paused_link_delivers_nothing_until_it_is_resumed() -> None:
    listener, server, client = await pair()
    await server.accepted.wait()
    assert server.link is not None
    assert client.link is not None
    server.link.pause()
    client.link.write(b"held back")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(server.got.wait(), 0.05)
    server.link.resume()
    await server.got.wait()
    assert server.data == b"held back"
    server.link.abort()
    client.link.abort()
    await asyncio.gather(server.gone.wait(), client.gone.wait())
    listener.stop()


class Hesitant(Recorder):
    """Takes nothing from the first moment on, as a proxy that has not reached its other side."""

    def accept(self, link: Link) -> "Recorder":
        link.pause()
        return super().accept(link)


async def _bytes_and_end_before_the_first_resume() -> None:
    server, client = Hesitant(), Recorder()
    listener = await listen("127.0.0.1", 0, server.accept)
    await connect("127.0.0.1", listener.port, client.accept)
    assert client.link is not None
    client.link.write(b"early")
    client.link.finish()
    await server.accepted.wait()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(server.got.wait(), 0.05)
    assert not server.eof.is_set()
    assert server.link is not None
    server.link.resume()
    await server.eof.wait()
    assert server.data == b"early"
    server.link.close()
    await client.eof.wait()
    client.link.close()
    await asyncio.gather(server.gone.wait(), client.gone.wait())
    listener.stop()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_what_comes_before_the_first_resume_waits_for_it(loop: str) -> None:
    pytest.importorskip(loop).run(asyncio.wait_for(_bytes_and_end_before_the_first_resume(), 10))


async def _a_flood_beside_a_quiet_one() -> int:
    server, flood = Recorder(), Recorder()
    listener = await listen("127.0.0.1", 0, server.accept)
    await connect("127.0.0.1", listener.port, flood.accept)
    assert flood.link is not None
    flood.link.write(bytes(4 << 20))
    await server.got.wait()
    # Everything the listener has read by the time anybody else has a turn.
    seen = len(server.data)
    for each in (server, flood):
        assert each.link is not None
        each.link.abort()
    await asyncio.gather(server.gone.wait(), flood.gone.wait())
    listener.stop()
    return seen


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_after_a_long_read_the_others_have_a_turn(loop: str) -> None:
    seen = pytest.importorskip(loop).run(asyncio.wait_for(_a_flood_beside_a_quiet_one(), 10))
    assert seen <= 1 << 19


async def test_one_address_may_not_have_more_connections_than_its_limit() -> None:
    refusals: list[tuple[str, str]] = []
    server = Recorder()
    listener = await listen(
        "127.0.0.1",
        0,
        server.accept,
        limits=Limits(connections=10, per_address=1),
        refused=lambda peer, reason: refusals.append((peer, reason)),
    )
    first, second = Recorder(), Recorder()
    await connect("127.0.0.1", listener.port, first.accept)
    await connect("127.0.0.1", listener.port, second.accept)
    await second.eof.wait()
    assert second.link is not None
    second.link.close()
    await second.gone.wait()
    assert refusals[0][1] == "1 connections from 127.0.0.1 are open, the limit"
    assert listener.admission.open == 1
    assert not first.gone.is_set()
    for each in (first, server):
        assert each.link is not None
        each.link.abort()
    await asyncio.gather(first.gone.wait(), server.gone.wait())
    assert listener.admission.open == 0
    listener.stop()


async def test_a_port_in_use_names_the_process_that_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LinkError, match=r"already taken by .*\(pid \d+\)"):
            await listen("127.0.0.1", port, Recorder().accept)


async def test_nobody_listening_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(LinkError, match="nobody listens there"):
        await connect("127.0.0.1", port, Recorder().accept)


async def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(LinkError, match="this machine has no such address"):
        await listen("192.0.2.1", 7777, Recorder().accept)


def test_a_free_port_has_no_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert port_holder(port) == ""
