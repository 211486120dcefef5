import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mitmeter.transport.certificates import Certificate

EMAIL = "ops@hildebrand.co.uk"


def parsed(certificate: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate.path.read_bytes())


def key_of(found: x509.Certificate) -> RSAPublicKey:
    key = found.public_key()
    assert isinstance(key, RSAPublicKey)
    return key


def test_a_displays_certificate_has_the_shape_that_is_known_to_work(glow: Certificate) -> None:
    found = parsed(glow)
    assert (
        found.subject.rfc4514_string()
        == f"1.2.840.113549.1.9.1={EMAIL},O=sensornet,CN=*.sensornet.info"
    )
    assert found.issuer == found.subject
    assert key_of(found).key_size == 2048
    assert isinstance(found.signature_hash_algorithm, hashes.SHA256)
    found.verify_directly_issued_by(found)


def test_a_hubs_certificate_has_the_shape_that_is_known_to_work(legacy: Certificate) -> None:
    found = parsed(legacy)
    assert found.subject.rfc4514_string() == (
        f"1.2.840.113549.1.9.1={EMAIL},C=GB,ST=London,L=London,O=sensornet,CN=*.sensornet.info"
    )
    assert found.issuer == found.subject
    assert key_of(found).key_size == 1024
    assert found.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.5"
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert len(found.public_bytes(serialization.Encoding.DER)) < 1_000


def test_a_hubs_certificate_is_truly_signed_with_sha1(legacy: Certificate) -> None:
    found = parsed(legacy)
    # Raises InvalidSignature where it is not.
    key_of(found).verify(
        found.signature, found.tbs_certificate_bytes, padding.PKCS1v15(), hashes.SHA1()
    )


@pytest.mark.parametrize("kind", ["glow", "legacy"])
def test_a_device_with_its_clock_years_behind_finds_the_certificate_begun(
    kind: str, request: pytest.FixtureRequest
) -> None:
    found = parsed(request.getfixturevalue(kind))
    assert found.not_valid_before_utc == datetime(2015, 1, 18, tzinfo=UTC)
    assert found.not_valid_after_utc > datetime.now(UTC) + timedelta(days=3_600)


def test_a_plain_certificate_is_signed_by_our_authority_for_its_names(
    plain: Certificate, glow: Certificate
) -> None:
    found = parsed(plain)
    root = x509.load_pem_x509_certificate((plain.path.parent / "authority.crt").read_bytes())
    found.verify_directly_issued_by(root)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["meter.example"]
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.system
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl program")
def test_openssl_reads_a_hubs_certificate_and_finds_its_signature_good(
    legacy: Certificate, tmp_path: Path
) -> None:
    shown = subprocess.run(
        ["openssl", "x509", "-in", legacy.path, "-noout", "-text"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert shown.count("Signature Algorithm: sha1WithRSAEncryption") == 2
    assert "Public-Key: (1024 bit)" in shown
    assert "CA:TRUE" in shown
    alone = tmp_path / "alone.crt"
    subprocess.run(["openssl", "x509", "-in", legacy.path, "-out", alone], check=True)
    verified = subprocess.run(
        ["openssl", "verify", "-check_ss_sig", "-auth_level", "0", "-CAfile", alone, alone],
        check=False,
        capture_output=True,
        text=True,
    )
    assert verified.stdout.endswith(": OK\n"), verified.stderr
