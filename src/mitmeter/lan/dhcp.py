"""Addresses for the device network, by the real dnsmasq: its configuration, and what it tells.

dnsmasq does DHCP only (`port=0` turns its DNS off), on one interface, and points the devices at us
for names and time. Its lease file and its log are read back as values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface

from mitmeter.errors import ConfigError

_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}\Z")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
_SHORTEST_LEASE = 120  # dnsmasq itself takes nothing shorter


@dataclass(frozen=True, slots=True)
class DhcpSettings:
    """What dnsmasq is to do.

    interface:     the network card on the device network, such as "eth1".
    address:       our address there with its network, such as 192.168.101.2/24.
    first, last:   the addresses to give out, both included.
    lease_file:    where dnsmasq keeps them, an absolute path.
    pid_file:      where dnsmasq notes its process id, an absolute path; "" for nowhere.
    lease_seconds: for how long an address is given.
    router:        whether we are named as the way out; without it devices have none.
    dns, ntp:      whether we are named as the server for names, and for time.
    user:          whom dnsmasq runs as once it has its socket.
    """

    interface: str
    address: IPv4Interface
    first: IPv4Address
    last: IPv4Address
    lease_file: str
    pid_file: str = ""
    lease_seconds: int = 43_200
    router: bool = False
    dns: bool = True
    ntp: bool = True
    user: str = ""


def dnsmasq_config(settings: DhcpSettings) -> str:
    """Return dnsmasq's configuration file. Raises ConfigError naming the key that is wrong."""
    _check(settings)
    us = settings.address.ip
    mask = settings.address.netmask
    lines = [
        "# Written by mitmeter at every start of dnsmasq.",
        "port=0",
        "no-resolv",
        "no-hosts",
        "bind-interfaces",
        f"interface={settings.interface}",
        "except-interface=lo",
        "dhcp-authoritative",
        f"dhcp-range={settings.first},{settings.last},{mask},{settings.lease_seconds}",
        # Without a value the option is not sent at all; unasked, dnsmasq names itself as router
        # and as DNS server.
        f"dhcp-option=option:router,{us}" if settings.router else "dhcp-option=option:router",
        f"dhcp-option=option:dns-server,{us}" if settings.dns else "dhcp-option=option:dns-server",
    ]
    if settings.ntp:
        lines.append(f"dhcp-option=option:ntp-server,{us}")
    lines += [
        f"dhcp-leasefile={settings.lease_file}",
        f"pid-file={settings.pid_file}",
        "log-facility=-",
    ]
    if settings.user:
        lines.append(f"user={settings.user}")
    return "\n".join(lines) + "\n"


def _check(settings: DhcpSettings) -> None:
    if not _INTERFACE.match(settings.interface):
        raise ConfigError("network.dhcp.interface", f"{settings.interface!r} is no interface name")
    if settings.user and not _USER.match(settings.user):
        raise ConfigError("network.dhcp.user", f"{settings.user!r} is no user name")
    network, us = settings.address.network, settings.address.ip
    for name, each in (("first", settings.first), ("last", settings.last)):
        if each not in network or each in (network.network_address, network.broadcast_address):
            raise ConfigError(f"network.dhcp.{name}", f"{each} is no host of {network}")
    if settings.first > settings.last:
        raise ConfigError(
            "network.dhcp.last", f"{settings.last} comes before the first, {settings.first}"
        )
    if settings.first <= us <= settings.last:
        raise ConfigError("network.dhcp.first", f"our own address {us} lies in the range")
    if settings.lease_seconds < _SHORTEST_LEASE:
        raise ConfigError(
            "network.dhcp.lease",
            f"{settings.lease_seconds} s is shorter than the shortest, {_SHORTEST_LEASE} s",
        )
    _check_path("network.dhcp.lease_file", settings.lease_file)
    if settings.pid_file:
        _check_path("network.dhcp.pid_file", settings.pid_file)


def _check_path(key: str, path: str) -> None:
    # The file has no way to quote these, and a line of its own would be a setting of its own.
    if not path.startswith("/") or not path.isprintable() or set(path) & set("\"'\\#"):
        raise ConfigError(key, f"dnsmasq cannot be told of {path!r}")


