"""Trust on first use: what is pinned, refused, accepted and forgotten."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mitmeter.errors import LinkError
from mitmeter.transport.pins import Changed, Known, New, PinBook

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BEGINS = datetime(2025, 1, 1, tzinfo=UTC)
ENDS = datetime(2030, 1, 1, tzinfo=UTC)
GATEWAY = "192.0.2.7:443"


def certificate(name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


FIRST = certificate("ETST0000000001.SMGW")
OTHER = certificate("ETST0000000001.SMGW")


@pytest.fixture
def book(tmp_path: Path) -> PinBook:
    return PinBook(tmp_path / "certificates" / "pins.json")


def test_the_first_certificate_is_pinned_with_what_a_person_wants_to_know(book: PinBook) -> None:
    judged = book.judge(GATEWAY, FIRST, "gateway", NOW)
    assert isinstance(judged, New)
    shown = judged.pin.trusted
    assert shown.sha256 == hashlib.sha256(FIRST).hexdigest()
    assert shown.subject == "CN=ETST0000000001.SMGW"
    assert (shown.begins, shown.ends) == ("2025-01-01T00:00:00+00:00", "2030-01-01T00:00:00+00:00")
    assert (shown.seen, shown.station) == ("2026-03-01T12:00:00+00:00", "gateway")
    assert book.pins() == [judged.pin]


def test_the_same_certificate_is_known_ever_after(book: PinBook) -> None:
    first = book.judge(GATEWAY, FIRST, "gateway", NOW)
    again = book.judge(GATEWAY, FIRST, "another", NOW + timedelta(days=1))
    assert again == Known(first.pin)


def test_another_certificate_is_refused_until_it_is_accepted(book: PinBook) -> None:
    book.judge(GATEWAY, FIRST, "gateway", NOW)
    changed = book.judge(GATEWAY, OTHER, "gateway", NOW)
    assert isinstance(changed, Changed)
    assert changed.first
    assert hashlib.sha256(FIRST).hexdigest() in str(changed)
    assert hashlib.sha256(OTHER).hexdigest() in str(changed)
    assert f"mitmeter pins accept {GATEWAY}" in str(changed)
    again = book.judge(GATEWAY, OTHER, "gateway", NOW)
    assert isinstance(again, Changed)
    assert not again.first
    assert book.accept(GATEWAY).trusted.sha256 == hashlib.sha256(OTHER).hexdigest()
    assert isinstance(book.judge(GATEWAY, OTHER, "gateway", NOW), Known)
    assert isinstance(book.judge(GATEWAY, FIRST, "gateway", NOW), Changed)


def test_while_another_waits_to_be_accepted_the_trusted_one_still_is(book: PinBook) -> None:
    book.judge(GATEWAY, FIRST, "gateway", NOW)
    book.judge(GATEWAY, OTHER, "gateway", NOW)
    assert isinstance(book.judge(GATEWAY, FIRST, "gateway", NOW), Known)


def test_a_forgotten_server_is_trusted_anew(book: PinBook) -> None:
    book.judge(GATEWAY, FIRST, "gateway", NOW)
    book.forget(GATEWAY)
    assert isinstance(book.judge(GATEWAY, OTHER, "gateway", NOW), New)


def test_servers_are_told_apart_by_their_port_too(book: PinBook) -> None:
    book.judge(GATEWAY, FIRST, "gateway", NOW)
    assert isinstance(book.judge("192.0.2.7:8443", OTHER, "gateway", NOW), New)


def test_what_cannot_be_accepted_or_forgotten_is_told(book: PinBook) -> None:
    with pytest.raises(LinkError, match=r"no certificate of 192\.0\.2\.7:443 is known"):
        book.accept(GATEWAY)
    book.judge(GATEWAY, FIRST, "gateway", NOW)
    with pytest.raises(LinkError, match="there is none to accept"):
        book.accept(GATEWAY)
    with pytest.raises(LinkError, match=r"no certificate of other:1 is known; known are 192"):
        book.forget("other:1")


def test_of_many_first_uses_at_once_one_is_the_first(tmp_path: Path) -> None:
    shown = [certificate(f"E{number}") for number in range(8)]

    def use(der: bytes) -> object:
        return type(PinBook(tmp_path / "pins.json").judge(GATEWAY, der, "gateway", NOW))

    with ThreadPoolExecutor(8) as pool:
        judged = list(pool.map(use, shown))
    assert judged.count(New) == 1
    assert judged.count(Changed) == 7


def test_bytes_that_are_no_certificate_are_pinned_all_the_same(book: PinBook) -> None:
    assert isinstance(book.judge(GATEWAY, b"junk", "gateway", NOW), New)
    assert isinstance(book.judge(GATEWAY, b"junk", "gateway", NOW), Known)
    assert book.pins()[0].trusted.subject == "unreadable"


@pytest.mark.parametrize("text", ["", "{}", '{"pins": [{"where": 1}]}', "[1]"])
def test_a_file_that_is_none_of_ours_is_left_alone_and_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pins.json"
    path.write_text(text)
    with pytest.raises(LinkError, match="holds no pins of ours"):
        PinBook(path).judge(GATEWAY, FIRST, "gateway", NOW)
    assert path.read_text() == text


def test_nobody_else_may_read_the_file(book: PinBook, tmp_path: Path) -> None:
    book.judge(GATEWAY, FIRST, "gateway", NOW)
    assert (tmp_path / "certificates" / "pins.json").stat().st_mode & 0o077 == 0
