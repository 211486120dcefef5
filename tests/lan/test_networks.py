from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from mitmeter.lan.networks import Networks, address, host_of

HOME = Networks([IPv4Network("192.168.101.0/24"), IPv6Network("fd00:101::/64")])


@pytest.mark.parametrize("client", ["192.168.101.1", "192.168.101.255", "fd00:101::50"])
def test_a_host_of_a_named_network_is_inside(client: str) -> None:
    assert HOME.hold(client)
    assert address(client) in HOME


@pytest.mark.parametrize("client", ["192.168.102.1", "127.0.0.1", "fd00:102::50", "8.8.8.8"])
def test_everybody_else_is_outside(client: str) -> None:
    assert not HOME.hold(client)
    assert address(client) not in HOME


def test_ipv4_in_the_clothes_of_ipv6_is_ipv4() -> None:
    assert address("::ffff:192.168.101.50") == IPv4Address("192.168.101.50")
    assert HOME.hold("::ffff:192.168.101.50")


def test_the_zone_of_a_link_local_address_is_no_part_of_it() -> None:
    assert address("fe80::1%eth1") == IPv6Address("fe80::1")


@pytest.mark.parametrize("text", ["", "unknown", "192.168.101", "192.168.101.50:53"])
def test_text_that_is_no_address_is_outside(text: str) -> None:
    assert not HOME.hold(text)


def test_without_a_network_nobody_is_inside() -> None:
    assert not Networks([]).hold("127.0.0.1")


def test_any_number_of_different_hosts_is_remembered_in_bounded_space() -> None:
    home = Networks([IPv4Network("10.0.0.0/8")])
    for number in range(10_000):
        assert home.hold(str(IPv4Address("10.0.0.0") + number))
    assert not home.hold("11.0.0.1")


@pytest.mark.parametrize(
    ("peer", "host"),
    [("192.168.101.50:4711", "192.168.101.50"), ("[fd00::1]:53", "fd00::1"), ("unknown", "")],
)
def test_a_peers_host_is_what_is_before_its_port(peer: str, host: str) -> None:
    assert host_of(peer) == host
