import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.errors import LinkError
from mitmeter.transport import Limits
from mitmeter.transport.certificates import Authority, Certificate
from mitmeter.transport.secure import Accept, Patience, SecureLink
from mitmeter.transport.secure_sockets import SecureListener
from mitmeter.transport.tcp import Refused
from mitmeter.transport.tls import (
    Identity,
    ModernEngine,
    Pinned,
    Unverified,
    Verified,
    connect_tls,
    listen_tls,
    server_context,
)
from tests.transport.ends import (
    TODAY,
    End,
    Failures,
    eventually,
    first_hello,
    hear_all,
    raw,
    stock_client,
)

HOST = "127.0.0.1"
TLS_1_1 = ssl.TLSVersion.TLSv1_1
TLS_1_2 = ssl.TLSVersion.TLSv1_2
TLS_1_3 = ssl.TLSVersion.TLSv1_3


@asynccontextmanager
async def listening(
    accept: Accept,
    certificate: Certificate,
    *,
    by_name: Callable[[str], Certificate | None] | None = None,
    failed: Failures | None = None,
    limits: Limits | None = None,
    refused: Refused | None = None,
    patience: Patience | None = None,
) -> AsyncIterator[SecureListener]:
    listener = await listen_tls(
        HOST,
        0,
        accept,
        identity=Identity(certificate, by_name),
        limits=limits,
        refused=refused,
        failed=failed,
        patience=patience,
    )
    try:
        yield listener
    finally:
        listener.stop()


