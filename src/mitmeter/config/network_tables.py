"""The `[network.*]` tables: what an isolated device network is given."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from mitmeter.config.section import Address, Duration, IpAddress, IpInterface, IpNetwork, Section


class Dns(Section):
    """Names: devices that ask for a name of theirs are told our address."""

    listen: Address = Field(
        description="Where we answer, by UDP and TCP.", examples=["udp://192.168.101.2:53"]
    )
    answer: IpAddress = Field(
        description="The address every name of a known device's cloud is given: ours.",
        examples=["192.168.101.2"],
    )
    apart: dict[str, IpAddress] = Field(
        default_factory=dict,
        description="Another address for one protocol's names, where two want the same port.",
        examples=[{"efergy": "192.168.101.3"}],
    )
    networks: tuple[IpNetwork, ...] = Field(
        description="Whom we answer at all; nobody else gets a word.",
        examples=[["192.168.101.0/24"]],
    )
    unknown: Literal["refuse", "nxdomain", "forward"] = Field(
        "refuse", description="What becomes of other names; `forward` asks `upstream`."
    )
    upstream: Address | None = Field(
        None, description="The DNS server to forward to.", examples=["udp://192.168.1.1:53"]
    )
    ttl: Duration = Field(timedelta(minutes=1), description="How long an answer may be remembered.")


class Ntp(Section):
    """The time: devices without it believe it is 1970."""

    listen: Address = Field(description="Where we answer.", examples=["udp://192.168.101.2:123"])
    networks: tuple[IpNetwork, ...] = Field(
        description="Whom we answer at all.", examples=[["192.168.101.0/24"]]
    )
    local_stratum: int = Field(
        10,
        ge=1,
        le=15,
        description="What we say of our clock while nothing keeps it right.",
    )


class Dhcp(Section):
    """Addresses, by the dnsmasq program, which has to be installed."""

    interface: str = Field(
        description="The network card on the device network.", examples=["eth0.101"]
    )
    address: IpInterface = Field(
        description="Our address there, with the length of its network.",
        examples=["192.168.101.2/24"],
    )
    first: IpAddress = Field(
        description="The first address given out.", examples=["192.168.101.50"]
    )
    last: IpAddress = Field(description="The last one.", examples=["192.168.101.99"])
    lease: Duration = Field(timedelta(hours=12), description="How long an address is given for.")
    router: bool = Field(
        False, description="Whether we are named as the way out; without it there is none."
    )


class Network(Section):
    """What an isolated device network is given: names, time, addresses; each only if it is here."""

    tell: Duration = Field(
        timedelta(minutes=10), description="How long a repeated question is not told of again."
    )
    dns: Dns | None = Field(None, description="Names.")
    ntp: Ntp | None = Field(None, description="The time.")
    dhcp: Dhcp | None = Field(None, description="Addresses.")
