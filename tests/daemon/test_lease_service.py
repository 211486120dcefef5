"""dnsmasq under our care: a stand-in where it is to misbehave, the real one in a network of its
own.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from shutil import which
from uuid import uuid4

import pytest

from mitmeter.daemon import lease_service
from mitmeter.daemon.lease_service import LeaseService
from mitmeter.daemon.plan_network import DhcpPlan, NetworkPlan
from mitmeter.errors import ConfigError, LinkError
from tests.daemon.device_network import network, run

PLAN = DhcpPlan(
    "eth1",
    IPv4Interface("192.168.101.2/24"),
    IPv4Address("192.168.101.100"),
    IPv4Address("192.168.101.199"),
)
LEASED = "DHCPACK(eth1) 192.168.101.101 02:00:5e:30:20:10 display"
STARTED = 'echo "dnsmasq[$$]: started, version 2.90 DNS disabled" >&2'


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder programs are looked for in, beside the shell's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(lease_service, "_ALSO_IN", "")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(lease_service, "_RETRY_SECONDS", (0.01,))
    return folder


def stand_in(folder: Path, *lines: str) -> None:
    """Put a program called dnsmasq there."""
    program = folder / "dnsmasq"
    program.write_text("\n".join(("#!/bin/sh", "PATH=/usr/bin:/bin", *lines)) + "\n")
    program.chmod(0o755)


async def test_a_missing_dnsmasq_is_told_with_its_package(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="apt install dnsmasq-base"):
        async with network(tmp_path, NetworkPlan(dhcp=PLAN)):
            pass


async def test_a_dnsmasq_that_does_not_start_is_told_in_its_own_words(
    programs: Path, tmp_path: Path
) -> None:
    stand_in(programs, 'echo "dnsmasq: unknown interface eth1" >&2', "exit 2")
    with pytest.raises(LinkError, match=r"start: unknown interface eth1$"):
        async with network(tmp_path, NetworkPlan(dhcp=PLAN)):
            pass


async def test_a_dnsmasq_that_says_nothing_is_not_waited_for_for_ever(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_service, "_START_SECONDS", 0.1)
    stand_in(programs, f"echo $$ > {tmp_path}/pid", "exec sleep 60")
    with pytest.raises(LinkError, match=r"silent for 0\.1 s"):
        async with network(tmp_path, NetworkPlan(dhcp=PLAN)):
            pass
    assert not alive(int((tmp_path / "pid").read_text()))


async def test_a_wrong_setting_is_told_before_anything_is_started(
    programs: Path, tmp_path: Path
) -> None:
    stand_in(programs, f"touch {tmp_path}/started")
    wrong = replace(PLAN, lease_seconds=1)
    with pytest.raises(ConfigError, match=r"network\.dhcp\.lease"):
        async with network(tmp_path, NetworkPlan(dhcp=wrong)):
            pass
    assert not (tmp_path / "started").exists()


async def test_a_lease_becomes_an_event(programs: Path, tmp_path: Path) -> None:
    stand_in(programs, STARTED, f'echo "dnsmasq-dhcp[$$]: {LEASED}" >&2', "exec sleep 60")
    async with network(tmp_path, NetworkPlan(dhcp=PLAN)) as bench:
        (event,) = await bench.until("mitmeter.dhcp.leased")
    assert event.fields["address"] == "192.168.101.101"


async def test_a_line_without_end_stops_nothing(programs: Path, tmp_path: Path) -> None:
    stand_in(
        programs,
        STARTED,
        "head -c 300000 /dev/zero | tr '\\0' x >&2",
        f'printf "\\ndnsmasq-dhcp[$$]: {LEASED}\\n" >&2',
        "exec sleep 60",
    )
    async with network(tmp_path, NetworkPlan(dhcp=PLAN)) as bench:
        await bench.until("mitmeter.dhcp.leased")


async def test_a_dnsmasq_that_ends_is_noted_and_started_again(
    programs: Path, tmp_path: Path
) -> None:
    stand_in(
        programs,
        STARTED,
        f"echo x >> {tmp_path}/runs",
        f'[ "$(wc -l < {tmp_path}/runs)" -ge 3 ] && exec sleep 60',
        'echo "dnsmasq-dhcp[$$]: out of luck" >&2',
        "exit 5",
    )
    async with network(tmp_path, NetworkPlan(dhcp=PLAN)) as bench:
        ended = await bench.until("mitmeter.dhcp.ended", 2)
    assert [event.fields["failures"] for event in ended] == [1, 2]
    assert "out of luck (code 5)" in ended[0].message


async def test_one_that_cannot_start_again_is_told_of_less_and_less(
    programs: Path, tmp_path: Path
) -> None:
    stand_in(
        programs,
        f"echo x >> {tmp_path}/runs",
        f'[ "$(wc -l < {tmp_path}/runs)" -gt 1 ] && echo "dnsmasq: address in use" >&2 && exit 2',
        STARTED,
        "exit 5",
    )
    async with network(tmp_path, NetworkPlan(dhcp=PLAN)) as bench:
        ended = await bench.until("mitmeter.dhcp.ended", 4)
    assert [event.fields["failures"] for event in ended[:4]] == [1, 2, 4, 8]
    assert ended[3].fields["reason"] == "dnsmasq does not start: address in use"


async def test_dnsmasq_ends_with_us(programs: Path, tmp_path: Path) -> None:
    stand_in(programs, f"echo $$ > {tmp_path}/pid", STARTED, "exec sleep 60")
    async with network(tmp_path, NetworkPlan(dhcp=PLAN)) as bench:
        pid = int((tmp_path / "pid").read_text())
        assert alive(pid)
    assert not alive(pid)
    assert bench.events("mitmeter.dhcp.ended") == []


async def test_one_that_does_not_listen_to_us_is_ended_all_the_same(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_service, "_STOP_SECONDS", 0.1)
    stand_in(
        programs,
        "trap '' TERM",
        f"echo $$ > {tmp_path}/pid",
        STARTED,
        "while :; do sleep 0.1; done",
    )
    async with network(tmp_path, NetworkPlan(dhcp=PLAN)):
        pid = int((tmp_path / "pid").read_text())
    assert not alive(pid)


async def test_the_dnsmasq_of_a_killed_mitmeter_makes_way(programs: Path, tmp_path: Path) -> None:
    stand_in(programs, STARTED, "while :; do sleep 0.1; done")
    folder = tmp_path / "dhcp"
    folder.mkdir()
    left = await asyncio.create_subprocess_exec(
        str(programs / "dnsmasq"),
        "--keep-in-foreground",
        f"--conf-file={folder}/dnsmasq.conf",
        stderr=asyncio.subprocess.DEVNULL,
    )
    (folder / "dnsmasq.pid").write_text(f"{left.pid}\n")
    async with network(tmp_path, NetworkPlan(dhcp=PLAN)):
        async with asyncio.timeout(10):
            assert await left.wait() == -signal.SIGKILL


async def test_somebody_elses_process_is_left_alone(programs: Path, tmp_path: Path) -> None:
    stand_in(programs, STARTED, "exec sleep 60")
    (tmp_path / "dhcp").mkdir()
    (tmp_path / "dhcp" / "dnsmasq.pid").write_text(f"{os.getpid()}\n")
    async with network(tmp_path, NetworkPlan(dhcp=PLAN)):
        assert alive(os.getpid())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# the real one

TOOLS = {name: which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") for name in
         ("ip", "dnsmasq", "udhcpc")}  # fmt: skip
LEASE_SCRIPT = """#!/bin/sh
[ "$1" = bound ] && echo "got $ip $subnet router=$router dns=$dns ntp=$ntpsrv for $lease"
exit 0
"""


@contextlib.asynccontextmanager
async def cable() -> AsyncIterator[tuple[str, str]]:
    """Return two hosts joined by a cable: network namespaces in which we are eth1, and a device
    is eth0.
    """
    ip = TOOLS["ip"] or "ip"
    us, device = (f"mm{uuid4().hex[:8]}" for _ in range(2))
    code, said = await run(ip, "netns", "add", us)
    if code:
        pytest.skip(f"network namespaces are not permitted here: {said.strip()}")
    try:
        for command in (
            f"netns add {device}",
            f"link add eth1 netns {us} type veth peer name eth0 netns {device}",
            f"-n {us} address add 192.168.101.2/24 dev eth1",
            f"-n {us} link set eth1 up",
            f"-n {device} link set eth0 address 02:00:5e:30:20:10 up",
        ):
            code, said = await run(ip, *command.split())
            assert code == 0, said
        yield us, device
    finally:
        for each in (us, device):
            await run(ip, "netns", "delete", each)


@pytest.mark.system
@pytest.mark.skipif(
    None in TOOLS.values(), reason="needs Debian's iproute2, dnsmasq-base and udhcpc"
)
async def test_a_device_gets_its_lease_from_the_real_dnsmasq(
    programs: Path, tmp_path: Path
) -> None:
    script = tmp_path / "lease.sh"
    script.write_text(LEASE_SCRIPT)
    script.chmod(0o755)
    async with cable() as (us, device):
        stand_in(programs, f'exec {TOOLS["ip"]} netns exec {us} {TOOLS["dnsmasq"]} "$@"')
        async with network(tmp_path, NetworkPlan(dhcp=PLAN)) as bench:
            code, said = await run(
                *f"{TOOLS['ip']} netns exec {device} {TOOLS['udhcpc']} -i eth0 -n -q -f".split(),
                *f"-s {script} -t 5 -T 3 -O ntpsrv -x hostname:display".split(),
            )
            assert code == 0, said
            (event,) = await bench.until("mitmeter.dhcp.leased")
            service = bench.network.running["dhcp"]
            assert isinstance(service, LeaseService)
            (lease,) = service.leases()
    got = f"got {lease.address} 255.255.255.0 router= dns=192.168.101.2 ntp=192.168.101.2"
    assert f"{got} for 43200" in said
    assert lease.address in IPv4Network("192.168.101.0/24")
    assert (lease.mac, lease.name) == ("02:00:5e:30:20:10", "display")
    assert event.message == f"{lease.mac} is {lease.address} now, and calls itself display"
    assert (tmp_path / "dhcp").stat().st_mode & 0o077 == 0


@pytest.mark.system
@pytest.mark.skipif(TOOLS["dnsmasq"] is None, reason="needs Debian's dnsmasq-base")
async def test_the_real_dnsmasq_says_why_it_does_not_start(programs: Path, tmp_path: Path) -> None:
    stand_in(programs, f'exec {TOOLS["dnsmasq"]} "$@"')
    with pytest.raises(LinkError, match=r"dnsmasq does not start: .*mm-none"):
        async with network(tmp_path, NetworkPlan(dhcp=replace(PLAN, interface="mm-none"))):
            pass