@asynccontextmanager
async def stock(
    port: int, context: ssl.SSLContext, name: str | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect a client that shares no code with us."""
    reader, writer = await asyncio.open_connection(
        HOST, port, ssl=context, server_hostname=name or ""
    )
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def pair(certificate: Certificate) -> tuple[End, End]:
    """Return both of our ends, connected; server first."""
    server, client = End(), End()
    async with listening(server.accept, certificate) as listener:
        await connect_tls(HOST, listener.port, client.accept, trust=Unverified())
        await server.accepted.wait()
    return server, client


async def parted(*ends: End) -> None:
    for end in ends:
        await end.accepted.wait()
    for end in ends:
        end.wire.abort()
    for end in ends:
        await end.gone.wait()


# handshakes that succeed


@pytest.mark.parametrize(("newest", "words"), [(TLS_1_2, "TLS 1.2"), (TLS_1_3, "TLS 1.3")])
async def test_a_stock_client_is_served_and_its_handshake_is_known(
    newest: ssl.TLSVersion, words: str, glow: Certificate
) -> None:
    server = End(echo=True)
    async with (
        listening(server.accept, glow) as listener,
        stock(listener.port, stock_client(newest=newest), "hub.example") as (reader, writer),
    ):
        writer.write(b"POST /zb02 HTTP/1.1\r\n\r\n")
        assert await reader.readexactly(23) == b"POST /zb02 HTTP/1.1\r\n\r\n"
        link = server.link
        assert isinstance(link, SecureLink)
        used = writer.get_extra_info("cipher")[0].replace("_", "-")
        assert link.facts == f"{words}, {used}, name 'hub.example'"
        assert link.sni == "hub.example"
        assert listener.completed == 1
        assert listener.shaking == 0
    await server.gone.wait()


@pytest.mark.parametrize(
    "cipher", ["AES128-SHA", "AES256-SHA256", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA"]
)
async def test_a_small_device_with_one_plain_suite_is_served(
    cipher: str, glow: Certificate
) -> None:
    server = End(echo=True)
    context = stock_client(newest=TLS_1_2, ciphers=f"{cipher}:@SECLEVEL=0")
    async with (
        listening(server.accept, glow) as listener,
        stock(listener.port, context) as (reader, writer),
    ):
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        assert writer.get_extra_info("cipher")[0] == cipher
    await server.gone.wait()


@pytest.mark.system
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl program")
async def test_the_openssl_program_is_served(glow: Certificate) -> None:
    server = End(echo=True)
    async with listening(server.accept, glow) as listener:
        program = await asyncio.create_subprocess_exec(
            "openssl",
            "s_client",
            "-connect",
            listener.address,
            "-tls1_2",
            "-quiet",
            "-no_ign_eof",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(b"hello\n")
        assert await program.stdout.readline() == b"hello\n"
        program.stdin.close()
        await program.wait()
        await server.gone.wait()


async def test_two_hundred_handshakes_at_once_are_all_completed(glow: Certificate) -> None:
    ends: list[End] = []
    failures = Failures()

    def accept(link: SecureLink) -> End:
        ends.append(End(echo=True))
        return ends[-1].accept(link)

    context = stock_client()

    async def visit(port: int) -> bytes:
        async with stock(port, context) as (reader, writer):
            writer.write(b"ping")
            return await reader.readexactly(4)

    async with listening(accept, glow, failed=failures) as listener:
        answers = await asyncio.gather(*(visit(listener.port) for _ in range(200)))
        assert answers == [b"ping"] * 200
        assert (listener.completed, listener.failures) == (200, 0)
    for end in ends:
        await end.gone.wait()
    assert listener.admission.open == 0


def speak(port: int, request: bytes, step: int) -> bytes:
    """Send a request in the same breath as the last words of the handshake, `step` bytes at a
    time; return the answer, which ends with a full stop.
    """
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = stock_client().wrap_bio(received, sent)
    shaken = False
    answer = b""
    with raw(port) as wire:
        while not answer.endswith(b"."):
            try:
                if not shaken:
                    client.do_handshake()
                    shaken = True
                    client.write(request)
                answer += client.read()
            except ssl.SSLWantReadError:
                pass
            out = sent.read()
            for start in range(0, len(out), step):
                wire.send(out[start : start + step])
            if not answer.endswith(b"."):
                received.write(wire.recv(65_536))
    return answer


@pytest.mark.parametrize("step", [1, 7, 100_000])
async def test_a_request_that_comes_with_the_end_of_the_handshake_is_heard(
    step: int, glow: Certificate
) -> None:
    server = End(echo=True)
    async with listening(server.accept, glow) as listener:
        assert await asyncio.to_thread(speak, listener.port, b"at once.", step) == b"at once."
    await server.gone.wait()


async def test_a_request_that_comes_with_the_end_of_the_handshake_waits_for_an_owner_in_pause(
    glow: Certificate,
) -> None:
    server = End()

    def accept(link: SecureLink) -> End:
        link.pause()
        return server.accept(link)

    async with listening(accept, glow) as listener:
        speaking = asyncio.ensure_future(asyncio.to_thread(speak, listener.port, b"at once", 10**6))
        await server.accepted.wait()
        assert not server.data
        server.wire.write(b"heard.")
        server.wire.resume()
        assert await server.until(7) == b"at once"
        # Only now: the request may have come in a packet of its own, and what comes after our
        # goodbye is not heard.
        server.wire.finish()
        assert await speaking == b"heard."
        await server.eof.wait()
        server.wire.close()
    await server.gone.wait()


async def test_a_request_that_comes_after_our_goodbye_is_not_heard(glow: Certificate) -> None:
    server = End()

    def accept(link: SecureLink) -> End:
        link.write(b"closed.")
        link.close()
        return server.accept(link)

    async with listening(accept, glow) as listener:
        said = await asyncio.to_thread(speak, listener.port, b"at once", 10**6)
        assert said == b"closed."
    await server.gone.wait()
    assert not server.data
    assert not server.eof.is_set()


# handshakes that fail


async def failure(
    certificate: Certificate,
    visit: Callable[[int], Coroutine[Any, Any, object]],
    patience: Patience | None = None,
) -> str:
    """Return why the handshake failed that `visit` attempts."""
    failures = Failures()
    async with listening(End().accept, certificate, failed=failures, patience=patience) as listener:
        visiting = asyncio.ensure_future(visit(listener.port))
        facts = await failures.first()
        await asyncio.gather(visiting, return_exceptions=True)
        assert listener.failures == 1
        assert listener.shaking == 0
        await eventually(lambda: not listener.admission.open)
    return str(facts)


def stock_visit(context: ssl.SSLContext) -> Callable[[int], Coroutine[Any, Any, object]]:
    def attempt(port: int) -> None:
        with raw(port) as wire, context.wrap_socket(wire):
            pass

    async def visit(port: int) -> None:
        await asyncio.to_thread(attempt, port)

    return visit


def raw_visit(words: bytes) -> Callable[[int], Coroutine[Any, Any, object]]:
    """Say something, and hang up."""

    async def visit(port: int) -> None:
        def say() -> None:
            wire = raw(port)
            wire.sendall(words)
            wire.shutdown(socket.SHUT_WR)
            hear_all(wire)

        await asyncio.to_thread(say)

    return visit


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_a_client_of_an_older_version_is_told_apart_by_what_it_offered(
    glow: Certificate,
) -> None:
    context = stock_client(newest=TLS_1_1, ciphers="AES128-SHA:@SECLEVEL=0")
    assert await failure(glow, stock_visit(context)) == (
        "no version in common: we speak TLS 1.2 and 1.3 "
        "(offered TLS 1.1 at most, AES128-SHA; no name)"
    )


async def test_a_client_without_a_cipher_in_common_is_named_with_its_ciphers(
    glow: Certificate,
) -> None:
    context = stock_client(newest=TLS_1_2, ciphers="ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    assert await failure(glow, stock_visit(context)) == (
        "no cipher in common (offered TLS 1.2 at most, ECDHE-ECDSA-AES128-SHA; no name)"
    )


async def test_a_client_that_does_not_trust_our_certificate_is_quoted(
    glow: Certificate, plain: Certificate
) -> None:
    context = stock_client(authorities=str(plain.path.parent / "authority.crt"))
    context.check_hostname = False
    words = await failure(glow, stock_visit(context))
    assert words.startswith("the client refused our certificate: unknown ca (offered TLS 1.3")


HELLO = first_hello(stock_client(), "hub.example")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "plain HTTP was spoken where TLS is expected"),
        (b"SSH-2.0-x\r\n", "SSH was spoken where TLS is expected"),
        (b"\x68\x01\x02\x03\x04\x05", "no TLS: the first bytes are 68 01 02 03 04 05"),
        (b"", "the peer hung up without a word"),
        (HELLO[:40], "the peer hung up in the middle of its first words"),
        (HELLO, "the peer hung up in the middle of the handshake, without saying why (offered"),
    ],
    ids=["http", "ssh", "binary", "silence", "half a hello", "a hello"],
)
async def test_a_visitor_that_does_not_finish_is_explained(
    said: bytes, words: str, glow: Certificate
) -> None:
    assert (await failure(glow, raw_visit(said))).startswith(words)


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"", "nothing came"), (HELLO[:40], "40 bytes came")],
    ids=["silence", "half a hello"],
)
async def test_a_handshake_that_is_never_finished_ends_in_time(
    said: bytes, words: str, glow: Certificate
) -> None:
    async def linger(port: int) -> None:
        def hold() -> None:
            wire = raw(port)
            wire.sendall(said)
            hear_all(wire)

        await asyncio.to_thread(hold)

    found = await failure(glow, linger, Patience(seconds=0.1))
    assert found == f"the handshake was not complete within 0.1 s; {words}"


async def test_more_unfinished_handshakes_than_the_limit_are_refused(glow: Certificate) -> None:
    refusals: list[str] = []
    told = asyncio.Event()

    def refused(_: str, reason: str) -> None:
        refusals.append(reason)
        told.set()

    async with listening(
        End().accept, glow, refused=refused, patience=Patience(together=2)
    ) as listener:
        first = [await asyncio.to_thread(raw, listener.port) for _ in range(2)]
        await eventually(lambda: listener.shaking == 2)
        third = await asyncio.to_thread(raw, listener.port)
        await told.wait()
        assert await asyncio.to_thread(hear_all, third) == b""
        assert refusals == ["2 handshakes are going on, the limit"]
        for wire in first:
            wire.close()
        await eventually(lambda: not listener.admission.open)


async def test_connections_are_admitted_as_on_tcp(glow: Certificate) -> None:
    refusals: list[str] = []
    server = End()
    async with (
        listening(
            server.accept,
            glow,
            limits=Limits(connections=1),
            refused=lambda _, reason: refusals.append(reason),
        ) as listener,
        stock(listener.port, stock_client()),
    ):
        second = await asyncio.to_thread(raw, listener.port)
        assert await asyncio.to_thread(hear_all, second) == b""
        assert refusals == ["1 connections are open, the limit"]
        await server.accepted.wait()
        server.wire.close()
    await server.gone.wait()


async def test_stopping_ends_handshakes_that_are_going_on_and_leaves_open_links(
    glow: Certificate,
) -> None:
    failures = Failures()
    server = End(echo=True)
    async with listening(server.accept, glow, failed=failures) as listener:
        client = End()
        await connect_tls(HOST, listener.port, client.accept, trust=Unverified())
        silent = await asyncio.to_thread(raw, listener.port)
        await eventually(lambda: listener.shaking == 1)
        listener.stop()
        assert await asyncio.to_thread(hear_all, silent) == b""
        client.wire.write(b"still there")
        assert await client.until(11) == b"still there"
    assert failures.all == []
    await parted(client, server)


@given(parts=st.lists(st.binary(max_size=80), max_size=5))
def test_no_bytes_whatever_raise_in_a_handshake(parts: list[bytes]) -> None:
    engine = ModernEngine(_EMPTY)
    for part in parts:
        engine.feed(part)
        assert not engine.shake()
        engine.outgoing()


_EMPTY = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


# what a link does


async def test_large_bodies_cross_both_ways_at_once(glow: Certificate) -> None:
    there, back = bytes(range(256)) * 16_384, bytes(reversed(range(256))) * 16_384
    server, client = await pair(glow)
    client.wire.write(there)
    server.wire.write(back)
    assert await server.until(len(there)) == there
    assert await client.until(len(back)) == back
    assert client.congestion == [True, False]
    await parted(server, client)


async def test_a_peer_that_does_not_read_holds_the_writer_back(glow: Certificate) -> None:
    server, client = End(echo=True), End()
    body = b"x" * 16_000_000
    async with listening(server.accept, glow) as listener:
        await connect_tls(HOST, listener.port, client.accept, trust=Unverified())
        client.wire.pause()
        client.wire.write(body)
        # The echo fills every buffer on its way, and only then is the server told to stop.
        await eventually(lambda: True in server.congestion)
        client.wire.resume()
        assert await client.until(len(body)) == body
        assert server.congestion[-1] is False
        await parted(client, server)


async def test_after_the_client_has_finished_a_late_answer_still_reaches_it(
    glow: Certificate,
) -> None:
    server, client = await pair(glow)
    client.wire.write(b"question")
    client.wire.finish()
    await server.eof.wait()
    assert server.data == b"question"
    server.wire.write(b"late answer")
    assert await client.until(11) == b"late answer"
    server.wire.close()
    await client.eof.wait()
    client.wire.close()
    await asyncio.gather(server.gone.wait(), client.gone.wait())
    assert server.endings == client.endings == ["closed"]


async def test_what_was_said_before_a_finish_is_heard_though_it_was_held(
    glow: Certificate,
) -> None:
    server, client = await pair(glow)
    server.wire.pause()
    client.wire.write(b"unread")
    server.wire.finish()
    await client.eof.wait()
    server.wire.resume()
    assert await server.until(6) == b"unread"
    await parted(server, client)


async def test_a_close_says_goodbye_so_that_a_strict_client_does_not_suspect_a_cut(
    glow: Certificate,
) -> None:
    server = End()

    def listen_on(port: int) -> bytes:
        context = stock_client()
        with context.wrap_socket(raw(port), suppress_ragged_eofs=False) as wire:
            return wire.recv(100)  # raises SSLEOFError without a close_notify

    async with listening(server.accept, glow) as listener:
        hearing = asyncio.ensure_future(asyncio.to_thread(listen_on, listener.port))
        await server.accepted.wait()
        server.wire.close()
        assert await hearing == b""
    await server.gone.wait()


async def test_a_connection_cut_without_goodbye_has_ended_too(glow: Certificate) -> None:
    server = End()

    def cut(port: int) -> None:
        wire = stock_client().wrap_socket(raw(port))
        wire.sendall(b"half a requ")
        bare = socket.socket(fileno=wire.detach())
        bare.shutdown(socket.SHUT_WR)
        hear_all(bare)

    async with listening(server.accept, glow) as listener:
        cutting = asyncio.ensure_future(asyncio.to_thread(cut, listener.port))
        await server.eof.wait()
        assert server.data == b"half a requ"
        server.wire.close()
        await cutting
    await server.gone.wait()
    assert len(server.endings) == 1


async def test_a_paused_link_delivers_nothing_until_it_is_resumed(glow: Certificate) -> None:
    server, client = await pair(glow)
    server.wire.pause()
    client.wire.write(b"held back")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(server.heard.wait(), 0.05)
    server.wire.resume()
    assert await server.until(9) == b"held back"
    await parted(server, client)


async def test_bytes_changed_on_their_way_end_the_link_with_the_reason(glow: Certificate) -> None:
    server = End()

    def forge(port: int) -> None:
        wire = stock_client().wrap_socket(raw(port))
        bare = socket.socket(fileno=wire.detach())
        bare.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        hear_all(bare)

    async with listening(server.accept, glow) as listener:
        await asyncio.to_thread(forge, listener.port)
        await server.gone.wait()
    assert server.endings == ["decryption failed or bad record mac"]
    assert not server.data


async def test_nothing_is_heard_or_said_after_an_abort(glow: Certificate) -> None:
    server, client = await pair(glow)
    server.wire.abort()
    server.wire.write(b"too late")
    server.wire.finish()
    server.wire.close()
    await asyncio.gather(server.gone.wait(), client.eof.wait())
    client.wire.close()
    await client.gone.wait()
    assert not client.data
    assert len(server.endings) == len(client.endings) == 1


# certificates


async def test_a_client_that_asks_by_name_and_checks_is_shown_a_fitting_certificate(
    authority: Authority, glow: Certificate
) -> None:
    authority.certificate_for(["meter.example"], now=TODAY)
    server = End(echo=True)
    context = stock_client(authorities=str(authority.root))
    name = "10.20.30.02005e.cad.sensornet.info"
    async with (
        listening(server.accept, glow, by_name=lambda n: authority.for_name(n, TODAY)) as listener,
        stock(listener.port, context, name) as (reader, writer),
    ):
        shown = writer.get_extra_info("peercert")
        assert shown["subjectAltName"] == (("DNS", name),)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
    await server.gone.wait()


@pytest.mark.parametrize("name", ["keys.sensornet.info", "192.0.2.1", None])
async def test_a_name_that_is_covered_or_none_is_shown_the_usual_certificate(
    name: str | None, authority: Authority, glow: Certificate
) -> None:
    server, client = End(), End()
    async with listening(
        server.accept, glow, by_name=lambda n: authority.for_name(n, TODAY)
    ) as listener:
        await connect_tls(
            HOST,
            listener.port,
            client.accept,
            trust=Pinned(glow.sha256),
            server_hostname=name,
        )
        await parted(client, server)


async def test_a_certificate_that_cannot_be_made_or_read_leaves_the_usual_one(
    glow: Certificate, tmp_path: Path
) -> None:
    gone = Certificate(tmp_path / "gone.pem", ("a.example",), TODAY, "")
    found: list[Certificate | None] = [None, gone]
    while found:
        server, client = End(), End()
        async with listening(server.accept, glow, by_name=lambda _: found.pop()) as listener:
            await connect_tls(
                HOST,
                listener.port,
                client.accept,
                trust=Pinned(glow.sha256),
                server_hostname="a.example",
            )
            await parted(client, server)


async def test_a_renewed_certificate_is_shown_once_it_is_loaded_again(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    first = authority.certificate_for(["*.sensornet.info"], kind="glow", now=TODAY)
    identity = Identity(first)
    server = End()
    listener = await listen_tls(HOST, 0, server.accept, identity=identity)
    (second,) = authority.renew_due(TODAY + timedelta(days=3_640))
    identity.reload()
    client = End()
    await connect_tls(HOST, listener.port, client.accept, trust=Pinned(second.sha256))
    await parted(client, server)
    listener.stop()


async def test_a_server_is_trusted_by_its_authority_and_its_name(
    authority: Authority, plain: Certificate
) -> None:
    server, client = End(), End()
    trust = Verified(authority.root)
    async with listening(server.accept, plain) as listener:
        link = await connect_tls(
            HOST, listener.port, client.accept, trust=trust, server_hostname="meter.example"
        )
        assert link.version == "TLS 1.3"
        await parted(client, server)
        with pytest.raises(LinkError, match="not trusted: Hostname mismatch"):
            await connect_tls(
                HOST, listener.port, End().accept, trust=trust, server_hostname="other.example"
            )
        with pytest.raises(LinkError, match="not trusted: IP address mismatch"):
            await connect_tls(HOST, listener.port, End().accept, trust=trust)


async def test_a_server_nobody_vouches_for_is_not_trusted(glow: Certificate) -> None:
    failures = Failures()
    async with listening(End().accept, glow, failed=failures) as listener:
        with pytest.raises(LinkError, match=r"^tls://127\.0\.0\.1:\d+: the server's certificate"):
            await connect_tls(HOST, listener.port, End().accept, trust=Verified())
        assert "refused our certificate" in (await failures.first()).reason


async def test_a_pinned_server_with_another_certificate_is_not_talked_to(
    glow: Certificate, plain: Certificate
) -> None:
    server, client = End(), End()
    async with listening(server.accept, glow) as listener:
        with pytest.raises(
            LinkError, match=f"shows certificate {glow.sha256}, pinned is {plain.sha256}"
        ):
            await connect_tls(
                HOST, listener.port, client.accept, trust=Pinned(plain.sha256.upper())
            )
    assert client.link is None
    if server.link is not None:
        await server.gone.wait()


async def test_a_server_that_speaks_no_tls_is_named() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(LinkError, match="plain HTTP was spoken where TLS is expected"):
            await connect_tls(HOST, port, End().accept, trust=Unverified())


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(LinkError, match=r"not complete within 0\.1 s; nothing came"):
            await connect_tls(HOST, port, End().accept, trust=Unverified(), timeout=0.1)


async def test_nobody_listening_is_said_in_words() -> None:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(LinkError, match="nobody listens there"):
        await connect_tls(HOST, port, End().accept, trust=Unverified())


async def test_a_file_without_certificate_and_authorities_that_are_none_are_errors_in_words(
    tmp_path: Path,
) -> None:
    with pytest.raises(LinkError, match=r"none\.pem: no certificate and key to read"):
        server_context(tmp_path / "none.pem")
    with pytest.raises(LinkError, match=r"none\.pem: no authorities to read"):
        await connect_tls(HOST, 1, End().accept, trust=Verified(tmp_path / "none.pem"))
    with pytest.raises(LinkError, match="no name to ask a server for"):
        await connect_tls(HOST, 1, End().accept, trust=Unverified(), server_hostname="." * 3)
