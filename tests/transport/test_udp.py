import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mitmeter.errors import LinkError
from mitmeter.transport.holder import port_holder
from mitmeter.transport.udp import Handler, Limit, SourceRate, UdpListener, listen_udp

IPV6 = pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")


@asynccontextmanager
async def listening(
    handler: Handler, host: str = "127.0.0.1", limit: Limit | None = None
) -> AsyncIterator[UdpListener]:
    listener = await listen_udp(host, 0, handler, limit=limit)
    try:
        yield listener
    finally:
        listener.stop()


async def ask(
    address: tuple[str, int], *questions: bytes, source: str = "", wait: float = 5.0
) -> list[tuple[bytes, str]]:
    """Send questions and return as many answers, each with the host it came from."""

    def asking() -> list[tuple[bytes, str]]:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asker:
            asker.settimeout(wait)
            if source:
                asker.bind((source, 0))
            for question in questions:
                asker.sendto(question, address)
            heard = (asker.recvfrom(2_048) for _ in questions)
            return [(data, sender[0]) for data, sender in heard]

    return await asyncio.to_thread(asking)


def shout(data: bytes, _: str) -> bytes:
    return data.upper()


async def test_a_question_is_answered_from_the_address_that_was_asked() -> None:
    askers: list[str] = []

    def answer(data: bytes, peer: str) -> bytes:
        askers.append(peer)
        return data.upper()

    async with listening(answer, "127.0.0.2") as listener:
        heard = await ask(("127.0.0.2", listener.port), b"what time is it", source="127.0.0.3")
        assert heard == [(b"WHAT TIME IS IT", "127.0.0.2")]
        assert listener.address == f"127.0.0.2:{listener.port}"
        assert (listener.received, listener.answered) == (1, 1)
    assert askers[0].startswith("127.0.0.3:")


@pytest.mark.parametrize("asked", ["127.0.0.1", "127.0.0.5"])
async def test_bound_to_every_address_it_still_answers_from_the_one_asked(asked: str) -> None:
    async with listening(shout, "0.0.0.0") as listener:
        assert await ask((asked, listener.port), b"x") == [(b"X", asked)]


@IPV6
@pytest.mark.parametrize("bound", ["::1", "::"])
async def test_ipv6_is_answered_too(bound: str) -> None:
    async with listening(shout, bound) as listener:
        assert await ask(("::1", listener.port), b"x") == [(b"X", "::1")]
        assert listener.address == f"[{bound}]:{listener.port}"


async def test_many_questions_at_once_are_all_answered() -> None:
    async with listening(shout) as listener:
        questions = [b"q%d" % number for number in range(200)]
        heard = await ask(("127.0.0.1", listener.port), *questions)
        assert [data for data, _ in heard] == [question.upper() for question in questions]


async def test_silence_is_an_answer_too() -> None:
    def choosy(data: bytes, _: str) -> bytes | None:
        return data if data == b"please" else None

    async with listening(choosy) as listener:
        with pytest.raises(TimeoutError):
            await ask(("127.0.0.1", listener.port), b"now", wait=0.05)
        assert await ask(("127.0.0.1", listener.port), b"please") == [(b"please", "127.0.0.1")]
        assert (listener.received, listener.answered) == (2, 1)


async def test_an_empty_datagram_and_the_largest_are_both_heard() -> None:
    sizes: list[int] = []

    def measure(data: bytes, _: str) -> bytes:
        sizes.append(len(data))
        return b"ok"

    async with listening(measure) as listener:
        await ask(("127.0.0.1", listener.port), b"", bytes(65_507))
    assert sizes == [0, 65_507]


async def test_an_answer_too_large_for_a_datagram_is_counted_and_the_next_is_sent() -> None:
    answers = [bytes(70_000), b"fits"]
    async with listening(lambda data, peer: answers.pop(0)) as listener:
        address = ("127.0.0.1", listener.port)
        with pytest.raises(TimeoutError):
            await ask(address, b"x", wait=0.05)
        assert await ask(address, b"x") == [(b"fits", "127.0.0.1")]
        assert (listener.unsent, listener.answered) == (1, 1)


async def test_one_host_that_asks_too_much_is_refused_and_another_is_not() -> None:
    refusals: list[tuple[str, str]] = []
    listener = await listen_udp(
        "127.0.0.1",
        0,
        shout,
        limit=SourceRate(0.001, 2),
        refused=lambda peer, reason: refusals.append((peer, reason)),
    )
    address = ("127.0.0.1", listener.port)
    with pytest.raises(TimeoutError):
        await ask(address, b"a", b"b", b"c", source="127.0.0.2", wait=0.05)
    assert await ask(address, b"d", source="127.0.0.3") == [(b"D", "127.0.0.1")]
    listener.stop()
    assert (listener.received, listener.answered, listener.refused) == (4, 3, 1)
    assert refusals[0][0].startswith("127.0.0.2:")
    assert refusals[0][1] == "more than 0.001 datagrams per second from 127.0.0.2"


def test_a_rate_allows_its_burst_and_then_its_pace() -> None:
    rate = SourceRate(2, 3)
    assert [rate("a", 100.0) for _ in range(3)] == ["", "", ""]
    assert rate("a", 100.4) != ""
    assert rate("a", 100.5) == ""
    assert rate("a", 100.6) != ""
    # However long it was silent, it gets no more than a burst.
    assert [rate("a", 900.0) == "" for _ in range(4)] == [True, True, True, False]


def test_a_rate_remembers_only_so_many_hosts_and_forgets_the_oldest() -> None:
    rate = SourceRate(0, 1, sources=2)
    assert [rate(host, 0.0) for host in "ab"] == ["", ""]
    assert rate("a", 0.0) != ""
    assert rate("c", 0.0) == ""
    assert rate("a", 0.0) != ""
    assert rate("b", 0.0) == ""


async def test_a_port_in_use_names_the_process_that_holds_it() -> None:
    async with listening(shout) as listener:
        with pytest.raises(LinkError, match=r"^udp://.* is already taken by .*\(pid \d+\)"):
            await listen_udp("127.0.0.1", listener.port, shout)
        assert port_holder(listener.port, "tcp") == ""


async def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(LinkError, match="this machine has no such address"):
        await listen_udp("192.0.2.1", 0, shout)


async def test_a_name_that_does_not_exist_is_said_in_words() -> None:
    with pytest.raises(LinkError, match=r"^udp://nowhere\.invalid:53: "):
        await listen_udp("nowhere.invalid", 53, shout)


async def test_a_stopped_listener_gives_its_port_back_at_once() -> None:
    listener = await listen_udp("127.0.0.1", 0, shout)
    listener.stop()
    listener.stop()
    again = await listen_udp("127.0.0.1", listener.port, shout)
    again.stop()
