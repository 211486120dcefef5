import subprocess
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.errors import ConfigError
from mitmeter.lan.dhcp import (
    DhcpSettings,
    Lease,
    LeaseEvent,
    LeaseKind,
    dnsmasq_config,
    parse_leases,
    parse_log_line,
)

SETTINGS = DhcpSettings(
    "eth1",
    IPv4Interface("192.168.101.2/24"),
    IPv4Address("192.168.101.100"),
    IPv4Address("192.168.101.199"),
    "/var/lib/mitmeter/dhcp.leases",
)


def lines(settings: DhcpSettings) -> list[str]:
    return dnsmasq_config(settings).splitlines()


def test_devices_are_pointed_at_us_for_names_and_time_and_get_no_way_out() -> None:
    told = lines(SETTINGS)
    assert "dhcp-option=option:dns-server,192.168.101.2" in told
    assert "dhcp-option=option:ntp-server,192.168.101.2" in told
    assert "dhcp-option=option:router" in told
    assert "dhcp-range=192.168.101.100,192.168.101.199,255.255.255.0,43200" in told


def test_dnsmasq_answers_no_names_and_stays_on_its_interface() -> None:
    assert {"port=0", "bind-interfaces", "interface=eth1", "except-interface=lo"} <= set(
        lines(SETTINGS)
    )


def test_what_is_not_wanted_is_not_told_to_devices() -> None:
    told = lines(replace(SETTINGS, dns=False, ntp=False, router=True, user="nobody"))
    assert "dhcp-option=option:dns-server" in told
    assert not any("ntp" in line for line in told)
    assert "dhcp-option=option:router,192.168.101.2" in told
    assert "user=nobody" in told


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"interface": "eth1\nport=53"}, "network.dhcp.interface"),
        ({"interface": ""}, "network.dhcp.interface"),
        ({"interface": "-C"}, "network.dhcp.interface"),
        ({"user": "root\n"}, "network.dhcp.user"),
        ({"first": IPv4Address("192.168.102.1")}, "network.dhcp.first"),
        ({"first": IPv4Address("192.168.101.0")}, "network.dhcp.first"),
        ({"last": IPv4Address("192.168.101.255")}, "network.dhcp.last"),
        ({"last": IPv4Address("192.168.101.99")}, "network.dhcp.last"),
        ({"address": IPv4Interface("192.168.101.150/24")}, "network.dhcp.first"),
        ({"lease_seconds": 119}, "network.dhcp.lease"),
        ({"lease_file": "leases"}, "network.dhcp.lease_file"),
        ({"lease_file": "/tmp/a\nport=53"}, "network.dhcp.lease_file"),
        ({"lease_file": "/tmp/a # b"}, "network.dhcp.lease_file"),
        ({"pid_file": "pid"}, "network.dhcp.pid_file"),
    ],
)
def test_settings_that_cannot_work_are_told_by_their_key(change: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        dnsmasq_config(replace(SETTINGS, **change))
    assert caught.value.key == key


DNSMASQ = which("dnsmasq", path="/usr/sbin:/usr/bin:/sbin:/bin")


@pytest.mark.system
@pytest.mark.skipif(DNSMASQ is None, reason="dnsmasq is not installed (Debian: dnsmasq-base)")
@pytest.mark.parametrize("more", [False, True])
def test_the_real_dnsmasq_accepts_the_configuration(tmp_path: Path, more: bool) -> None:
    settings = replace(SETTINGS, lease_file=f"{tmp_path}/leases", router=more, ntp=not more)
    file = tmp_path / "dnsmasq.conf"
    file.write_text(dnsmasq_config(settings))
    done = subprocess.run(
        [str(DNSMASQ), "--test", f"--conf-file={file}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "dnsmasq: syntax check OK.\n")


# As dnsmasq 2.90 wrote them, addresses changed.
LEASES = """\
1795219257 02:00:5e:30:20:11 192.168.101.100 * 01:02:00:5e:30:20:11
0 06-02:00:5e:30:20:10 192.168.101.101 display 01:02:00:5e:30:20:10
duid 00:01:00:01:2b:1c:5a:2e:02:00:5e:30:20:10
1795219257 1234 fd00::1 six 00:01
half a line
"""


def test_the_lease_file_is_read_line_by_line() -> None:
    assert parse_leases(LEASES) == (
        Lease(IPv4Address("192.168.101.100"), "02:00:5e:30:20:11", "", 1_795_219_257),
        Lease(IPv4Address("192.168.101.101"), "02:00:5e:30:20:10", "display", 0),
    )


MAC = "02:00:5e:30:20:10"
IP = "192.168.101.101"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"DHCPDISCOVER(v1) {MAC} ", LeaseEvent(LeaseKind.ASKED, "v1", MAC)),
        (f"DHCPOFFER(v1) {IP} {MAC} ", LeaseEvent(LeaseKind.OFFERED, "v1", MAC, IP)),
        (f"DHCPREQUEST(v1) {IP} {MAC} ", LeaseEvent(LeaseKind.ASKED, "v1", MAC, IP)),
        (f"DHCPACK(v1) {IP} {MAC} display", LeaseEvent(LeaseKind.LEASED, "v1", MAC, IP, "display")),
        (f"DHCPACK(v1) {IP} {MAC} ", LeaseEvent(LeaseKind.LEASED, "v1", MAC, IP)),
        (f"DHCPRELEASE(v1) {IP} {MAC} ", LeaseEvent(LeaseKind.RELEASED, "v1", MAC, IP)),
        (f"DHCPDECLINE(v1) {IP} {MAC} ", LeaseEvent(LeaseKind.DECLINED, "v1", MAC, IP)),
        (
            f"DHCPNAK(v1) {IP} {MAC} wrong network",
            LeaseEvent(LeaseKind.REFUSED, "v1", MAC, IP, "wrong network"),
        ),
        (
            f"DHCPDISCOVER(v1) {MAC} no address available",
            LeaseEvent(LeaseKind.EXHAUSTED, "v1", MAC, "", "no address available"),
        ),
        (
            "no address range available for DHCP request via v1",
            LeaseEvent(LeaseKind.EXHAUSTED, "v1"),
        ),
    ],
)
def test_each_line_about_a_device_is_understood(line: str, expected: LeaseEvent) -> None:
    assert parse_log_line(f"dnsmasq-dhcp[1151]: {line}") == expected
    assert parse_log_line(f"dnsmasq-dhcp: 3725563113 {line}\n") == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "dnsmasq[1151]: started, version 2.90 DNS disabled",
        "dnsmasq-dhcp[1151]: DHCP, IP range 192.168.101.100 -- 192.168.101.101, lease time 12h",
        f"dnsmasq-dhcp[1151]: DHCPACK(v1) 999.1.1.1 {MAC} display",
        f"dnsmasq-dhcp[1151]: DHCPELSE(v1) {IP} {MAC}",
        f"somebody: DHCPACK(v1) {IP} {MAC} display",
    ],
)
def test_other_lines_tell_of_no_device(line: str) -> None:
    assert parse_log_line(line) is None


@given(text=st.text(max_size=200), mac=st.sampled_from([MAC, ""]))
def test_any_text_is_read_without_an_error(text: str, mac: str) -> None:
    parse_leases(f"{text}\n1 {mac} {text} x")
    parse_log_line(f"dnsmasq-dhcp[1]: DHCPACK(v1) {text} {mac} {text}")
    parse_log_line(text)
