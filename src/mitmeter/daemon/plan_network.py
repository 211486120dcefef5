"""What the device network is to be given: the typed form of the `[network.*]` tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface

from mitmeter.config.endpoint import Endpoint
from mitmeter.lan.names import Unknown
from mitmeter.lan.networks import Network
from mitmeter.lan.ntp import LOCAL_STRATUM


@dataclass(frozen=True, slots=True)
class DnsPlan:
    """Names. UDP and TCP on one address.

    answer:   the address names of ours are given.
    apart:    owner → another address for its names.
    networks: whom to answer.
    hosts:    owner (a protocol, or "ntp") → names, as a Spec writes them.
    ttl:      how long answers may be remembered, in seconds.
    unknown:  what becomes of other names; to forward them, `upstream` says where to.
    patience: how long an upstream may take for one try, in seconds.
    """

    listen: Endpoint
    answer: IPv4Address
    networks: tuple[Network, ...]
    hosts: Mapping[str, tuple[str, ...]]
    ttl: int = 60
    unknown: Unknown = Unknown.REFUSE
    upstream: Endpoint | None = None
    patience: float = 2.0
    apart: Mapping[str, IPv4Address] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NtpPlan:
    """The time.

    networks:      whom to answer.
    synchronised:  whether our clock is kept right; None asks the system.
    stratum:       what we say we are while it is.
    local_stratum: what we say we are while it is not; None says "do not use this" instead.
    """

    listen: Endpoint
    networks: tuple[Network, ...]
    synchronised: bool | None = None
    stratum: int = 4
    local_stratum: int | None = LOCAL_STRATUM


@dataclass(frozen=True, slots=True)
class DhcpPlan:
    """Addresses, by dnsmasq. The keys are those of lan.dhcp.DhcpSettings."""

    interface: str
    address: IPv4Interface
    first: IPv4Address
    last: IPv4Address
    lease_seconds: int = 43_200
    router: bool = False
    dns: bool = True
    ntp: bool = True
    user: str = ""


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """What of this the daemon is to do; None for what it is not.

    tell_seconds: how long a host's repeated question is not told of again.
    """

    dns: DnsPlan | None = None
    ntp: NtpPlan | None = None
    dhcp: DhcpPlan | None = None
    tell_seconds: float = 600.0

    @property
    def any(self) -> bool:
        """Whether there is anything to do at all."""
        return not (self.dns is None and self.ntp is None and self.dhcp is None)
