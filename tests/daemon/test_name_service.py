"""Names over real sockets, asked for by the real dig."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import which

import pytest

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon import name_service
from mitmeter.daemon.plan_network import NetworkPlan
from mitmeter.errors import ConfigError, LinkError
from mitmeter.lan.names import Unknown
from tests.daemon.device_network import (
    DISPLAY,
    DNS,
    ELSEWHERE,
    Bench,
    ask_by_udp,
    names,
    network,
    run,
    upstream,
)
from tests.lan.lan_questions import (
    NOERROR,
    REFUSED,
    SERVFAIL,
    A,
    counts,
    header,
    question,
    rcode,
)

dig_needed = pytest.mark.skipif(
    which("dig") is None, reason="dig is not installed (Debian: bind9-dnsutils)"
)
OTHER = question("example.com")


async def dig(bench: Bench, *words: str) -> str:
    code, said = await run(
        "dig", "@127.0.0.1", "-p", str(bench.port()), "+time=5", "+tries=1", *words
    )
    assert code == 0, said
    return said


async def ask_by_tcp(port: int, sent: bytes, *, end: bool = False) -> bytes:
    """Return everything that comes back until the other side ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        writer.write(sent)
        if end:
            writer.write_eof()
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def sized(message: bytes) -> bytes:
    return len(message).to_bytes(2) + message


@pytest.mark.system
@dig_needed
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
async def test_dig_gets_our_address_for_a_name_of_ours(tmp_path: Path, transport: str) -> None:
    async with names(tmp_path) as bench:
        said = await dig(bench, transport, DISPLAY, "A")
    assert "status: NOERROR" in said
    assert "flags: qr aa rd;" in said
    (answer,) = [line for line in said.splitlines() if line.startswith(DISPLAY)]
    assert answer.split() == [f"{DISPLAY}.", "60", "IN", "A", "192.168.101.2"]
    assert "WARNING" not in said.replace("WARNING: recursion requested but not available", "")


@pytest.mark.system
@dig_needed
async def test_dig_gets_nothing_but_the_soa_for_ipv6(tmp_path: Path) -> None:
    async with names(tmp_path) as bench:
        said = await dig(bench, DISPLAY, "AAAA")
    assert "status: NOERROR" in said
    assert "ANSWER: 0, AUTHORITY: 1" in said


@pytest.mark.system
@dig_needed
async def test_dig_is_refused_a_name_that_is_not_ours(tmp_path: Path) -> None:
    async with names(tmp_path) as bench:
        assert "status: REFUSED" in await dig(bench, "example.com")


@pytest.mark.system
@dig_needed
@pytest.mark.parametrize(("word", "transport"), [("+notcp", "udp"), ("+tcp", "tcp")])
async def test_dig_gets_a_forwarded_answer(tmp_path: Path, word: str, transport: str) -> None:
    other = {"example": ("example.com",)}
    async with names(tmp_path / "other", hosts=other) as server:
        to = Endpoint("udp", "127.0.0.1", server.port())
        ours = names(tmp_path / "ours", unknown=Unknown.FORWARD, upstream=to)
        async with ours as bench:
            said = await dig(bench, word, "example.com")
        (asked,) = server.events("mitmeter.dns.asked")
    assert "192.168.101.2" in said
    assert asked.fields["transport"] == transport


# what the journal holds


async def test_every_question_becomes_an_event_once(tmp_path: Path) -> None:
    async with names(tmp_path) as bench:
        for number in range(50):
            await ask_by_udp(bench.port(), question(DISPLAY, identity=number))
        await ask_by_udp(bench.port(), OTHER)
        (ours, other) = bench.events("mitmeter.dns.asked")
    assert ours.fields == {
        "client": "127.0.0.1",
        "name": DISPLAY,
        "type": "A",
        "verdict": "answered 192.168.101.2",
        "transport": "udp",
        "count": 1,
    }
    assert other.fields["verdict"] == "refused: not ours"
    # The other 49 are told at the end, as one.
    assert [event.fields["count"] for event in bench.events("mitmeter.dns.asked")] == [1, 1, 49]


