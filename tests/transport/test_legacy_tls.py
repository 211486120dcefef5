import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.errors import LinkError
from mitmeter.transport import Limits, legacy_tls
from mitmeter.transport.certificates import Certificate
from mitmeter.transport.legacy_tls import (
    LegacyEngine,
    LegacyIdentity,
    connect_legacy,
    listen_legacy,
)
from mitmeter.transport.secure import Accept, Patience, SecureLink
from mitmeter.transport.secure_sockets import SecureListener
from mitmeter.transport.tls import Identity, listen_tls
from tests.transport.ends import (
    End,
    Failures,
    eventually,
    first_hello,
    hear_all,
    raw,
    stock_client,
)

HOST = "127.0.0.1"
SSL_3_0 = (3, 0)
TLS_1_0 = (3, 1)

# tlslite has no types; here it plays the other side, without our code.
TLS: Any = legacy_tls._tlslite()


@pytest.fixture(scope="module")
def identity(legacy: Certificate) -> LegacyIdentity:
    return LegacyIdentity(legacy.path)


@asynccontextmanager
async def listening(
    accept: Accept,
    certificate: Certificate,
    *,
    failed: Failures | None = None,
    refused: Callable[[str, str], None] | None = None,
    patience: Patience | None = None,
) -> AsyncIterator[SecureListener]:
    listener = await listen_legacy(
        HOST,
        0,
        accept,
        identity=LegacyIdentity(certificate.path),
        failed=failed,
        refused=refused,
        patience=patience,
    )
    try:
        yield listener
    finally:
        listener.stop()


def settings(version: tuple[int, int], *suites: tuple[str, str]) -> Any:
    chosen = TLS.HandshakeSettings()
    chosen.minVersion = chosen.maxVersion = version
    chosen.cipherNames = [cipher for cipher, _ in suites]
    chosen.macNames = list({mac for _, mac in suites})
    chosen.keyExchangeNames = ["rsa"]
    return chosen


def ask(port: int, chosen: Any, request: bytes) -> tuple[str, str, bytes]:
    """Be a hub: ask, hear the answer until the server says goodbye, and tell what was agreed on."""
    with raw(port) as wire:
        hub = TLS.TLSConnection(wire)
        hub.handshakeClientCert(settings=chosen)
        agreed = hub.getVersionName(), hub.getCipherName()
        hub.write(request)
        answer = b""
        while part := hub.read(max=65_536, min=1):  # raises where no goodbye is said
            answer += part
        return *agreed, answer


class Answerer(End):
    """Answers a request, which ends with a blank line, and hangs up."""

    def received(self, data: bytes) -> None:
        super().received(data)
        if self.data.endswith(b"\r\n\r\n"):
            self.wire.write(b"success")
            self.wire.close()


async def parted(*ends: End) -> None:
    for end in ends:
        await end.accepted.wait()
    for end in ends:
        end.wire.abort()
    for end in ends:
        await end.gone.wait()


@pytest.mark.parametrize(
    ("version", "suite", "facts"),
    [
        (SSL_3_0, ("rc4", "md5"), "SSL 3.0, RC4-MD5"),
        (SSL_3_0, ("rc4", "sha"), "SSL 3.0, RC4-SHA"),
        (SSL_3_0, ("3des", "sha"), "SSL 3.0, 3DES-SHA"),
        (TLS_1_0, ("3des", "sha"), "TLS 1.0, 3DES-SHA"),
        (TLS_1_0, ("rc4", "md5"), "TLS 1.0, RC4-MD5"),
        (TLS_1_0, ("aes128", "sha"), "TLS 1.0, AES128-SHA"),
    ],
)
async def test_a_hub_is_heard_answered_and_taken_leave_of(
    version: tuple[int, int], suite: tuple[str, str], facts: str, legacy: Certificate
) -> None:
    server = Answerer()
    request = b"POST /recjson HTTP/1.1\r\n\r\n"
    async with listening(server.accept, legacy) as listener:
        heard = await asyncio.to_thread(ask, listener.port, settings(version, suite), request)
        assert heard == (facts.split(",", 1)[0], suite[0], b"success")
        assert server.data == request
        assert isinstance(server.link, SecureLink)
        assert server.link.facts == facts
        assert (listener.completed, listener.failures) == (1, 0)
    await server.gone.wait()


