"""Our own certificates: a small authority in a folder, and what it has made.

The certificate of a server and its private key are one PEM file, so that there is never one without
the other. Time comes in as an argument. `cryptography` is imported where it is used: it is heavy.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from mitmeter.errors import LinkError
from mitmeter.transport.x509 import KINDS, Issuer, authority, issued, key_of, new_key, self_signed

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from mitmeter.transport.x509 import PrivateKey

RENEW_BEFORE = timedelta(days=30)
# A client that invents names shall not fill the disk or wear out the processor.
NAMES_PER_HOUR = 20
MOST_NAMES = 256

_HOUR = timedelta(hours=1)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its private key, on disk.

    path:   PEM, key first, mode 0600.
    names:  host names and wildcards it is good for.
    sha256: of the DER, hexadecimal: what a client would pin.
    """

    path: Path
    names: tuple[str, ...]
    not_after: datetime
    sha256: str

    def covers(self, name: str) -> bool:
        """Tell whether a client that asks for this host finds it here; a wildcard stands for one
        label (RFC 6125 §6.4.3).
        """
        name = name.lower().removesuffix(".")
        parent = name.partition(".")[2]
        return name in self.names or (bool(parent) and f"*.{parent}" in self.names)

    def due(self, now: datetime) -> bool:
        """Tell whether it is time for a new one."""
        return now + RENEW_BEFORE >= self.not_after


def host_name(name: str) -> str:
    """Return a host name in lower case without a final dot, or "" when it is none (RFC 1123)."""
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or labels[-1].isdigit():
        return ""
    return name if all(_LABEL.fullmatch(label) for label in labels) else ""