async def test_a_flood_of_different_names_fills_nothing(tmp_path: Path) -> None:
    async with names(tmp_path) as bench:
        for number in range(500):
            await ask_by_udp(bench.port(), question(f"x{number}.example.com"))
    told = bench.events("mitmeter.dns.asked")
    assert len(told) < 70
    assert sum(int(str(event.fields["count"])) for event in told) == 500


# strangers


async def test_a_stranger_gets_silence_by_udp_and_is_noted(tmp_path: Path) -> None:
    async with names(tmp_path, networks=ELSEWHERE, unknown=Unknown.REFUSE) as bench:
        with pytest.raises(TimeoutError):
            await ask_by_udp(bench.port(), question(), seconds=0.2)
        (event,) = bench.events("mitmeter.dns.asked")
    assert event.fields["verdict"] == "ignored: outside the networks"


async def test_a_stranger_is_cut_off_by_tcp_and_is_noted(tmp_path: Path) -> None:
    async with names(tmp_path, networks=ELSEWHERE) as bench:
        assert await ask_by_tcp(bench.port(), sized(question())) == b""
        (event,) = bench.events("mitmeter.dns.asked")
    assert event.fields["transport"] == "tcp"
    assert event.fields["verdict"] == "ignored: outside the networks"


async def test_a_strangers_question_is_not_forwarded(tmp_path: Path) -> None:
    asked: list[bytes] = []
    async with (
        upstream(lambda query: asked.append(query)) as to,
        names(tmp_path, networks=ELSEWHERE, unknown=Unknown.FORWARD, upstream=to) as bench,
    ):
        with pytest.raises(TimeoutError):
            await ask_by_udp(bench.port(), OTHER, seconds=0.2)
    assert asked == []


# forwarding


@contextlib.asynccontextmanager
async def forwarding(data: Path, to: Endpoint) -> AsyncIterator[Bench]:
    async with names(data, unknown=Unknown.FORWARD, upstream=to, patience=0.1) as bench:
        yield bench


