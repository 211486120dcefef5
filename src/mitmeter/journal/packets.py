"""IP and TCP headers with valid checksums, for conversations whose real packets were never kept."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10
_TCP = 6
_WINDOW = 65_535

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a TCP stream."""

    host: Address
    port: int


def tcp_packet(
    source: Endpoint, target: Endpoint, flags: int, seq: int, ack: int, payload: bytes = b""
) -> bytes:
    """Return an IP packet (of the endpoints' version, which must agree) with one TCP segment.

    seq, ack: taken modulo 2³². payload: at most 65,495 bytes, as IP allows.
    Source:   RFC 791, RFC 8200 and RFC 9293 [O].
    """
    head = struct.pack(
        "!HHIIBBHHH",
        source.port,
        target.port,
        seq & 0xFFFFFFFF,
        ack & 0xFFFFFFFF,
        5 << 4,
        flags,
        _WINDOW,
        0,
        0,
    )
    length = len(head) + len(payload)
    pseudo = _pseudo_header(source.host, target.host, length)
    total = checksum(pseudo + head + payload)
    segment = head[:16] + struct.pack("!H", total) + head[18:] + payload
    return _ip_header(source.host, target.host, length) + segment


def _pseudo_header(source: Address, target: Address, length: int) -> bytes:
    if source.version == 4:
        tail = struct.pack("!BBH", 0, _TCP, length)
    else:
        tail = struct.pack("!IHBB", length, 0, 0, _TCP)
    return source.packed + target.packed + tail


def _ip_header(source: Address, target: Address, length: int) -> bytes:
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, _TCP, 64) + source.packed + target.packed
    # Identification 0 with "do not fragment" is what RFC 6864 asks of packets that are atomic.
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, _TCP, 0)
    addresses = source.packed + target.packed
    return head[:10] + struct.pack("!H", checksum(head + addresses)) + addresses


def checksum(data: bytes) -> int:
    """Return the Internet checksum of RFC 1071 over data whose checksum field is zero."""
    if len(data) % 2:
        data += b"\0"
    # A number is congruent to the sum of its base-2¹⁶ digits modulo 2¹⁶ - 1.
    rest = int.from_bytes(data, "big") % 0xFFFF
    total = rest if rest or not any(data) else 0xFFFF
    return total ^ 0xFFFF
