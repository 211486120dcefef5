"""DNS questions written out byte by byte, and a responder for the names in them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from mitmeter.lan.dns import Responder
from mitmeter.lan.names import Unknown, Zones
from mitmeter.lan.networks import Networks

US = IPv4Address("192.168.101.2")
DEVICE = "192.168.101.50"
STRANGER = "192.168.102.50"
NETWORKS = Networks([IPv4Network("192.168.101.0/24")])
HOSTS = {
    "alphaess": ["www.alphaess.com"],
    "efergy": ["*.sensornet.info"],
    "glow": ["*.cad.sensornet.info"],
    "ntp": ["*.pool.ntp.org"],
}
A, SOA, TXT, AAAA, OPT, AXFR, ANY, HTTPS = 1, 6, 16, 28, 41, 252, 255, 65
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5
DISPLAY = "10.20.30.02005e.cad.sensornet.info"


def responder(unknown: Unknown = Unknown.REFUSE, ttl: int = 60) -> Responder:
    return Responder(Zones(HOSTS), US, NETWORKS, ttl=ttl, unknown=unknown)


def wire_name(name: str) -> bytes:
    """Return a name as length-prefixed labels and a zero."""
    labels = [part.encode() for part in name.split(".") if part]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def header(
    *,
    identity: int = 0x1234,
    flags: int = 0x0100,
    counts: tuple[int, int, int, int] = (1, 0, 0, 0),
) -> bytes:
    return b"".join(each.to_bytes(2) for each in (identity, flags, *counts))


def opt(payload: int = 1232, version: int = 0, options: bytes = b"") -> bytes:
    """Return an EDNS record: root name, type 41, payload size, version, options."""
    return b"".join(
        (
            b"\0\0\x29",
            payload.to_bytes(2),
            bytes((0, version, 0, 0)),
            len(options).to_bytes(2),
            options,
        )
    )


def question(
    name: str = DISPLAY,
    qtype: int = A,
    *,
    qclass: int = 1,
    identity: int = 0x1234,
    edns: bytes = b"",
) -> bytes:
    """Return a question with recursion desired, as a device asks it."""
    head = header(identity=identity, counts=(1, 0, 0, 1 if edns else 0))
    return head + wire_name(name) + qtype.to_bytes(2) + qclass.to_bytes(2) + edns


def rcode(reply: bytes | None) -> int:
    assert reply is not None
    return reply[3] & 0x0F


def counts(reply: bytes | None) -> tuple[int, int, int, int]:
    """Return how many questions, answers, authorities and additionals a reply claims."""
    assert reply is not None
    four = [int.from_bytes(reply[at : at + 2]) for at in (4, 6, 8, 10)]
    return four[0], four[1], four[2], four[3]
