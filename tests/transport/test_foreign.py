"""Servers that know brainpool curves only, and certificates judged before anything is said."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mitmeter.errors import LinkError
from mitmeter.transport.tls import Judged, Unverified, connect_foreign
from tests.transport.ends import End

HERE = "127.0.0.1"
ALL_ROUND = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"


def pem(path: Path, curve: ec.EllipticCurve) -> Path:
    """Write a self-signed certificate and its key, as a gateway's are."""
    key = ec.generate_private_key(curve)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ETST0000000042.SMGW")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2035, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


class Gateway:
    """A TLS 1.2 server of one curve that says back what it hears."""

    def __init__(self, file: Path, curve: str) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_ciphers(ALL_ROUND)
        self.context.load_cert_chain(file)
        self.context.set_ecdh_curve(curve)
        self.heard: list[bytes] = []
        self.port = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            self.heard.append(data)
            writer.write(data)
        writer.close()


@asynccontextmanager
async def gateway(file: Path, curve: str) -> AsyncIterator[Gateway]:
    made = Gateway(file, curve)
    server = await asyncio.start_server(made.talk, HERE, 0, ssl=made.context)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@pytest.mark.parametrize(
    ("key", "curve"),
    [
        (ec.SECP384R1(), "secp384r1"),
        (ec.SECP256R1(), "prime256v1"),
        (ec.BrainpoolP256R1(), "brainpoolP256r1"),
        (ec.BrainpoolP384R1(), "brainpoolP384r1"),
        (ec.BrainpoolP512R1(), "brainpoolP512r1"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
async def test_a_server_of_any_allowed_curve_is_reached(
    tmp_path: Path, key: ec.EllipticCurve, curve: str
) -> None:
    async with gateway(pem(tmp_path / "gateway.pem", key), curve) as server:
        end = End()
        link = await connect_foreign(HERE, server.port, end.accept, trust=Unverified())
        link.write(b"who")
        assert await end.until(3) == b"who"
        link.close()
        await end.gone.wait()


def accepting(seen: list[bytes], answers: Sequence[str]) -> Judged:
    left = list(answers)

    def judge(der: bytes) -> str:
        seen.append(der)
        return left.pop(0)

    return Judged(judge)


async def test_a_certificate_is_judged_before_a_word_is_said(tmp_path: Path) -> None:
    file = pem(tmp_path / "gateway.pem", ec.SECP256R1())
    shown = x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(
        serialization.Encoding.DER
    )
    async with gateway(file, "prime256v1") as server:
        seen: list[bytes] = []
        end = End()
        with pytest.raises(LinkError, match="not the one we know"):
            await connect_foreign(
                HERE, server.port, end.accept, trust=accepting(seen, ["not the one we know"])
            )
        assert seen == [shown]
        assert server.heard == []
        link = await connect_foreign(HERE, server.port, end.accept, trust=accepting(seen, [""]))
        link.write(b"yes")
        assert await end.until(3) == b"yes"
        link.close()
        await end.gone.wait()