async def test_the_first_suite_a_hub_names_is_taken(legacy: Certificate) -> None:
    """Its suites are those of a captured hub's size: RC4-MD5, then RC4-SHA."""
    body = b"\x03\x00" + bytes(32) + b"\x00" + b"\x00\x04\x00\x04\x00\x05" + b"\x01\x00"
    hello = b"\x16\x03\x00\x00\x2f\x01\x00\x00\x2b" + body
    engine = LegacyEngine(LegacyIdentity(legacy.path))
    engine.feed(hello[:5])  # its record header travels alone
    assert not engine.shake()
    assert engine.outgoing() == b""
    engine.feed(hello[5:])
    assert not engine.shake()
    answer = engine.outgoing()
    # Server hello: record, message, version, random, no session; then the suite.
    assert answer[5:6] == b"\x02"
    assert answer[9:11] == b"\x03\x00"
    assert answer[43:46] == b"\x00\x00\x04"


async def test_a_new_request_on_the_same_connection_is_answered_too(legacy: Certificate) -> None:
    server = End(echo=True)

    def talk(port: int) -> list[bytes]:
        with raw(port) as wire:
            hub = TLS.TLSConnection(wire)
            hub.handshakeClientCert(settings=settings(SSL_3_0, ("rc4", "md5")))
            heard = []
            for number in range(3):
                hub.write(b"request %d" % number)
                heard.append(bytes(hub.read(min=9)))
            hub.close()
            return heard

    async with listening(server.accept, legacy) as listener:
        heard = await asyncio.to_thread(talk, listener.port)
    assert heard == [b"request 0", b"request 1", b"request 2"]
    await server.gone.wait()


def serve(listening_socket: socket.socket, path: Path) -> tuple[str, str, bytes]:
    """Be a server that shares no code with ours: hear a line, answer it in capitals."""
    text = path.read_text()
    chain = TLS.X509CertChain()
    chain.parsePemList(text)
    wire, _ = listening_socket.accept()
    with wire:
        server = TLS.TLSConnection(wire)
        server.handshakeServer(
            certChain=chain,
            privateKey=TLS.parsePEMKey(text, private=True),
            settings=settings(SSL_3_0, ("rc4", "md5")),
        )
        line = bytes(server.read(min=5))
        server.write(line.upper())
        server.close()
        return server.getVersionName() or "", server.getCipherName() or "", line


async def test_our_hub_speaks_ssl_3_with_a_foreign_server(legacy: Certificate) -> None:
    client = End()
    with socket.create_server((HOST, 0)) as waiting:
        serving = asyncio.ensure_future(asyncio.to_thread(serve, waiting, legacy.path))
        link = await connect_legacy(HOST, waiting.getsockname()[1], client.accept)
        assert link.facts == "SSL 3.0, RC4-MD5"
        assert link.certificate == ssl.PEM_cert_to_DER_cert(
            "-----BEGIN CERT" + legacy.path.read_text().split("-----BEGIN CERT", 1)[1]
        )
        client.wire.write(b"hello")
        assert await client.until(5) == b"HELLO"
        await client.eof.wait()
        client.wire.close()
        assert (await serving)[2] == b"hello"
    await client.gone.wait()


async def test_our_hub_says_hello_in_the_bytes_a_real_one_was_seen_to_need() -> None:
    engine = LegacyEngine()
    assert not engine.shake()
    hello = engine.outgoing()
    assert len(hello) == 5 + 47
    assert b"\x00\x04" in hello[44:]


async def test_bodies_of_many_records_cross_both_ways_at_once(legacy: Certificate) -> None:
    there, back = bytes(range(256)) * 400, bytes(reversed(range(256))) * 400
    server, client = End(), End()
    async with listening(server.accept, legacy) as listener:
        await connect_legacy(HOST, listener.port, client.accept)
        await server.accepted.wait()
        client.wire.write(there)
        server.wire.write(back)
        assert await server.until(len(there)) == there
        assert await client.until(len(back)) == back
        await parted(server, client)


