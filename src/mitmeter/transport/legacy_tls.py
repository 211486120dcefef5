"""SSL 3.0 and TLS 1.0 with RC4 and 3DES, for hubs whose firmware knows nothing newer.

Broken as cryptography: only where a station asks for it, never on a port that modern clients use,
never with a key or certificate that serves anything else. All of it is in this module, on
tlslite-ng, which is pure Python: a handshake is some milliseconds of our processor and a megabyte
takes a second, so both are rationed.
"""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from mitmeter.errors import LinkError
from mitmeter.transport.hello import client_hello, suite_words, version_words
from mitmeter.transport.limits import Limits
from mitmeter.transport.secure import Accept, Door, Failed, Patience, SecureLink
from mitmeter.transport.secure_sockets import SecureListener, dial, listen_secure
from mitmeter.transport.tcp import Refused

# A household has a handful of hubs, each with a connection or two.
LIMITS = Limits(connections=64, per_address=16, backlog_bytes=65_536)
PATIENCE = Patience(seconds=15.0, together=16)

# Suites with RSA key exchange, as tlslite names their parts.
_SUITES = {
    0x0004: ("rc4", "md5"),
    0x0005: ("rc4", "sha"),
    0x000A: ("3des", "sha"),
    0x002F: ("aes128", "sha"),
    0x0035: ("aes256", "sha"),
}

_ALERT = 0x15
_RECORD_TYPES = range(0x14, 0x18)
_MOST_RECORD = 5 + 16_384 + 2_048
# Ciphertext worked off in one turn of the loop, which takes about as many microseconds.
_PER_TURN = 16_384

# By the number of the alert (RFC 5246 §7.2).
_REASONS = {
    40: "no cipher in common",
    70: "no version in common: SSL 3.0 and TLS 1.0 are spoken here",
}

# What tlslite's generators say between results.
_HUNGRY = 0
_WRITES = 1

# What tlslite is seen or can be expected to raise on bytes that are no TLS. It is a parser in
# Python under somebody else's control: a slip in it ends one connection, never more.
_SLIPS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


