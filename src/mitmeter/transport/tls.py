"""TLS 1.2 and 1.3 by the standard library: listeners and outgoing connections."""

from __future__ import annotations

import hashlib
import os
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mitmeter.errors import LinkError
from mitmeter.transport.certificates import Certificate
from mitmeter.transport.limits import Limits
from mitmeter.transport.secure import (
    Accept,
    Door,
    Failed,
    Patience,
    SecureLink,
)
from mitmeter.transport.secure_sockets import SecureListener, dial, listen_secure
from mitmeter.transport.tcp import Refused

# The most one record holds.
_RECORD = 16_384
_MOST_NAMED = 64

# Whatever a small device can do, strong things first: without certificate checks on its side the
# strength is for onlookers only, and a suite refused is a device lost. SECLEVEL=0 admits SHA-1
# signatures and short keys; suites without encryption or without a certificate stay out.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE:RSA+AESGCM:ALL:!aNULL:!eNULL:!PSK:!SRP"


class Identity:
    """The certificate a listener shows, and by name those it shows to clients that ask for one.

    by_name: gives the certificate for a host name (SNI) which the usual certificate does not cover,
             or None for the usual one. It is called in the middle of a handshake and must not
             raise; `Authority.for_name` is made for it.
    tls12:   speak TLS 1.2 and nothing newer.
    """

    def __init__(
        self,
        certificate: Certificate,
        by_name: Callable[[str], Certificate | None] | None = None,
        *,
        tls12: bool = False,
    ) -> None:
        self.certificate = certificate
        self._by_name = by_name
        self._named: dict[Path, ssl.SSLContext] = {}
        self.context = server_context(certificate.path)
        if tls12:
            self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        if by_name is not None:
            self.context.sni_callback = self._choose

    def reload(self) -> None:
        """Read the certificates from their files again, for the handshakes to come."""
        self._named.clear()
        _load(self.context, self.certificate.path)

    def _choose(self, handshake: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if not name or self._by_name is None or self.certificate.covers(name):
            return
        certificate = self._by_name(name)
        if certificate is None:
            return
        context = self._named.pop(certificate.path, None)
        if context is None:
            try:
                context = server_context(certificate.path)
            except LinkError:
                return  # its file has just been pruned: the usual one will do
        # The most recently used last.
        self._named[certificate.path] = context
        if len(self._named) > _MOST_NAMED:
            del self._named[next(iter(self._named))]
        handshake.context = context


@dataclass(frozen=True, slots=True)
class Verified:
    """The server's certificate must be signed by a known authority and name the host we asked for.

    authorities: a PEM file to take instead of the system's.
    """

    authorities: Path | None = None


@dataclass(frozen=True, slots=True)
class Pinned:
    """The server's certificate must be this one.

    sha256: of the certificate's DER, hexadecimal.
    """

    sha256: str


@dataclass(frozen=True, slots=True)
class Judged:
    """Somebody else decides, such as a book of pins: before anything is said to the server.

    judge: the certificate's DER → "" to go on, or why not, in words.
    """

    judge: Callable[[bytes], str]


@dataclass(frozen=True, slots=True)
class Unverified:
    """Any certificate will do, as it does for the devices we play."""


Trust = Verified | Pinned | Judged | Unverified
# OpenSSL's own client offers none of these; some meters know nothing else. One at a time is all
# that Python can offer, and TLS 1.3 has other numbers for them. Source: fact sheet §1.3 [O].
_NO_COMMON_GROUND = ("gave up: handshake failure", "in common", "hung up without a word")
BRAINPOOL = ("brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1")


def server_context(path: Path) -> ssl.SSLContext:
    """Return a context that shows the certificate of a PEM file, its private key in the same file.

    Raises LinkError where the file cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(f"{_CIPHERS}:@SECLEVEL=0")
    _load(context, path)
    _keep_keys(context)
    return context


def client_context(trust: Trust, curve: str = "") -> ssl.SSLContext:
    """Return a context for one outgoing connection. Raises LinkError where the authorities cannot
    be read.

    curve: of the key exchange, where only this one is to be offered.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if isinstance(trust, Verified):
        try:
            if trust.authorities is None:
                context.load_default_certs()
            else:
                context.load_verify_locations(trust.authorities)
        except OSError as exc:
            raise LinkError(f"{trust.authorities}: no authorities to read: {exc}") from exc
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # As tolerant of old servers as our listener is of old clients.
        context.set_ciphers(f"{_CIPHERS}:@SECLEVEL=0")
    if curve:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ecdh_curve(curve)
    _keep_keys(context)
    return context


def key_log() -> str:
    """Return the file an operator wants the keys of our TLS in, so that others can read along."""
    return os.environ.get("SSLKEYLOGFILE", "")


def _keep_keys(context: ssl.SSLContext) -> None:
    if path := key_log():
        try:
            context.keylog_filename = path
        except OSError as exc:
            raise LinkError(f"SSLKEYLOGFILE {path} cannot be written: {exc.strerror}") from exc


async def listen_tls(
    host: str,
    port: int,
    accept: Accept,
    *,
    identity: Identity,
    limits: Limits | None = None,
    refused: Refused | None = None,
    failed: Failed | None = None,
    patience: Patience | None = None,
) -> SecureListener:
    """Listen on one address; `accept` is called when a handshake is complete, `failed` with the
    peer and the reason when it is not. Raises LinkError that names who holds the port.
    """
    door = Door(accept, failed, refused, patience)
    return await listen_secure(
        host, port, lambda: ModernEngine(identity.context), door, limits=limits
    )


async def connect_tls(
    host: str,
    port: int,
    accept: Accept,
    *,
    trust: Trust,
    server_hostname: str | None = None,
    curve: str = "",
    timeout: float = 10.0,
) -> SecureLink:
    """Connect and complete the handshake, each within `timeout` seconds.

    server_hostname: the name to ask for (SNI) and to check, where it is not `host`.
    curve:           of the key exchange, one of BRAINPOOL, where only this one is to be offered.
    Raises:          LinkError in words, also when the certificate is not the trusted one.
    """
    where = f"tls://{host}:{port}"
    judge: Callable[[bytes], str] | None = None
    if isinstance(trust, Judged):
        judge = trust.judge
    elif isinstance(trust, Pinned):
        judge = _pinned(trust.sha256)
    try:
        engine = ModernEngine(client_context(trust, curve), server_hostname or host, judge)
    except ValueError as exc:
        raise LinkError(f"{where}: no name to ask a server for: {exc}") from exc
    return await dial(where, host, port, accept, engine, timeout)


async def connect_foreign(
    host: str, port: int, accept: Accept, *, trust: Trust, timeout: float = 10.0
) -> SecureLink:
    """Connect to a server that may know only curves which OpenSSL's client does not offer.

    Where the usual handshake finds no common ground, each of BRAINPOOL is tried by itself, on a new
    connection. Raises LinkError: the first failure, which says most.
    """
    try:
        return await connect_tls(host, port, accept, trust=trust, timeout=timeout)
    except LinkError as exc:
        if not any(mark in str(exc) for mark in _NO_COMMON_GROUND):
            raise
        failure = exc
    for curve in BRAINPOOL:
        with suppress(LinkError):
            return await connect_tls(host, port, accept, trust=trust, curve=curve, timeout=timeout)
    raise failure


def _pinned(sha256: str) -> Callable[[bytes], str]:
    pin = sha256.replace(":", "").lower()

    def judge(der: bytes) -> str:
        shown = hashlib.sha256(der).hexdigest()
        return "" if shown == pin else f"the server shows certificate {shown}, pinned is {pin}"

    return judge


class ModernEngine:
    """An `Engine` on OpenSSL's own buffers.

    name:  given, we are the client and this is the server's; without it we are the server.
    judge: the server's certificate → "", or why it will not do.
    """

    __slots__ = ("_in", "_judge", "_kept", "_out", "_peer", "_tls", "broken", "ended")

    def __init__(
        self,
        context: ssl.SSLContext,
        name: str = "",
        judge: Callable[[bytes], str] | None = None,
    ) -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._in, self._out, server_side=not name, server_hostname=name or None
        )
        self._judge = judge
        self._peer = "server" if name else "client"
        # Decrypted before its time, by `finish`.
        self._kept = b""
        self.ended = False
        self.broken = ""

    @property
    def waiting(self) -> bool:
        return bool(self._kept or self._in.pending)

    @property
    def version(self) -> str:
        return (self._tls.version() or "").replace("TLSv", "TLS ")

    @property
    def cipher(self) -> str:
        cipher = self._tls.cipher()
        return cipher[0].replace("_", "-") if cipher is not None else ""

    @property
    def certificate(self) -> bytes:
        return self._tls.getpeercert(True) or b""

    def feed(self, data: bytes) -> None:
        self._in.write(data)

    def shake(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as exc:
            self.broken = _why(exc, self._peer)
            return False
        if self._judge is not None:
            self.broken = self._judge(self.certificate)
        return not self.broken

    def read(self) -> bytes:
        if self._kept:
            kept, self._kept = self._kept, b""
            return kept + self.read()
        if self.ended or self.broken:
            return b""
        tls, incoming = self._tls, self._in
        parts: list[bytes] = []
        try:
            while True:
                part = tls.read(_RECORD)
                if not part:
                    self.ended = True
                    break
                parts.append(part)
                # Asking once more than needed would cost an exception per request.
                if not incoming.pending and not tls.pending():
                    break
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:  # the end again, once we have said ours
            self.ended = True
        except ssl.SSLError as exc:
            self.broken = _why(exc, self._peer)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def write(self, data: bytes) -> None:
        try:
            sent = self._tls.write(data)
            while sent < len(data):
                sent += self._tls.write(memoryview(data)[sent:])
        except ssl.SSLError as exc:
            self.broken = self.broken or _why(exc, self._peer)

    def finish(self) -> None:
        # Sending our close_notify looks for the peer's, and takes its data for an error.
        if self._in.pending:
            self._kept = self.read()
        with suppress(ssl.SSLError):  # ours is sent; theirs may not be here yet
            self._tls.unwrap()

    def outgoing(self) -> bytes:
        return self._out.read() if self._out.pending else b""


def _load(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_cert_chain(path)
    except OSError as exc:  # SSLError is one
        raise LinkError(f"{path}: no certificate and key to read: {exc}") from exc


_NOT_OURS = frozenset(
    {
        "bad certificate",
        "certificate expired",
        "certificate revoked",
        "certificate unknown",
        "unknown ca",
        "unsupported certificate",
    }
)
_REASONS = {
    "HTTP_REQUEST": "plain HTTP was spoken where TLS is expected",
    "NO_SHARED_CIPHER": "no cipher in common",
    "NO_SHARED_GROUP": "no key exchange group in common",
    "NO_SUITABLE_KEY_SHARE": "no key exchange group in common",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "no signature algorithm in common",
    "UNSUPPORTED_PROTOCOL": "no version in common: we speak TLS 1.2 and 1.3",
    "VERSION_TOO_LOW": "no version in common: we speak TLS 1.2 and 1.3",
    "WRONG_VERSION_NUMBER": "no TLS that we know was spoken",
}


def _why(exc: ssl.SSLError, peer: str) -> str:
    """Return OpenSSL's reason in words; `peer` is `client` or `server`."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"the {peer}'s certificate is not trusted: {exc.verify_message}"
    reason = exc.reason or str(exc)
    if "_ALERT_" in reason:
        alert = _plain(reason.split("_ALERT_", 1)[1])
        if alert in _NOT_OURS:
            return f"the {peer} refused our certificate: {alert}"
        return f"the {peer} gave up: {alert}"
    return _REASONS.get(reason) or _plain(reason)


def _plain(reason: str) -> str:
    return reason.lower().replace("_", " ")
