"""Makes X.509 certificates in the shapes that devices are known to take.

`cryptography` is imported where it is used: it is heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from mitmeter.errors import LinkError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

_YEARS_10 = timedelta(days=3_650)
_DAY = timedelta(days=1)
# The first day of the certificate that Efergy's own cloud showed [O].
_SENSORNET = datetime(2015, 1, 18, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a certificate looks like.

    p384:    the key is one of the curve secp384r1, not RSA.
    tls12:   shown by TLS 1.2 only.
    issued:  by our authority, with the host names as alternative names; else self-signed, without.
    since:   begins then, rather than a day ago: a device whose clock is behind is not put off.
    subject: X.509 attributes beside the common name, which is the first host name.
    """

    bits: int = 2048
    p384: bool = False
    tls12: bool = False
    sha1: bool = False
    issued: bool = False
    lasts: timedelta = _YEARS_10
    since: datetime | None = None
    subject: tuple[tuple[str, str], ...] = ()


KINDS = {
    # A smart meter gateway's own at its consumer interface, TLS 1.2 (fact sheet §1.3 [D, O]).
    "smgw": Kind(p384=True, tls12=True, subject=(("C", "DE"), ("OU", "TST"), ("O", "SMGW"))),
    # For everything that looks at certificates as today's clients do.
    "plain": Kind(issued=True, lasts=timedelta(days=365)),
    # A Glow display takes any self-signed certificate [O]; this shape is known to work [O].
    "glow": Kind(
        since=_SENSORNET,
        subject=(("O", "sensornet"), ("emailAddress", "ops@hildebrand.co.uk")),
    ),
    # Efergy hubs: RSA-1024, SHA-1, self-signed and marked as an authority is known to work [O];
    # longer keys and SHA-256 are untested [U]. The dates are taken not to be checked [I].
    "legacy": Kind(
        bits=1024,
        sha1=True,
        since=_SENSORNET,
        subject=(
            ("O", "sensornet"),
            ("L", "London"),
            ("ST", "London"),
            ("C", "GB"),
            ("emailAddress", "ops@hildebrand.co.uk"),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authority that can sign."""

    certificate: x509.Certificate
    key: RSAPrivateKey


def new_key(bits: int) -> RSAPrivateKey:
    """Return a new RSA key. Takes a hundredth of a second for 1024 bits, a tenth for 2048."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(65_537, bits)


def key_of(kind: Kind) -> PrivateKey:
    """Return a new key for a certificate of this kind."""
    if not kind.p384:
        return new_key(kind.bits)
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP384R1())


def self_signed(names: tuple[str, ...], kind: Kind, key: PrivateKey, now: datetime) -> bytes:
    """Return a certificate signed by its own key, DER."""
    subject = _name((("CN", _common(names)), *kind.subject))
    made = _as_openssl(subject, key, kind.since or now - _DAY, now + kind.lasts)
    return _with_sha1(made, key) if kind.sha1 else made


def issued(
    names: tuple[str, ...], kind: Kind, key: PrivateKey, issuer: Issuer, now: datetime
) -> bytes:
    """Return a server's certificate signed by an authority, DER."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    subject = _name((("CN", _common(names)), *kind.subject))
    since, until = kind.since or now - _DAY, now + kind.lasts
    usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        _builder(subject, issuer.certificate.subject, key, since, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .add_extension(usage, critical=False)
        .add_extension(authority, critical=False)
        .sign(issuer.key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def authority(key: RSAPrivateKey, mark: str, now: datetime) -> bytes:
    """Return an authority's certificate, DER. With the same key and mark it stands in for an older
    one: what that has signed stays good.
    """
    subject = _name((("O", "mitmeter"), ("CN", f"mitmeter authority {mark}")))
    return _as_openssl(subject, key, now - _DAY, now + _YEARS_10)


def _as_openssl(subject: x509.Name, key: PrivateKey, since: datetime, until: datetime) -> bytes:
    """Return what `openssl req -x509` makes: marked as an authority, with both key identifiers."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    return (
        _builder(subject, subject, key, since, until)
        .add_extension(own, critical=False)
        .add_extension(issuer, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _general(name: str) -> x509.GeneralName:
    """Return a host name or an address as a certificate holds it."""
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _common(names: tuple[str, ...]) -> str:
    """Return a common name, which has 64 characters at most."""
    return next((name for name in names if len(name) <= 64), "mitmeter")


def _name(attributes: tuple[tuple[str, str], ...]) -> x509.Name:
    from cryptography import x509

    oids = {
        "CN": x509.NameOID.COMMON_NAME,
        "O": x509.NameOID.ORGANIZATION_NAME,
        "OU": x509.NameOID.ORGANIZATIONAL_UNIT_NAME,
        "L": x509.NameOID.LOCALITY_NAME,
        "ST": x509.NameOID.STATE_OR_PROVINCE_NAME,
        "C": x509.NameOID.COUNTRY_NAME,
        "emailAddress": x509.NameOID.EMAIL_ADDRESS,
    }
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in attributes])


# AlgorithmIdentifier of a PKCS #1 v1.5 signature (RFC 8017 appendix A.2.4): a sequence of the
# object 1.2.840.113549.1.1.n and NULL. n = 5 is SHA-1, n = 11 SHA-256; the lengths are the same.
_SHA256_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
_SHA1_RSA = bytes.fromhex("300d06092a864886f70d0101050500")


def _with_sha1(der: bytes, key: PrivateKey) -> bytes:
    """Return a self-signed certificate signed again, with SHA-1.

    `cryptography` will not put SHA-1 into a certificate, but signs bytes with it. So the part that
    is signed is taken over with one change, the algorithm it names, and wrapped up again:

        Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature BIT STRING }

    (RFC 5280 §4.1). The openssl program could make one too, but is not everywhere, and some
    distributions' policies forbid it SHA-1.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if not isinstance(key, RSAPrivateKey):
        raise LinkError("certificate with SHA-1: for RSA keys only")
    signed = x509.load_der_x509_certificate(der).tbs_certificate_bytes
    before, found, after = signed.partition(_SHA256_RSA)
    if not found:
        raise LinkError("certificate with SHA-1: the place of the algorithm was not found")
    signed = before + _SHA1_RSA + after
    sha1 = hashes.SHA1()  # noqa: S303 - the device knows nothing better
    signature = key.sign(signed, padding.PKCS1v15(), sha1)
    # A bit string begins with the number of its unused bits.
    return _der(0x30, signed + _SHA1_RSA + _der(0x03, b"\0" + signature))


def _der(tag: int, content: bytes) -> bytes:
    """Return content with its DER header (X.690 §8.1.3); lengths from 128 on are counted first."""
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
