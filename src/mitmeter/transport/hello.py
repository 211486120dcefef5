"""What a TLS client says first, read by ourselves, so that a failed handshake can be explained.

Sans-IO: bytes in, a `ClientHello` or words out. OpenSSL tells neither what was offered to it nor by
whom once it has refused.
"""

from __future__ import annotations

from dataclasses import dataclass

_HANDSHAKE = 0x16
# Change of cipher, alert, handshake, application data.
_RECORDS = range(0x14, 0x18)
_CLIENT_HELLO = 1
_SERVER_NAME = 0
_SUPPORTED_VERSIONS = 43
_MOST_SUITES_SHOWN = 8

_VERSIONS = {
    0x0002: "SSL 2.0",
    0x0300: "SSL 3.0",
    0x0301: "TLS 1.0",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    0x0304: "TLS 1.3",
}

# The suites that small devices and their servers are seen to offer; the rest is shown as a number.
_SUITES = {
    0x0004: "RC4-MD5",
    0x0005: "RC4-SHA",
    0x0009: "DES-CBC-SHA",
    0x000A: "3DES-SHA",
    0x002F: "AES128-SHA",
    0x0035: "AES256-SHA",
    0x003C: "AES128-SHA256",
    0x003D: "AES256-SHA256",
    0x0033: "DHE-RSA-AES128-SHA",
    0x0039: "DHE-RSA-AES256-SHA",
    0x0067: "DHE-RSA-AES128-SHA256",
    0x006B: "DHE-RSA-AES256-SHA256",
    0x008C: "PSK-AES128-SHA",
    0x009C: "AES128-GCM-SHA256",
    0x009D: "AES256-GCM-SHA384",
    0x009E: "DHE-RSA-AES128-GCM-SHA256",
    0x009F: "DHE-RSA-AES256-GCM-SHA384",
    0x00A8: "PSK-AES128-GCM-SHA256",
    0x00AE: "PSK-AES128-SHA256",
    0x1301: "TLS-AES-128-GCM-SHA256",
    0x1302: "TLS-AES-256-GCM-SHA384",
    0x1303: "TLS-CHACHA20-POLY1305-SHA256",
    0xC009: "ECDHE-ECDSA-AES128-SHA",
    0xC00A: "ECDHE-ECDSA-AES256-SHA",
    0xC013: "ECDHE-RSA-AES128-SHA",
    0xC014: "ECDHE-RSA-AES256-SHA",
    0xC023: "ECDHE-ECDSA-AES128-SHA256",
    0xC024: "ECDHE-ECDSA-AES256-SHA384",
    0xC027: "ECDHE-RSA-AES128-SHA256",
    0xC028: "ECDHE-RSA-AES256-SHA384",
    0xC02B: "ECDHE-ECDSA-AES128-GCM-SHA256",
    0xC02C: "ECDHE-ECDSA-AES256-GCM-SHA384",
    0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
    0xC030: "ECDHE-RSA-AES256-GCM-SHA384",
    0xC0A8: "PSK-AES128-CCM-8",
    0xC0AE: "ECDHE-ECDSA-AES128-CCM-8",
    0xCCA8: "ECDHE-RSA-CHACHA20-POLY1305",
    0xCCA9: "ECDHE-ECDSA-CHACHA20-POLY1305",
}
# Signals in the list of suites that name no cipher (RFC 5746, RFC 7507).
_SIGNALS = frozenset({0x00FF, 0x5600})


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers.

    versions: newest first, such as 0x0303 for TLS 1.2; never empty.
    suites:   cipher suites in the client's order, without GREASE and signalling values.
    sni:      the host name asked for, as sent; "" without one.
    """

    versions: tuple[int, ...]
    suites: tuple[int, ...]
    sni: str = ""

    @property
    def version_words(self) -> str:
        """The newest version offered: `TLS 1.2`."""
        return version_words(self.versions[0])

    @property
    def suite_words(self) -> str:
        """The first few suites by name: `RC4-MD5, RC4-SHA and 3 more`."""
        shown = [suite_words(suite) for suite in self.suites[:_MOST_SUITES_SHOWN]]
        rest = len(self.suites) - len(shown)
        return ", ".join(shown) + (f" and {rest} more" if rest else "")

    def __str__(self) -> str:
        name = f"name {self.sni!a}" if self.sni else "no name"
        suites = self.suite_words or "no cipher"
        return f"offered {self.version_words} at most, {suites}; {name}"


def version_words(version: int) -> str:
    return _VERSIONS.get(version) or f"version 0x{version:04x}"


def suite_words(suite: int) -> str:
    return _SUITES.get(suite) or f"0x{suite:04x}"


def client_hello(data: bytes) -> ClientHello | None:
    """Return the hello these first bytes of a connection hold, or None while they hold no whole
    one (or nothing of the kind).

    data: TLS records, type 0x16, whose bodies joined begin with a handshake message of type 1
          (RFC 5246 §7.4.1.2, RFC 8446 §4.1.2; SSL 3.0 differs in having no extensions), or the
          hello of SSL 2.0 by which old clients offered SSL 3.0 too (RFC 5246 appendix E.2).
    """
    try:
        if len(data) > 2 and data[0] & 0x80 and data[2] == _CLIENT_HELLO:
            return _old_hello(data)
        return _hello(_first_message(data))
    except IndexError:
        return None


def first_words(data: bytes) -> str:
    """Say what the first bytes of a connection are when they are no TLS; "" when they may be."""
    if not data or data[0] in _RECORDS:
        return ""
    if data[0] & 0x80 and (len(data) < 3 or data[2] == _CLIENT_HELLO):
        return ""
    word, space, _ = data[:12].partition(b" ")
    if space and ((word.isalpha() and word.isupper()) or word.startswith(b"HTTP/")):
        return "plain HTTP was spoken where TLS is expected"
    if data.startswith(b"SSH-"):
        return "SSH was spoken where TLS is expected"
    return f"no TLS: the first bytes are {data[:8].hex(' ')}"


class _Fields:
    """Reads big-endian fields; IndexError where the bytes run out."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise IndexError
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets), "big")

    def vector(self, octets: int) -> bytes:
        return self.take(self.number(octets))

    @property
    def left(self) -> int:
        return len(self._data) - self._at


