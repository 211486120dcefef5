"""Syslog over real sockets: datagrams, streams with counted octets, TLS."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mitmeter.errors import SinkError
from mitmeter.sinks.shape import Shape
from mitmeter.sinks.sink import Accepted, Occurrence
from mitmeter.sinks.syslog import SyslogPlan, SyslogSink
from tests.sinks.sinkkit import event, until
from tests.sinks.test_event_file import LOOK

SHAPE = Shape("attic-pi")
_LINE = re.compile(rb"<134>1 \S+ attic-pi mitmeter \d+ alphaess\.login \[.*?\] (\{.*\})")


class Listener:
    def __init__(self) -> None:
        self.data = b""
        self.port = 0
        self.connections = 0
        self._ends: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._ends.append(writer)
        while data := await reader.read(65536):
            self.data += data
        writer.close()

    def hang_up(self) -> None:
        while self._ends:
            self._ends.pop().close()

    @property
    def messages(self) -> list[bytes]:
        """Take the stream apart by its counted octets."""
        found, rest = [], self.data
        while rest:
            count, _, rest = rest.partition(b" ")
            found.append(rest[: int(count)])
            rest = rest[int(count) :]
        return found


@asynccontextmanager
async def listening(trust: ssl.SSLContext | None = None) -> AsyncIterator[Listener]:
    made = Listener()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=trust)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.hang_up()
        await server.wait_closed()
        await asyncio.sleep(0.01)


def happened(*numbers: int) -> list[Occurrence]:
    return [Occurrence(each, event(each), peer="192.0.2.7:4") for each in numbers]


def told(message: bytes) -> str:
    found = _LINE.fullmatch(message)
    assert found is not None, message
    return str(json.loads(found[1])["message"])


async def opened(transport: str, port: int, ca: Path | None = None) -> SyslogSink:
    sink = SyslogSink(SyslogPlan(transport, "127.0.0.1", port, host="attic-pi", ca=ca), SHAPE)
    await sink.open(LOOK)
    return sink


async def test_datagrams_hold_a_message_each() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        wire.settimeout(5)
        sink = await opened("udp", wire.getsockname()[1])
        assert await sink.events(happened(1, 2)) == Accepted()
        got = [await asyncio.to_thread(wire.recv, 65536) for _ in range(2)]
        await sink.close()
    assert [told(each) for each in got] == ["event 1", "event 2"]


async def test_what_no_datagram_can_hold_is_refused_alone() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        sink = await opened("udp", wire.getsockname()[1])
        large = Occurrence(1, event(1, fields={"body": "x" * 70_000}))
        outcome = await sink.events([*happened(0), large])
        await sink.close()
    assert isinstance(outcome, Accepted)
    assert set(outcome.bad) == {1}


async def test_a_stream_counts_octets_and_a_new_connection_is_made_when_the_old_one_ended() -> None:
    async with listening() as server:
        sink = await opened("tcp", server.port)
        await sink.events(happened(1, 2))
        await until(lambda: len(server.messages) == 2)
        server.hang_up()
        await asyncio.sleep(0.01)
        await sink.events(happened(3))
        await until(lambda: len(server.messages) == 3)
        await sink.close()
    assert [told(each) for each in server.messages] == ["event 1", "event 2", "event 3"]
    assert server.connections == 2


async def test_nobody_listening_is_told_in_words() -> None:
    async with listening() as server:
        port = server.port
    sink = await opened("tcp", port)
    with pytest.raises(SinkError, match=f"127.0.0.1:{port}: "):
        await sink.events(happened(1))
    await sink.close()


async def test_tls_trusts_the_authority_it_is_given_and_no_other(tmp_path: Path) -> None:
    ca, trust = _certificate(tmp_path)
    async with listening(trust) as server:
        sink = await opened("tls", server.port, ca)
        await sink.events(happened(1))
        await until(lambda: len(server.messages) == 1)
        await sink.close()
        stranger = await opened("tls", server.port)
        with pytest.raises(SinkError, match="certificate verify failed"):
            await stranger.events(happened(2))
        await stranger.close()
    assert [told(each) for each in server.messages] == ["event 1"]


async def test_an_authority_file_that_is_none_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(SinkError, match=r"ca\.pem: "):
        await opened("tls", 1, tmp_path / "ca.pem")


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return a certificate for 127.0.0.1 that signs itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "syslog.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return pem, context