# --- what it tells
# ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lease:
    """One address given. expires: seconds since 1970, 0 for never. name: "" where none is known."""

    address: IPv4Address
    mac: str
    name: str
    expires: int


def parse_leases(text: str) -> tuple[Lease, ...]:
    """Return the IPv4 leases of dnsmasq's lease file; lines that are none are read over.

    A line is `expiry mac address name client-id`, with `*` for an unknown name [O: dnsmasq 2.90].
    """
    found = []
    for line in text.splitlines():
        words = line.split(" ")
        try:
            expires, mac, where, name = int(words[0]), _mac(words[1]), words[2], words[3]
            found.append(Lease(IPv4Address(where), mac, "" if name == "*" else name, expires))
        except (ValueError, IndexError):
            continue
    return tuple(found)


class LeaseKind(StrEnum):
    """What dnsmasq said it did."""

    ASKED = "asked"
    OFFERED = "offered"
    LEASED = "leased"
    REFUSED = "refused"
    DECLINED = "declined"
    RELEASED = "released"
    EXHAUSTED = "exhausted"


_KINDS = {
    "DHCPDISCOVER": LeaseKind.ASKED,
    "DHCPOFFER": LeaseKind.OFFERED,
    "DHCPREQUEST": LeaseKind.ASKED,
    "DHCPACK": LeaseKind.LEASED,
    "DHCPNAK": LeaseKind.REFUSED,
    "DHCPDECLINE": LeaseKind.DECLINED,
    "DHCPRELEASE": LeaseKind.RELEASED,
}
_MAC = r"(?:[0-9a-f]{2}-)?[0-9a-f]{2}(?::[0-9a-f]{2}){5}"
_PREFIX = re.compile(r"dnsmasq-dhcp(?:\[\d+\])?: (?:\d+ )?")
_SPOKEN = re.compile(
    r"(?P<word>DHCP[A-Z]+)\((?P<interface>[^)\s]+)\)"
    rf"(?: (?P<address>[0-9.]+))? (?P<mac>{_MAC})(?: (?P<rest>\S.*))?\Z"
)
_NO_RANGE = re.compile(r"no address range available for DHCP request via (?P<interface>\S+)\Z")
_NONE_LEFT = "no address available"


@dataclass(frozen=True, slots=True)
class LeaseEvent:
    """One line of dnsmasq's log that tells of a device. mac and address are "" where not told.

    detail: the device's own name where it got an address, else dnsmasq's reason, if any.
    """

    kind: LeaseKind
    interface: str
    mac: str = ""
    address: str = ""
    detail: str = ""


def parse_log_line(line: str) -> LeaseEvent | None:
    """Return what one line of dnsmasq's log tells of a device; None for every other line.

    Such as `dnsmasq-dhcp[1151]: DHCPACK(eth1) 192.168.101.50 02:00:5e:30:20:10 display`; with
    `log-dhcp`, a transaction's number comes before the word [O: dnsmasq 2.90].
    """
    line = line.strip()
    prefix = _PREFIX.match(line)
    if prefix is None:
        return None
    told = line[prefix.end() :]
    if found := _NO_RANGE.match(told):
        return LeaseEvent(LeaseKind.EXHAUSTED, found["interface"])
    found = _SPOKEN.match(told)
    kind = _KINDS.get(found["word"]) if found else None
    if found is None or kind is None:
        return None
    try:
        where = str(IPv4Address(found["address"])) if found["address"] else ""
    except ValueError:
        return None
    detail = found["rest"] or ""
    if kind is LeaseKind.ASKED and detail == _NONE_LEFT:
        kind = LeaseKind.EXHAUSTED
    return LeaseEvent(kind, found["interface"], _mac(found["mac"]), where, detail)


def _mac(text: str) -> str:
    """Return an Ethernet address in lower case. Raises ValueError for what is none.

    A hardware type other than Ethernet is written before it, as in `06-02:00:…`.
    """
    if not re.fullmatch(_MAC, text.lower()):
        raise ValueError(text)
    return text.lower().rpartition("-")[2]
