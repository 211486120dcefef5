"""A home in a box: hosts in network namespaces, joined by cables, with nothing else in reach."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from tests.system.processes import PROGRAM, UNSEEMLY, poll

US = "192.168.101.2"
US_TOO = "192.168.101.3"
LEASE = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/24" dev "$interface"
[ -n "$router" ] && ip route add default via "$router"
echo "nameserver $dns" > "{resolver}"
echo "$ip dns=$dns ntp=$ntpsrv router=$router" > "{told}"
"""


@dataclass(slots=True)
class Host:
    """One namespace: a network of its own, the same files."""

    name: str
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command to its end on this host; return what it said."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, *command], capture_output=True, text=True, timeout=60
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def start(self, *command: str) -> Path:
        """Start a program on this host; return the file that holds what it says."""
        out = self.folder / f"{self.name}-{len(self.running)}.out"
        with out.open("wb") as said:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *command],
                stdout=said,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self.running.append(process)
        return out

    def mitmeter(self, *arguments: str, said: str) -> Path:
        """Start mitmeter here and wait until it has said so much."""
        out = self.start(PROGRAM, *arguments)
        process = self.running[-1]
        poll(
            lambda: said in out.read_text("utf-8", "replace") or process.poll() is not None,
            lambda: f"{arguments}: {out.read_text('utf-8', 'replace')}",
        )
        text = out.read_text("utf-8", "replace")
        assert said in text, text
        return out

    def packets(self, interface: str) -> int:
        """Return how many packets have come in on an interface."""
        where = f"/sys/class/net/{interface}/statistics/rx_packets"
        return int(self.run("cat", where))

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(20)
        for number in range(len(self.running)):
            text = (self.folder / f"{self.name}-{number}.out").read_text("utf-8", "replace")
            assert not any(rude in text for rude in UNSEEMLY), text
        self.running.clear()

    @property
    def resolver(self) -> Path:
        """What programs on this host read as /etc/resolv.conf."""
        return Path("/etc/netns") / self.name / "resolv.conf"


@dataclass(slots=True)
class Home:
    """device ── mitmeter ── Internet: two cables, `eth0` on the outside, `lan` and `wan` inside."""

    device: Host
    mitmeter: Host
    internet: Host

    def lease(self) -> str:
        """Let the device ask for an address as a real one would; return what it was given."""
        folder = self.device.folder
        script, told = folder / "lease.sh", folder / "lease.told"
        self.device.resolver.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(LEASE.format(resolver=self.device.resolver, told=told))
        script.chmod(0o755)
        self.device.run(
            "udhcpc",
            *("-i", "eth0", "-n", "-q", "-f", "-t", "8", "-T", "2", "-O", "ntpsrv"),
            *("-x", "hostname:display", "-s", str(script)),
        )  # fmt: skip
        return told.read_text("ascii").strip()


@contextlib.contextmanager
def home(folder: Path) -> Iterator[Home]:
    """Build the home, and take it down again. Skips, loudly, where namespaces are not permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    for tool in ("ip", "udhcpc", "dig", "dnsmasq", "nft"):
        assert shutil.which(tool), f"{tool} is missing: run scripts/debian.sh"
    mark = uuid4().hex[:6]
    made = Home(*(Host(f"mm{mark}{kind}", folder) for kind in ("d", "m", "i")))
    hosts = (made.device, made.mitmeter, made.internet)
    try:
        for host in hosts:
            tried = _ip("netns", "add", host.name)
            if tried.returncode:
                pytest.skip(f"A HOME IN A BOX IS NOT TESTED HERE: {tried.stderr.strip()}")
        for host in hosts:
            # Without IPv6 nothing is said on a cable unless somebody means it.
            host.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
            host.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
            host.run("ip", "link", "set", "lo", "up")
        _cable(made.device.name, "eth0", made.mitmeter.name, "lan")
        _cable(made.internet.name, "eth0", made.mitmeter.name, "wan")
        made.device.run("ip", "link", "set", "eth0", "address", "02:00:5e:30:20:10")
        for address in (US, US_TOO):
            made.mitmeter.run("ip", "address", "add", f"{address}/24", "dev", "lan")
        made.mitmeter.run("ip", "address", "add", "198.51.100.2/24", "dev", "wan")
        made.internet.run("ip", "address", "add", "198.51.100.1/24", "dev", "eth0")
        made.mitmeter.run("ip", "link", "set", "lan", "up")
        made.device.run("ip", "link", "set", "eth0", "up")
        yield made
    finally:
        try:
            for host in hosts:
                host.stop()
        finally:
            for host in hosts:
                _ip("netns", "delete", host.name)
                shutil.rmtree(host.resolver.parent, ignore_errors=True)


def _cable(one: str, one_end: str, other: str, other_end: str) -> None:
    done = _ip("link", "add", one_end, "netns", one, "type", "veth", "peer", "name", other_end,
               "netns", other)  # fmt: skip
    assert done.returncode == 0, done.stderr


def _ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return subprocess.run(
        ["ip", *arguments], capture_output=True, text=True, timeout=30, env={"PATH": path}
    )
