"""For a proxy that goes on to where each connection was going: connections turned to one port here.

The rules are printed for an operator to load; mitmeter itself never changes a packet filter.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

from mitmeter.errors import ConfigError

TABLE = "mitmeter_redirect"

_RULES = """\
#!/usr/sbin/nft -f
# mitmeter: turn to port {port} here what devices connect to elsewhere, at TCP port {ports}. For
#     mitmeter proxy … --listen …://{any}:{port} --to original
# on the machine that is the device network's router.
#
# Load:  nft -f THIS-FILE
# Look:  nft list table inet {table}
# Undo:  nft delete table inet {table}      (a restart of that machine undoes it as well)
table inet {table}
delete table inet {table}
table inet {table} {{
    chain to_mitmeter {{
        type nat hook prerouting priority dstnat; policy accept;
        fib daddr type local return
{redirects}
    }}
}}
"""


def redirect_here(
    device_networks: Iterable[IPv4Network | IPv6Network], port: int, tcp_ports: Iterable[int]
) -> str:
    """Return nftables rules, as a file for `nft -f` that says how to undo it.

    port:      where mitmeter listens on this machine.
    tcp_ports: connections to these are turned, whatever the address, unless it is this machine's.
    Raises:    ConfigError for no network, no port, or a port outside 1..65535.
    """
    networks, ports = list(device_networks), sorted(set(tcp_ports))
    if not networks:
        raise ConfigError("network", "names no device network to redirect")
    if not ports:
        raise ConfigError("network", "names no port to redirect")
    for each in (port, *ports):
        if not 1 <= each <= 65_535:
            raise ConfigError("network", f"port {each} is outside 1..65535")
    shown = ", ".join(map(str, ports))
    redirects = [
        f"        {family} saddr {{ {', '.join(map(str, found))} }} tcp dport {{ {shown} }} "
        f"redirect to :{port}"
        for family, kind in (("ip", IPv4Network), ("ip6", IPv6Network))
        if (found := [each for each in networks if isinstance(each, kind)])
    ]
    listens = "[::]" if any(isinstance(each, IPv6Network) for each in networks) else "0.0.0.0"
    return _RULES.format(
        port=port, ports=shown, any=listens, table=TABLE, redirects="\n".join(redirects)
    )
