"""Files as a gateway signs them: CMS SignedData (RFC 5652) around the content.

The signature is a real one, by an EC key (P-256) made of the gateway's seed, deterministic after
RFC 6979, so that the same content always gives the same file. It proves nothing: everyone who knows
the seed has the key. Where the cryptographic library cannot sign deterministically there is none,
and the file has no signer.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from textwrap import wrap
from typing import TYPE_CHECKING

from mitmeter.devices.smgw.emulated.der import (
    BIT_STRING,
    CONSTRUCTED_OCTETS,
    NULL,
    OCTET_STRING,
    PRINTABLE,
    SEQUENCE,
    SET,
    UTC_TIME,
    UTF8,
    context,
    integer,
    oid,
    tlv,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_PIECE = 1_000  # octets of each piece of a split content
_DATA, _SIGNED = oid("1.2.840.113549.1.7.1"), oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE, _DIGEST = oid("1.2.840.113549.1.9.3"), oid("1.2.840.113549.1.9.4")
_SHA256 = tlv(SEQUENCE, oid("2.16.840.1.101.3.4.2.1"), tlv(NULL))
_ECDSA = tlv(SEQUENCE, oid("1.2.840.10045.4.3.2"))
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_SERIAL = 1
_COUNTRY, _COMMON, _ORGANIZATION = oid("2.5.4.6"), oid("2.5.4.3"), oid("2.5.4.10")
# A certificate without an end of its own has this one (RFC 5280 §4.1.2.5).
_SINCE, _UNTIL = b"200101000000Z", b"491231235959Z"


@dataclass(frozen=True, slots=True)
class Signer:
    """A gateway's key for signing readings, and its certificate in DER."""

    key: EllipticCurvePrivateKey
    name: bytes
    certificate: bytes

    @staticmethod
    def of(seed: str, id: str) -> Signer:
        """Return the signer of the gateway with that seed and id."""
        return _signer(seed, id)

    @property
    def certificate_pem(self) -> str:
        lines = wrap(b64encode(self.certificate).decode(), 64)
        return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""))

    def sealed(self, content: bytes, *, split: bool = False, signed: bool = True) -> bytes:
        """Return the file around a content.

        split:  the content lies there in pieces, as BER allows and parsers forget.
        signed: or there is no signer, which is SignedData still.
        """
        octets = tlv(OCTET_STRING, content)
        if split:
            pieces = (content[at : at + _PIECE] for at in range(0, len(content), _PIECE))
            octets = tlv(CONSTRUCTED_OCTETS, *(tlv(OCTET_STRING, piece) for piece in pieces))
        info = self._signer_info(content) if signed else b""
        data = tlv(
            SEQUENCE,
            integer(1),
            tlv(SET, _SHA256),
            tlv(SEQUENCE, _DATA, context(0, octets)),
            context(0, self.certificate),
            tlv(SET, info),
        )
        return tlv(SEQUENCE, _SIGNED, context(0, data))

    def _signer_info(self, content: bytes) -> bytes:
        attributes = (
            tlv(SEQUENCE, _CONTENT_TYPE, tlv(SET, _DATA)),
            tlv(SEQUENCE, _DIGEST, tlv(SET, tlv(OCTET_STRING, sha256(content).digest()))),
        )
        # What is signed is the set of attributes under its own tag, not under [0] (§5.4).
        signature = _signature(self.key, tlv(SET, *attributes))
        if not signature:
            return b""
        return tlv(
            SEQUENCE,
            integer(1),
            tlv(SEQUENCE, self.name, integer(_SERIAL)),
            _SHA256,
            context(0, *attributes),
            _ECDSA,
            tlv(OCTET_STRING, signature),
        )


@lru_cache(maxsize=8)
def _signer(seed: str, id: str) -> Signer:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    number = int.from_bytes(sha256(f"{seed}/key".encode()).digest(), "big") % (_ORDER - 1) + 1
    key = ec.derive_private_key(number, ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    name = _name(id)
    body = tlv(
        SEQUENCE,
        context(0, integer(2)),
        integer(_SERIAL),
        _ECDSA,
        name,
        tlv(SEQUENCE, tlv(UTC_TIME, _SINCE), tlv(UTC_TIME, _UNTIL)),
        name,
        public,
    )
    signature = _signature(key, body)
    return Signer(key, name, tlv(SEQUENCE, body, _ECDSA, tlv(BIT_STRING, b"\0", signature)))


def _name(id: str) -> bytes:
    parts = (
        (_COMMON, tlv(UTF8, f"{id.upper()}.SIG".encode())),
        (_COUNTRY, tlv(PRINTABLE, b"DE")),
        (_ORGANIZATION, tlv(UTF8, b"SMGW")),
    )
    return tlv(SEQUENCE, *(tlv(SET, tlv(SEQUENCE, kind, value)) for kind, value in parts))


def _signature(key: EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Return the signature, empty where it could only be made with randomness."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        return key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    except UnsupportedAlgorithm:
        return b""
