import subprocess
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from shutil import which

import pytest

from mitmeter.errors import ConfigError
from mitmeter.lan.nftables import redirect_rules

HOME = IPv4Network("192.168.101.0/24")
US = IPv4Address("192.168.101.2")


def test_names_time_and_clouds_are_turned_to_us_and_only_for_devices() -> None:
    lines = [line.strip() for line in redirect_rules([HOME], US).splitlines()]
    start = "ip saddr @device_networks ip daddr != 192.168.101.2"
    assert f"{start} udp dport {{ 53, 123 }} dnat to 192.168.101.2" in lines
    assert f"{start} tcp dport {{ 53, 443, 7777 }} dnat to 192.168.101.2" in lines
    assert "elements = { 192.168.101.0/24 }" in lines


def test_our_own_questions_are_left_alone() -> None:
    lines = [line.strip() for line in redirect_rules([HOME], US).splitlines()]
    ours = lines.index("ip saddr 192.168.101.2 return")
    assert ours < min(at for at, line in enumerate(lines) if "dnat" in line)


def test_the_rules_say_how_to_undo_them() -> None:
    assert "# Undo:  nft delete table ip mitmeter " in redirect_rules([HOME], US)


def test_only_a_router_elsewhere_hides_the_devices_address() -> None:
    assert "masquerade" not in redirect_rules([HOME], US)
    assert "masquerade" in redirect_rules([HOME], US, elsewhere=True)


def test_networks_within_each_other_become_one() -> None:
    rules = redirect_rules([IPv4Network("192.168.101.128/25"), HOME, HOME], US)
    assert "elements = { 192.168.101.0/24 }" in rules


def test_nothing_to_redirect_is_told() -> None:
    with pytest.raises(ConfigError, match="no device network"):
        redirect_rules([], US)
    with pytest.raises(ConfigError, match="no port"):
        redirect_rules([HOME], US, udp_ports=[], tcp_ports=[])
    with pytest.raises(ConfigError, match="port 0 is outside"):
        redirect_rules([HOME], US, tcp_ports=[0])


@pytest.mark.system
@pytest.mark.skipif(which("nft") is None, reason="nft is not installed (Debian: nftables)")
@pytest.mark.parametrize("elsewhere", [False, True])
def test_nft_accepts_the_rules(tmp_path: Path, elsewhere: bool) -> None:
    file = tmp_path / "redirect.nft"
    file.write_text(redirect_rules([HOME, IPv4Network("10.7.0.0/16")], US, elsewhere=elsewhere))
    done = subprocess.run(["nft", "-c", "-f", file], capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft may not talk to the kernel here")
    assert (done.returncode, done.stderr) == (0, "")