async def test_after_the_hub_has_finished_a_late_answer_still_reaches_it(
    legacy: Certificate,
) -> None:
    server, client = End(), End()
    async with listening(server.accept, legacy) as listener:
        await connect_legacy(HOST, listener.port, client.accept)
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


async def test_a_paused_link_delivers_nothing_until_it_is_resumed(legacy: Certificate) -> None:
    server, client = End(), End()
    async with listening(server.accept, legacy) as listener:
        await connect_legacy(HOST, listener.port, client.accept)
        await server.accepted.wait()
        server.wire.pause()
        client.wire.write(b"held back")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(server.heard.wait(), 0.05)
        server.wire.resume()
        assert await server.until(9) == b"held back"
        await parted(server, client)


async def test_bytes_changed_on_their_way_end_the_link_with_the_reason(
    legacy: Certificate,
) -> None:
    server = End()

    def forge(port: int) -> None:
        with raw(port) as wire:
            hub = TLS.TLSConnection(wire)
            hub.handshakeClientCert(settings=settings(SSL_3_0, ("rc4", "md5")))
            wire.sendall(b"\x17\x03\x00\x00\x20" + bytes(32))
            hear_all(wire)

    async with listening(server.accept, legacy) as listener:
        await asyncio.to_thread(forge, listener.port)
        await server.gone.wait()
    assert server.endings == ["bad record mac (MAC failure (or padding failure))"]
    assert not server.data


# handshakes that fail


async def failure(
    certificate: Certificate, visit: Callable[[int], object], patience: Patience | None = None
) -> str:
    failures = Failures()
    async with listening(End().accept, certificate, failed=failures, patience=patience) as listener:
        visiting = asyncio.ensure_future(asyncio.to_thread(visit, listener.port))
        facts = await failures.first()
        await asyncio.gather(visiting, return_exceptions=True)
        await eventually(lambda: not listener.admission.open)
        assert listener.failures == 1
        assert listener.shaking == 0
    return str(facts)


async def test_a_modern_client_is_told_apart_by_what_it_offered(legacy: Certificate) -> None:
    def visit(port: int) -> None:
        context = stock_client(newest=ssl.TLSVersion.TLSv1_2, ciphers="AES128-GCM-SHA256")
        with raw(port) as wire, context.wrap_socket(wire):
            pass

    words = await failure(legacy, visit)
    assert words.startswith("no cipher in common (No mutual ciphersuite) (offered TLS 1.2 at most,")


async def test_a_client_of_tls_1_3_alone_is_told_which_versions_are_spoken(
    legacy: Certificate,
) -> None:
    def visit(port: int) -> None:
        context = stock_client()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        with raw(port) as wire, context.wrap_socket(wire):
            pass

    words = await failure(legacy, visit)
    assert words.startswith("no version in common: SSL 3.0 and TLS 1.0 are spoken here (")
    assert "(offered TLS 1.3 at most, " in words


async def test_plain_http_is_named(legacy: Certificate) -> None:
    def visit(port: int) -> None:
        wire = raw(port)
        wire.sendall(b"GET /check_key.html HTTP/1.1\r\n\r\n")
        wire.shutdown(socket.SHUT_WR)
        hear_all(wire)

    words = await failure(legacy, visit)
    assert words == "plain HTTP was spoken where TLS is expected"


async def test_a_handshake_that_is_never_finished_ends_in_time(legacy: Certificate) -> None:
    def visit(port: int) -> None:
        wire = raw(port)
        wire.sendall(b"\x16\x03\x00\x00\x2f\x01")
        hear_all(wire)

    found = await failure(legacy, visit, Patience(seconds=0.1))
    assert found == "the handshake was not complete within 0.1 s; 6 bytes came"


async def test_more_unfinished_handshakes_than_the_limit_are_refused(legacy: Certificate) -> None:
    refusals: list[str] = []
    async with listening(
        End().accept,
        legacy,
        refused=lambda _, reason: refusals.append(reason),
        patience=Patience(together=1),
    ) as listener:
        first = await asyncio.to_thread(raw, listener.port)
        await eventually(lambda: listener.shaking == 1)
        second = await asyncio.to_thread(raw, listener.port)
        assert await asyncio.to_thread(hear_all, second) == b""
        assert refusals == ["1 handshakes are going on, the limit"]
        first.close()
        await eventually(lambda: not listener.admission.open)