def is_address(text: str) -> bool:
    """Tell whether it is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def read_certificate(path: Path) -> Certificate:
    """Return the certificate of a PEM file that holds its RSA key too, such as one made elsewhere.
    Raises LinkError.
    """
    found, _ = _read(path)
    return _described(path, found)


class Authority:
    """The folder of our certificates. What it has made it gives again; what runs out it makes anew.

    Making a key takes up to a second on a small computer: ask for what is needed at start, or from
    a thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked: dict[Path, tuple[tuple[str, ...], str]] = {}
        self._by_name: dict[str, Certificate] = {}
        self._made: deque[datetime] = deque()

    @property
    def root(self) -> Path:
        """The authority's own certificate without its key, for those who want to trust it."""
        return self._folder / "authority.crt"

    def certificate_for(
        self, names: Sequence[str], *, kind: str = "plain", now: datetime
    ) -> Certificate:
        """Return a certificate for host names, wildcards such as `*.sensornet.info`, or addresses.

        kind:   a key of `x509.KINDS`.
        Raises: LinkError when the folder cannot be written, a name is none, or the authority's key
                cannot be read (it is never replaced without a word: others may trust it).
        """
        asked = tuple(_host_or_wildcard(name) for name in names)
        if not asked or "" in asked:
            raise LinkError(f"certificate for {', '.join(names) or 'nothing'}: no host name")
        mark = hashlib.sha256("\n".join(asked).encode()).hexdigest()[:12]
        path = self._folder / f"{kind}-{mark}.pem"
        self._asked[path] = (asked, kind)
        return _ready(path, now) or self._make(path, now)

    def for_name(self, name: str, now: datetime) -> Certificate | None:
        """Return a certificate for the one host a client asks for (SNI), or None when it is no
        host name, too many new ones were asked for this hour, or it cannot be made. Never raises.
        """
        host = host_name(name)
        if not host:
            return None
        known = self._by_name.pop(host, None)
        if known is None or known.due(now):
            path = self._folder / "names" / f"{host}.pem"
            known = _ready(path, now) or self._make_named(path, host, now)
        if known is not None:
            self._by_name[host] = known  # the most recently used last
            if len(self._by_name) > MOST_NAMES:
                del self._by_name[next(iter(self._by_name))]
        return known

    def renew_due(self, now: datetime) -> list[Certificate]:
        """Make anew what was asked for and runs out within 30 days; return what is new. The files
        keep their names, so whoever has loaded one loads it again. Raises LinkError.
        """
        return [self._make(path, now) for path in self._asked if _ready(path, now) is None]

    def _make(self, path: Path, now: datetime) -> Certificate:
        names, name = self._asked[path]
        kind = KINDS[name]
        key = key_of(kind)
        if kind.issued:
            der = issued(names, kind, key, self._issuer(now), now)
        else:
            der = self_signed(names, kind, key, now)
        return _write(path, key, der)

    def _make_named(self, path: Path, host: str, now: datetime) -> Certificate | None:
        while self._made and now - self._made[0] >= _HOUR:
            self._made.popleft()
        if len(self._made) >= NAMES_PER_HOUR:
            return None
        self._made.append(now)
        try:
            _private_folder(path.parent)
            _prune(path.parent)
            key, kind = self._shared_key(), KINDS["plain"]
            return _write(path, key, issued((host,), kind, key, self._issuer(now), now))
        except (OSError, LinkError):
            return None

    def _shared_key(self) -> RSAPrivateKey:
        """Return the one key of all certificates made in the middle of a handshake: signing takes
        a thousandth of a second, making a key far longer.
        """
        path = self._folder / "names.key"
        try:
            return _rsa(_private_key(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            key = new_key(2048)
            _write_private(path, _pem(key))
            return key

    def _issuer(self, now: datetime) -> Issuer:
        """Return the authority, made or prolonged where needed."""
        from cryptography import x509

        path = self._folder / "authority.pem"
        if path.exists():
            found, key = _read(path)
            if now + RENEW_BEFORE < found.not_valid_after_utc:
                return Issuer(found, _rsa(key))
        else:
            key = new_key(2048)
        mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
        der = authority(_rsa(key), mark, now)
        _write(path, key, der)
        _write_private(self.root, _armoured(der))
        return Issuer(x509.load_der_x509_certificate(der), _rsa(key))


def _host_or_wildcard(name: str) -> str:
    if is_address(name):
        return name
    rest = host_name(name.removeprefix("*."))
    return f"*.{rest}" if rest and name.startswith("*.") else rest


def _ready(path: Path, now: datetime) -> Certificate | None:
    """Return what is on disk if it is sound and lasts."""
    try:
        found = read_certificate(path)
    except LinkError:
        return None
    return None if found.due(now) else found


def _read(path: Path) -> tuple[x509.Certificate, PrivateKey]:
    from cryptography import x509

    try:
        data = path.read_bytes()
        found, key = x509.load_pem_x509_certificate(data), _private_key(data)
    except (OSError, ValueError, TypeError) as exc:
        raise LinkError(f"{path}: no certificate and key to read: {exc}") from exc
    if found.public_key() != key.public_key():
        raise LinkError(f"{path}: the key is not that of the certificate")
    return found, key


def _described(path: Path, found: x509.Certificate) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        addresses = map(str, extension.value.get_values_for_type(x509.IPAddress))
        names = (*extension.value.get_values_for_type(x509.DNSName), *addresses)
    except x509.ExtensionNotFound:
        common = found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        names = tuple(str(each.value).lower() for each in common)
    print_ = found.fingerprint(hashes.SHA256()).hex()
    return Certificate(path, names, found.not_valid_after_utc, print_)


def _private_key(data: bytes) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(data, None)
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ValueError("the key is neither RSA nor of an elliptic curve")
    return key


def _rsa(key: PrivateKey) -> RSAPrivateKey:
    """Return the key as what old devices take. Raises LinkError for another."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if not isinstance(key, RSAPrivateKey):
        raise LinkError("the authority's key is not RSA, which is what old devices take")
    return key


def _pem(key: PrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    return key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
    )


def _armoured(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).encode("ascii")


def _write(path: Path, key: PrivateKey, der: bytes) -> Certificate:
    _write_private(path, _pem(key) + _armoured(der))
    return read_certificate(path)


def _private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _prune(folder: Path) -> None:
    """Make room for one more."""
    kept = sorted(folder.glob("*.pem"), key=lambda each: each.stat().st_mtime)
    for oldest in kept[: max(0, len(kept) - MOST_NAMES + 1)]:
        oldest.unlink()


def _write_private(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, for us only. Raises LinkError."""
    new = path.with_name(path.name + ".new")
    try:
        _private_folder(path.parent)
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except OSError as exc:
        raise LinkError(f"{path}: cannot be written: {exc.strerror or exc}") from exc
