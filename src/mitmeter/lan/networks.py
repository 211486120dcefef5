"""Who may be answered: the networks an operator named, and nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What becomes of everybody outside: silence, and this in the events.
OUTSIDE = "ignored: outside the networks"

# Addresses of askers whose answer is remembered; an IPv6 network alone holds more than any memory.
_REMEMBERED = 4096


def address(text: str) -> Address:
    """Return a socket's peer address: without its zone, IPv4 where IPv6 only wraps it.

    Raises: ValueError for text that is no address.
    """
    found = ip_address(text.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def host_of(peer: str) -> str:
    """Return the address in `host:port` or `[host]:port`, "" where there is none."""
    return peer.rpartition(":")[0].strip("[]")


class Networks:
    """The networks whose hosts are answered. Without any, nobody is."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self.networks = tuple(networks)
        self._remembered: dict[str, bool] = {}

    def __contains__(self, client: Address) -> bool:
        return any(client in network for network in self.networks)

    def hold(self, client: str) -> bool:
        """Tell whether an address in text lies inside; text that is no address does not."""
        known = self._remembered.get(client)
        if known is None:
            try:
                known = address(client) in self
            except ValueError:
                known = False
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[client] = known
        return known