class LegacyIdentity:
    """The certificate and key a legacy listener shows, in one PEM file.

    Raises LinkError where the file cannot be read, or where tlslite-ng is not installed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.chain: Any = None
        self.key: Any = None
        self.reload()

    def reload(self) -> None:
        """Read the file again, for the handshakes to come."""
        tls = _tlslite()
        try:
            text = self._path.read_text("ascii")
            chain = tls.X509CertChain()
            chain.parsePemList(text)
            self.key = tls.parsePEMKey(text, private=True, implementations=["python"])
        except _SLIPS as exc:
            raise LinkError(f"{self._path}: no certificate and key to read: {exc}") from exc
        self.chain = chain


async def listen_legacy(
    host: str,
    port: int,
    accept: Accept,
    *,
    identity: LegacyIdentity,
    limits: Limits | None = None,
    refused: Refused | None = None,
    failed: Failed | None = None,
    patience: Patience | None = None,
) -> SecureListener:
    """Listen on one address for SSL 3.0 and TLS 1.0, as `tls.listen_tls` does for newer ones, but
    with close limits.
    """
    door = Door(accept, failed, refused, patience or PATIENCE)
    return await listen_secure(
        host, port, lambda: LegacyEngine(identity), door, limits=limits or LIMITS
    )


async def connect_legacy(
    host: str, port: int, accept: Accept, *, timeout: float = 10.0
) -> SecureLink:
    """Connect as an old hub does, with SSL 3.0 and RC4-MD5 first, any certificate accepted.

    Raises: LinkError in words.
    """
    return await dial(f"ssl3://{host}:{port}", host, port, accept, LegacyEngine(), timeout)


class LegacyEngine:
    """An `Engine` on tlslite.

    identity: what the server shows; without one we are the client.

    Whole records are handed to tlslite one at a time. So an alert after the handshake can be kept
    from it: to tlslite the peer's close_notify ends both directions, to us only the peer's. (It
    could be an alert of another kind, which is encrypted too; with any of them the peer is done.)
    """

    __slots__ = (
        "_handshake",
        "_identity",
        "_pending",
        "_reading",
        "_shaken",
        "_tls",
        "_wire",
        "broken",
        "certificate",
        "cipher",
        "ended",
        "version",
    )

    def __init__(self, identity: LegacyIdentity | None = None) -> None:
        self._identity = identity
        self._wire = _Wire()
        self._tls: Any = _tlslite().TLSConnection(self._wire)
        # Else tlslite does not let us read on once we have said that we send no more.
        self._tls.closeSocket = False
        self._handshake: Iterator[Any] | None = None
        self._reading: Iterator[Any] | None = None
        self._shaken = False
        self._pending = bytearray()
        self.version = ""
        self.cipher = ""
        self.certificate = b""
        self.ended = False
        self.broken = ""

    @property
    def waiting(self) -> bool:
        return not self.ended and self._whole() > 0

    def feed(self, data: bytes) -> None:
        self._pending += data

    def shake(self) -> bool:
        if self._handshake is None:
            if self._identity is not None and not self._whole():
                return False
            self._handshake = self._begin()
        while not self.broken:
            hungry = self._advance(self._handshake) == _HUNGRY
            if not hungry and not self.broken:
                self._note_facts()
                return True
            if not self._next_record():
                break
        return False

    def read(self) -> bytes:
        parts: list[bytes] = []
        taken = 0
        while taken < _PER_TURN and not self.ended and not self.broken:
            if self._whole() and self._pending[0] == _ALERT:
                self.ended = True
                break
            taken += (size := self._next_record())
            if not size:
                break
            work = self._reading or self._tls.readAsync()
            found = self._advance(work)
            self._reading = work if found == _HUNGRY else None
            if isinstance(found, bytes):
                parts.append(found)
        return b"".join(parts)

    def write(self, data: bytes) -> None:
        if not self.broken:
            self._advance(self._tls.writeAsync(data))

    def finish(self) -> None:
        # Sends the alert, then would wait for the peer's; that we do ourselves.
        closing = self._tls.closeAsync()
        self._advance(closing)
        closing.close()

    def outgoing(self) -> bytes:
        sent = bytes(self._wire.outbox)
        self._wire.outbox.clear()
        return sent

    def _begin(self) -> Iterator[Any]:
        tls = _tlslite()
        if self._identity is None:
            client: Iterator[Any] = self._tls.handshakeClientCert(
                settings=_hub_settings(tls), async_=True
            )
            return client
        hello = client_hello(bytes(self._pending))
        wished = [suite for suite in hello.suites if suite in _SUITES] if hello is not None else []
        # tlslite would take the strongest suite; a hub is best known with the one it likes best.
        settings = _settings(tls, *_SUITES[wished[0]]) if wished else _settings(tls)
        server: Iterator[Any] = self._tls.handshakeServerAsync(
            certChain=self._identity.chain, privateKey=self._identity.key, settings=settings
        )
        return server

    def _note_facts(self) -> None:
        major, minor = self._tls.version
        self.version = version_words(major << 8 | minor)
        session = self._tls.session
        self.cipher = suite_words(session.cipherSuite)
        if self._identity is None and session.serverCertChain is not None:
            self.certificate = bytes(session.serverCertChain.x509List[0].writeBytes())

    def _advance(self, work: Iterator[Any]) -> Any:
        """Go on with a piece of tlslite's work; return _HUNGRY when it wants bytes, its result if
        it has one, or None.
        """
        tls = _tlslite()
        try:
            for result in work:
                if result != _WRITES:
                    return result
        except tls.TLSRemoteAlert as exc:
            self.broken = f"the peer gave up: {_alert(tls, exc)}"
        except tls.TLSLocalAlert as exc:
            words = _REASONS.get(exc.description) or _alert(tls, exc)
            self.broken = f"{words} ({exc.message})" if exc.message else words
        except (tls.BaseTLSException, *_SLIPS) as exc:
            self.broken = f"no sound SSL: {exc or type(exc).__name__}"
        return None

    # records: type, version (2), length (2), body

    def _whole(self) -> int:
        """Return the size of the first record that is pending whole, or 0."""
        pending = self._pending
        if len(pending) < 5:
            return len(pending) if pending and pending[0] not in _RECORD_TYPES else 0
        size = 5 + int.from_bytes(pending[3:5], "big")
        if pending[0] not in _RECORD_TYPES or size > _MOST_RECORD:
            # A hello of SSL 2.0, or nothing sound: tlslite shall judge.
            return len(pending)
        return size if size <= len(pending) else 0

    def _next_record(self) -> int:
        """Hand over one record; return its size, 0 when there is none."""
        size = self._whole()
        self._wire.inbox += self._pending[:size]
        del self._pending[:size]
        return size


class _Wire:
    """What tlslite takes for a socket."""

    __slots__ = ("inbox", "outbox")

    def __init__(self) -> None:
        self.inbox = bytearray()
        self.outbox = bytearray()

    def recv(self, count: int) -> bytes:
        if not self.inbox:
            raise BlockingIOError(errno.EWOULDBLOCK, "nothing received yet")
        data = bytes(self.inbox[:count])
        del self.inbox[:count]
        return data

    def send(self, data: bytes) -> int:
        self.outbox += data
        return len(data)

    def sendall(self, data: bytes) -> None:
        self.outbox += data


def _settings(tls: Any, cipher: str = "", mac: str = "") -> Any:
    settings = tls.HandshakeSettings()
    settings.minVersion = (3, 0)
    settings.maxVersion = (3, 1)
    settings.versions = [(3, 1), (3, 0)]
    settings.cipherNames = [cipher] if cipher else ["aes256", "aes128", "3des", "rc4"]
    settings.macNames = [mac] if mac else ["sha", "md5"]
    settings.keyExchangeNames = ["rsa"]
    return settings


def _hub_settings(tls: Any) -> Any:
    """Return settings for a hello of the 47 bytes a hub's was seen to have [O]: SSL 3.0, two suites
    (RC4-MD5 and a signal), no extensions.
    """
    settings = _settings(tls, "rc4", "md5")
    settings.maxVersion = (3, 0)
    validate = settings.validate

    def validated() -> Any:
        found = validate()
        # Else tlslite adds an extension saying that certificates are X.509.
        found.getCertificateTypes = lambda: None
        return found

    settings.validate = validated
    return settings


def _alert(tls: Any, exc: Any) -> str:
    return str(tls.AlertDescription.toStr(exc.description)).replace("_", " ")


@cache
def _tlslite() -> Any:
    """Return tlslite, which is imported when first needed and has no types. Raises LinkError."""
    try:
        with warnings.catch_warnings():
            # It looks for asyncore, which we do not use.
            warnings.simplefilter("ignore", DeprecationWarning)
            return import_module("tlslite.api")
    except ImportError as exc:
        raise LinkError(
            "SSL 3.0 and TLS 1.0 need tlslite-ng, which is not installed: "
            "pip install 'mitmeter[legacy-tls]'"
        ) from exc