def _first_message(data: bytes) -> bytes:
    """Return the body of the first handshake message, which may span records."""
    records = _Fields(data)
    joined = b""
    while True:
        if records.number(1) != _HANDSHAKE or records.number(1) != 3:
            raise IndexError
        records.take(1)
        joined += records.vector(2)
        if len(joined) >= 4 and len(joined) - 4 >= int.from_bytes(joined[1:4], "big"):
            break
    if joined[0] != _CLIENT_HELLO:
        raise IndexError
    return joined[4 : 4 + int.from_bytes(joined[1:4], "big")]


def _hello(body: bytes) -> ClientHello:
    fields = _Fields(body)
    version = fields.number(2)
    fields.take(32)  # random
    fields.vector(1)  # session id
    suites = _numbers(fields.vector(2))
    fields.vector(1)  # compression methods
    extensions = _Fields(fields.vector(2) if fields.left else b"")
    versions: tuple[int, ...] = ()
    sni = ""
    while extensions.left:
        kind, content = extensions.number(2), _Fields(extensions.vector(2))
        if kind == _SUPPORTED_VERSIONS:
            versions = tuple(sorted(_numbers(content.vector(1)), reverse=True))
        elif kind == _SERVER_NAME:
            sni = _server_name(content)
    return ClientHello(versions or (version,), suites, sni)


def _server_name(content: _Fields) -> str:
    """Return the first host name of a server_name extension (RFC 6066 §3)."""
    names = _Fields(content.vector(2))
    while names.left:
        kind, name = names.number(1), names.vector(2)
        if kind == 0:
            return name.decode("ascii", "backslashreplace")
    return ""


def _old_hello(data: bytes) -> ClientHello:
    fields = _Fields(data)
    body = _Fields(fields.take(fields.number(2) & 0x7FFF))
    body.take(1)
    version = body.number(2)
    suites_length = body.number(2)
    body.take(4)  # lengths of session id and challenge
    specs = _Fields(body.take(suites_length))
    suites = [specs.number(3) for _ in range(suites_length // 3)]
    # Those of SSL 3.0 and later begin with a zero.
    return ClientHello((version,), tuple(s for s in suites if s <= 0xFFFF and s not in _SIGNALS))


def _numbers(data: bytes) -> tuple[int, ...]:
    """Return 16-bit numbers without the meaningless ones sent to keep servers tolerant (GREASE,
    RFC 8701: both bytes alike, low half 0xA) and without signals.
    """
    values = (int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data) - 1, 2))
    return tuple(
        v for v in values if not (v & 0x0F0F == 0x0A0A and v >> 8 == v & 0xFF) and v not in _SIGNALS
    )
