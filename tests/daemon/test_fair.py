"""Long reads, taken piece by piece."""

from __future__ import annotations

import asyncio

from mitmeter.daemon.fair import PIECE, FairLink
from mitmeter.transport import Link
from tests.transport.ends import End


class Wire:
    """A link that does nothing but count."""

    peer, local = "192.0.2.7:4000", "192.0.2.1:1025"

    def __init__(self) -> None:
        self.done: list[str] = []
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def finish(self) -> None:
        self.done.append("finish")

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def pause(self) -> None:
        self.done.append("pause")

    def resume(self) -> None:
        self.done.append("resume")


def pair() -> tuple[FairLink, Wire, End]:
    wire, end = Wire(), End()

    def accept(link: Link) -> End:
        return end.accept(link)

    return FairLink(wire, accept), wire, end


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_short_read_passes_at_once() -> None:
    fair, wire, end = pair()
    fair.received(b"x" * PIECE)
    assert end.data == b"x" * PIECE
    assert wire.done == []


async def test_a_long_read_comes_in_pieces_with_nothing_read_meanwhile() -> None:
    fair, wire, end = pair()
    data = bytes(range(256)) * (PIECE // 256 * 5)
    fair.received(data)
    assert (end.chunks, wire.done) == (0, ["pause"])
    await turns(1)
    assert end.chunks == 1
    await turns(10)
    assert end.data == data
    assert end.chunks == 5
    assert wire.done == ["pause", "resume"]


async def test_an_owner_that_pauses_gets_no_more_pieces_until_it_goes_on() -> None:
    fair, wire, end = pair()
    fair.received(b"x" * (PIECE * 3))
    await turns(1)
    assert end.link is not None
    end.link.pause()
    await turns(10)
    assert len(end.data) == PIECE
    end.link.resume()
    await turns(10)
    assert len(end.data) == PIECE * 3
    assert wire.done[-1] == "resume"


async def test_the_peers_end_comes_behind_its_last_piece() -> None:
    fair, _, end = pair()
    fair.received(b"x" * (PIECE * 2))
    fair.ended()
    assert not end.eof.is_set()
    await turns(10)
    assert len(end.data) == PIECE * 2
    assert end.eof.is_set()


async def test_what_a_lost_peer_has_said_is_still_handed_on_also_where_the_owner_had_paused() -> (
    None
):
    fair, _, end = pair()
    fair.received(b"x" * (PIECE * 2))
    assert end.link is not None
    end.link.pause()
    fair.lost("reset")
    assert end.endings == []
    await turns(10)
    assert len(end.data) == PIECE * 2
    assert end.endings == ["reset"]