async def test_an_upstreams_answer_comes_back_under_the_clients_number(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def answer(query: bytes) -> bytes:
        seen.append(query)
        return query[:2] + b"\x81\x80" + query[4:]

    async with upstream(answer) as to, forwarding(tmp_path, to) as bench:
        replies = [
            await ask_by_udp(bench.port(), question("example.com", identity=number))
            for number in (7, 7, 7, 7)
        ]
    assert replies == [b"\0\x07\x81\x80" + OTHER[4:]] * 4
    assert len({each[:2] for each in seen}) > 1  # but asked under numbers nobody can guess
    assert {each[2:] for each in seen} == {OTHER[2:]}


async def test_only_the_answer_to_the_question_is_taken_for_it(tmp_path: Path) -> None:
    other = question("example.org")
    async with (
        upstream(lambda query: query[:2] + b"\x81\x80" + other[4:]) as to,
        forwarding(tmp_path, to) as bench,
    ):
        assert rcode(await ask_by_udp(bench.port(), OTHER)) == SERVFAIL


async def test_a_silent_upstream_is_asked_twice_and_then_the_client_is_told(
    tmp_path: Path,
) -> None:
    asked: list[bytes] = []
    async with (
        upstream(lambda query: asked.append(query)) as to,
        forwarding(tmp_path, to) as bench,
    ):
        assert rcode(await ask_by_udp(bench.port(), OTHER)) == SERVFAIL
    assert len(asked) == 2


async def test_an_upstream_that_does_not_listen_is_a_failure(tmp_path: Path) -> None:
    async with upstream(lambda _: None) as gone:
        pass
    async with forwarding(tmp_path, gone) as bench:
        assert rcode(await ask_by_udp(bench.port(), OTHER)) == SERVFAIL
        told = await ask_by_tcp(bench.port(), sized(OTHER), end=True)
    assert rcode(told[2:]) == SERVFAIL


async def test_a_large_answer_by_udp_says_to_ask_again_by_tcp(tmp_path: Path) -> None:
    async with (
        upstream(lambda query: query[:2] + b"\x81\x80" + query[4:] + bytes(600)) as to,
        forwarding(tmp_path, to) as bench,
    ):
        assert await ask_by_udp(bench.port(), OTHER) == header(flags=0x8380) + OTHER[12:]


async def test_names_of_ours_do_not_reach_the_upstream(tmp_path: Path) -> None:
    asked: list[bytes] = []
    async with (
        upstream(lambda query: asked.append(query)) as to,
        forwarding(tmp_path, to) as bench,
    ):
        assert rcode(await ask_by_udp(bench.port(), question())) == NOERROR
    assert asked == []


def test_forwarding_needs_somebody_to_forward_to(tmp_path: Path) -> None:
    async def begin() -> None:
        async with names(tmp_path, unknown=Unknown.FORWARD):
            pass

    with pytest.raises(ConfigError, match=r"network\.dns\.upstream"):
        asyncio.run(begin())


# TCP


async def test_several_questions_in_one_stream_are_all_answered(tmp_path: Path) -> None:
    async with names(tmp_path) as bench:
        said = sized(question()) + sized(OTHER)
        told = await ask_by_tcp(bench.port(), said, end=True)
    first, rest = told[2 : 2 + int.from_bytes(told[:2])], told[2 + int.from_bytes(told[:2]) :]
    assert (counts(first)[1], rcode(rest[2:])) == (1, REFUSED)


async def test_who_ends_his_half_still_gets_the_forwarded_answer(tmp_path: Path) -> None:
    async with names(tmp_path / "other", hosts={"example": ("example.com",)}) as server:
        to = Endpoint("udp", "127.0.0.1", server.port())
        async with forwarding(tmp_path / "ours", to) as bench:
            told = await ask_by_tcp(bench.port(), sized(OTHER), end=True)
    assert counts(told[2:])[1] == 1


async def test_a_stream_that_is_no_dns_ends_and_is_noted(tmp_path: Path) -> None:
    async with names(tmp_path) as bench:
        assert await ask_by_tcp(bench.port(), b"GET / HTTP/1.1\r\n\r\n") == b""
        (event,) = bench.events("mitmeter.dns.asked")
    assert event.fields["verdict"] == "malformed: a message of 18245 bytes, expected 12 to 4096"


async def test_a_question_that_never_ends_does_not_hold_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_service, "_TCP_IDLE_SECONDS", 0.1)
    async with names(tmp_path) as bench:
        assert await ask_by_tcp(bench.port(), sized(question())[:-1]) == b""


async def test_an_answer_sent_to_us_by_tcp_ends_the_connection(tmp_path: Path) -> None:
    async with names(tmp_path) as bench:
        answer = header(flags=0x8180) + OTHER[12:]
        assert await ask_by_tcp(bench.port(), sized(answer)) == b""


async def test_a_port_that_is_taken_is_told_with_its_holder(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        taken = Endpoint("udp", "127.0.0.1", held.getsockname()[1])
        with pytest.raises(LinkError, match=r"is already taken by .*pid"):
            async with names(tmp_path, listen=taken):
                pass


async def test_nothing_listens_any_more_after_the_end(tmp_path: Path) -> None:
    async with network(tmp_path, NetworkPlan(dns=DNS)) as bench:
        port = bench.port()
    again = Endpoint("udp", "127.0.0.1", port)
    async with names(tmp_path / "again", listen=again) as bench:
        assert rcode(await ask_by_udp(port, question(DISPLAY, A))) == NOERROR
