"""The tables of an isolated device network."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from mitmeter.config.load import examine

DNS = """
[network.dns]
listen = "udp://192.168.101.2:53"
answer = "192.168.101.2"
networks = ["192.168.101.0/24"]
"""
NTP = """
[network.ntp]
listen = "udp://192.168.101.2:123"
networks = ["192.168.101.0/24"]
"""
DHCP = """
[network.dhcp]
interface = "eth0.101"
address = "192.168.101.2/24"
first = "192.168.101.50"
last = "192.168.101.99"
lease = "1h"
"""


def test_names_time_and_addresses_are_typed() -> None:
    examined = examine(DNS + NTP + DHCP, {})
    assert examined.errors == ()
    assert examined.config is not None
    network = examined.config.network
    assert network.dns is not None
    assert network.dns.answer == IPv4Address("192.168.101.2")
    assert network.dns.networks == (IPv4Network("192.168.101.0/24"),)
    assert network.dns.unknown == "refuse"
    assert network.ntp is not None
    assert network.ntp.local_stratum == 10
    assert network.dhcp is not None
    assert network.dhcp.address == IPv4Interface("192.168.101.2/24")
    assert network.dhcp.lease == timedelta(hours=1)


def test_without_the_tables_nothing_of_it_is_served() -> None:
    config = examine("", {}).config
    assert config is not None
    assert (config.network.dns, config.network.ntp, config.network.dhcp) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        (DNS.replace("answer", "anwser"), "network.dns.anwser", "did you mean 'answer'?"),
        (DNS.replace('"192.168.101.2"', '"192.168.101"'), "network.dns.answer", "192.168.101"),
        (DNS.replace("/24", "/33"), "network.dns.networks[0]", "is not a network such as"),
        (DNS.replace("udp:", "tcp:"), "network.dns.listen", "udp://"),
        (DNS + "unknown = 'forward'", "network.dns.upstream", "says where to forward to"),
        (DNS + "unknown = 'ask'", "network.dns.unknown", "not one of refuse, nxdomain, forward"),
        (NTP + "local_stratum = 16", "network.ntp.local_stratum", "at most 15"),
        (DHCP.replace("101.2/24", "101.2"), "network.dhcp.address", "192.168.101.2/24"),
        (DHCP.replace("101.99", "102.99"), "network.dhcp.last", "is not in 192.168.101.0/24"),
        (DHCP.replace("101.99", "101.9"), "network.dhcp.last", "comes before"),
        ("[network]\nntp = 5", "network.ntp", "expected a table [network.ntp]"),
    ],
)
def test_a_wrong_key_is_named_with_its_whole_path(text: str, key: str, problem: str) -> None:
    error = examine(text, {}).errors[0]
    assert error.key == key
    assert problem in error.problem
