import subprocess
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from shutil import which

import pytest

from mitmeter.errors import ConfigError
from mitmeter.lan.nftables_redirect import redirect_here

HOME = IPv4Network("192.168.101.0/24")
HOME_6 = IPv6Network("fd00:1::/64")


def lines_of(rules: str) -> list[str]:
    return [line.strip() for line in rules.splitlines()]


def test_connections_of_devices_are_turned_to_one_port_of_this_machine() -> None:
    lines = lines_of(redirect_here([HOME, HOME_6], 4433, [443, 80, 443]))
    assert "ip saddr { 192.168.101.0/24 } tcp dport { 80, 443 } redirect to :4433" in lines
    assert "ip6 saddr { fd00:1::/64 } tcp dport { 80, 443 } redirect to :4433" in lines


def test_connections_to_this_machine_itself_are_left_alone() -> None:
    lines = lines_of(redirect_here([HOME], 4433, [443]))
    first = next(at for at, line in enumerate(lines) if "redirect to" in line)
    assert lines[first - 1] == "fib daddr type local return"
    assert not any(line.startswith("ip6 ") for line in lines)


def test_the_rules_say_where_to_listen_and_how_to_undo_them() -> None:
    assert "--listen …://0.0.0.0:4433 --to original" in redirect_here([HOME], 4433, [443])
    assert "--listen …://[::]:4433 --to original" in redirect_here([HOME_6], 4433, [443])
    assert "# Undo:  nft delete table inet mitmeter_redirect " in redirect_here([HOME], 1, [443])


@pytest.mark.parametrize(
    ("networks", "port", "ports", "problem"),
    [
        ([], 4433, [443], "names no device network to redirect"),
        ([HOME], 4433, [], "names no port to redirect"),
        ([HOME], 65_536, [443], "port 65536 is outside 1..65535"),
        ([HOME], 4433, [0], "port 0 is outside 1..65535"),
    ],
)
def test_what_cannot_be_redirected_is_refused(
    networks: list[IPv4Network], port: int, ports: list[int], problem: str
) -> None:
    with pytest.raises(ConfigError) as told:
        redirect_here(networks, port, ports)
    assert told.value.problem == problem


@pytest.mark.skipif(which("nft") is None, reason="nft is not installed")
def test_nft_itself_takes_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.nft"
    file.write_text(redirect_here([HOME, HOME_6], 4433, [80, 443]))
    # In a network of its own, so that nothing here is changed.
    command = ["unshare", "--net", "nft", "-c", "-f", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
