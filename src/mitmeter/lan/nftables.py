"""For devices with a resolver or a server address built in: packets sent elsewhere, turned to us.

The rules are printed for an operator to load; mitmeter itself never changes a packet filter.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from mitmeter.errors import ConfigError

TABLE = "mitmeter"
# Names and time, and the ports of the devices we stand in for: HTTPS and AlphaESS.
UDP_PORTS = (53, 123)
TCP_PORTS = (53, 443, 7777)

_RULES = """\
#!/usr/sbin/nft -f
# mitmeter: turn to {us} what devices send to name servers, time servers and clouds elsewhere.
#
# Load:  nft -f THIS-FILE       on the machine the device network's packets pass through
# Look:  nft list table ip {table}
# Undo:  nft delete table ip {table}      (a restart of that machine undoes it as well)
{where}
table ip {table}
delete table ip {table}
table ip {table} {{
    set device_networks {{
        type ipv4_addr
        flags interval
        elements = {{ {networks} }}
    }}
    chain to_mitmeter {{
        type nat hook prerouting priority dstnat; policy accept;
        ip saddr {us} return
{redirects}
    }}
{way_back}}}
"""
_HERE = """\
#
# For the machine mitmeter runs on, when it is the device network's router."""
_ELSEWHERE = """\
#
# For a router that is not the machine mitmeter runs on. Answers have to come back through it, so
# mitmeter sees the router's address instead of the device's."""
_MASQUERADE = """\
    chain way_back {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr @device_networks ip daddr {us} ct status dnat masquerade
    }}
"""


def redirect_rules(
    device_networks: Iterable[IPv4Network],
    our_address: IPv4Address,
    *,
    udp_ports: Iterable[int] = UDP_PORTS,
    tcp_ports: Iterable[int] = TCP_PORTS,
    elsewhere: bool = False,
) -> str:
    """Return nftables rules, as a file for `nft -f` that says how to undo it.

    Only packets from the device networks that are not for us already are turned; loading the file
    again replaces it.

    elsewhere: the rules are for a router that is not the machine mitmeter runs on.
    Raises:    ConfigError for no network, no port, or a port outside 1..65535.
    """
    networks = list(collapse_addresses(device_networks))
    if not networks:
        raise ConfigError("network", "names no device network to redirect")
    redirects = [
        f"        ip saddr @device_networks ip daddr != {our_address} {kind} dport "
        f"{{ {', '.join(map(str, ports))} }} dnat to {our_address}"
        for kind, ports in (("udp", _ports(udp_ports)), ("tcp", _ports(tcp_ports)))
        if ports
    ]
    if not redirects:
        raise ConfigError("network", "names no port to redirect")
    return _RULES.format(
        us=our_address,
        table=TABLE,
        where=_ELSEWHERE if elsewhere else _HERE,
        networks=", ".join(map(str, networks)),
        redirects="\n".join(redirects),
        way_back=_MASQUERADE.format(us=our_address) if elsewhere else "",
    )


def _ports(ports: Iterable[int]) -> list[int]:
    found = sorted(set(ports))
    for port in found:
        if not 1 <= port <= 65_535:
            raise ConfigError("network", f"port {port} is outside 1..65535")
    return found
