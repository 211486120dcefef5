"""Where a connection was going before a packet filter turned it to us (Linux)."""

from __future__ import annotations

import socket
from typing import Protocol, runtime_checkable

# linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h.
_SO_ORIGINAL_DST = 80
_IP6T_SO_ORIGINAL_DST = 80
# struct sockaddr_in: family (2), port (2), address (4), padding (8); sockaddr_in6: family (2),
# port (2), flow (4), address (16), scope (4).
_SOCKADDR_IN, _SOCKADDR_IN6 = 16, 28
_MAPPED = b"\0" * 10 + b"\xff\xff"


@runtime_checkable
class Optioned(Protocol):
    """A link whose socket can be asked."""

    @property
    def local(self) -> str: ...

    def option(self, level: int, name: int, size: int) -> bytes: ...


def original_destination(link: Optioned) -> tuple[str, int] | None:
    """Return the address and port a connection was made to, None where nobody has turned it to us:
    it was made to ourselves, or the kernel does not know (no connection tracking).
    """
    found = _by_ipv4(link) or _by_ipv6(link)
    if found is None or _same(found, link.local):
        return None
    return found


def is_ours(host: str) -> bool:
    """Tell whether an address is one of this machine's own."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as tried:
            tried.bind((host, 0))
    except OSError:
        return False
    return True


def address_towards(host: str) -> str | None:
    """Return the IPv4 address this machine would speak to a host from; None where it has none."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect((host, 9))  # sends nothing: only asks which way it would go
            return str(asking.getsockname()[0])
    except OSError:
        return None


def _by_ipv4(link: Optioned) -> tuple[str, int] | None:
    found = link.option(socket.SOL_IP, _SO_ORIGINAL_DST, _SOCKADDR_IN)
    if len(found) < 8:
        return None
    return socket.inet_ntop(socket.AF_INET, found[4:8]), int.from_bytes(found[2:4], "big")


def _by_ipv6(link: Optioned) -> tuple[str, int] | None:
    found = link.option(socket.IPPROTO_IPV6, _IP6T_SO_ORIGINAL_DST, _SOCKADDR_IN6)
    if len(found) < 24:
        return None
    port, address = int.from_bytes(found[2:4], "big"), found[8:24]
    if address.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, address[12:]), port
    return socket.inet_ntop(socket.AF_INET6, address), port


def _same(found: tuple[str, int], local: str) -> bool:
    host, _, port = local.rpartition(":")
    host = host.strip("[]").removeprefix("::ffff:")
    return found == (host, int(port))