async def test_fifty_hubs_at_once_are_all_served(legacy: Certificate) -> None:
    servers: list[Answerer] = []

    def accept(link: SecureLink) -> End:
        servers.append(Answerer())
        return servers[-1].accept(link)

    async def visit(port: int) -> bytes:
        client = End()
        await connect_legacy(HOST, port, client.accept)
        client.wire.write(b"GET /\r\n\r\n")
        await client.eof.wait()
        client.wire.close()
        await client.gone.wait()
        return bytes(client.data)

    # From one address all of them, so the limits of a household are lifted.
    listener = await listen_legacy(
        HOST,
        0,
        accept,
        identity=LegacyIdentity(legacy.path),
        limits=Limits(),
        patience=Patience(),
    )
    answers = await asyncio.gather(*(visit(listener.port) for _ in range(50)))
    assert answers == [b"success"] * 50
    listener.stop()
    for server in servers:
        await server.gone.wait()


async def test_a_modern_server_is_no_place_for_our_hub(glow: Certificate) -> None:
    failures = Failures()
    listener = await listen_tls(HOST, 0, End().accept, identity=Identity(glow), failed=failures)
    with pytest.raises(LinkError, match=r"^ssl3://127\.0\.0\.1:\d+: the peer gave up: "):
        await connect_legacy(HOST, listener.port, End().accept)
    assert str(await failures.first()) == (
        "no version in common: we speak TLS 1.2 and 1.3 (offered SSL 3.0 at most, RC4-MD5; no name)"
    )
    await eventually(lambda: not listener.admission.open)
    listener.stop()


def test_without_tlslite_the_reason_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    legacy_tls._tlslite.cache_clear()
    monkeypatch.setattr(legacy_tls, "import_module", missing)
    with pytest.raises(LinkError, match=r"pip install 'mitmeter\[legacy-tls\]'"):
        LegacyIdentity(Path("none.pem"))


def test_a_file_without_certificate_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    with pytest.raises(LinkError, match=r"none\.pem: no certificate and key to read"):
        LegacyIdentity(tmp_path / "none.pem")
    with pytest.raises(LinkError, match=r"gone\.pem: no certificate and key to read"):
        LegacyIdentity(tmp_path / "gone.pem")


HELLO = first_hello(stock_client(newest=ssl.TLSVersion.TLSv1_2), "hub.example")


@given(parts=st.lists(st.binary(max_size=80), max_size=5))
def test_no_bytes_whatever_raise_in_a_handshake(
    identity: LegacyIdentity, parts: list[bytes]
) -> None:
    engine = LegacyEngine(identity)
    for part in parts:
        engine.feed(part)
        assert not engine.shake()
        engine.outgoing()


@given(at=st.integers(0, len(HELLO) - 1), value=st.integers(0, 255), more=st.binary(max_size=200))
def test_a_hello_with_one_wrong_byte_raises_nothing(
    identity: LegacyIdentity, at: int, value: int, more: bytes
) -> None:
    wrong = bytearray(HELLO)
    wrong[at] = value
    engine = LegacyEngine(identity)
    engine.feed(bytes(wrong) + more)
    assert not engine.shake()


@given(parts=st.lists(st.binary(max_size=80), max_size=5), kind=st.sampled_from([20, 21, 22, 23]))
def test_no_records_whatever_raise_after_the_handshake(
    identity: LegacyIdentity, parts: list[bytes], kind: int
) -> None:
    server, client = LegacyEngine(identity), LegacyEngine()
    for _ in range(3):
        client.shake()
        server.feed(client.outgoing())
        server.shake()
        client.feed(server.outgoing())
    assert server.version == "SSL 3.0"
    for part in parts:
        server.feed(bytes((kind, 3, 0)) + len(part).to_bytes(2, "big") + part)
        assert server.read() == b""
