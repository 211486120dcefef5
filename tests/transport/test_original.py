"""Where a connection was going, out of what the kernel answers; a real one is in tests/system."""

from __future__ import annotations

import socket

import pytest

from mitmeter.transport import connect, listen
from mitmeter.transport.original import is_ours, original_destination
from tests.transport.ends import End

# struct sockaddr_in and sockaddr_in6 as Linux lays them out: family, port, address.
TO_4 = bytes.fromhex("0200 01bb c0000207 0000000000000000")
TO_6 = bytes.fromhex("0a00 01bb 00000000 20010db8000000000000000000000007 00000000")
MAPPED = bytes.fromhex("0a00 01bb 00000000 00000000000000000000ffffc0000207 00000000")


class Answered:
    """A link whose socket gives these answers, by level."""

    def __init__(self, answers: dict[int, bytes], local: str = "192.0.2.1:4000") -> None:
        self._answers = answers
        self.local = local

    def option(self, level: int, name: int, size: int) -> bytes:
        found = self._answers.get(level, b"")
        return found if name == 80 and size == len(found) else b""


@pytest.mark.parametrize(
    ("level", "answer", "where"),
    [
        (socket.SOL_IP, TO_4, ("192.0.2.7", 443)),
        (socket.IPPROTO_IPV6, TO_6, ("2001:db8::7", 443)),
        (socket.IPPROTO_IPV6, MAPPED, ("192.0.2.7", 443)),
    ],
)
def test_the_kernels_answer_is_an_address_and_a_port(
    level: int, answer: bytes, where: tuple[str, int]
) -> None:
    assert original_destination(Answered({level: answer})) == where


@pytest.mark.parametrize("local", ["192.0.2.7:443", "[::ffff:192.0.2.7]:443"])
def test_who_was_going_to_us_was_turned_by_nobody(local: str) -> None:
    assert original_destination(Answered({socket.SOL_IP: TO_4}, local)) is None


def test_a_kernel_that_does_not_know_is_no_destination() -> None:
    assert original_destination(Answered({})) is None


async def test_a_connection_that_nobody_has_turned_has_no_other_destination() -> None:
    server, client = End(), End()
    listener = await listen("127.0.0.1", 0, server.accept)
    try:
        link = await connect("127.0.0.1", listener.port, client.accept)
        await server.accepted.wait()
        assert original_destination(server.wire) is None  # type: ignore[arg-type] # a TcpLink
        link.close()
        await client.gone.wait()
        await server.eof.wait()
        server.wire.close()
        await server.gone.wait()
    finally:
        listener.stop()


def test_an_address_is_ours_or_it_is_not() -> None:
    assert is_ours("127.0.0.1")
    assert not is_ours("192.0.2.7")
    assert not is_ours("no address")
