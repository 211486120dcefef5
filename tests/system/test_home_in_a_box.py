"""From lease to name to clock to TLS to stored reading, with no Internet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.system.box import US, US_TOO, Home, home
from tests.system.processes import mitmeter, poll

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("namespaces")]

DISPLAY = "10.20.30.02005e.cad.sensornet.info"
HUB = "10.20.30.02005e.h3.sensornet.info"
CONFIG = f"""
[network.dns]
listen = "udp://{US}:53"
answer = "{US}"
apart = {{ efergy = "{US_TOO}" }}
networks = ["192.168.101.0/24"]
DNS_MORE

[network.ntp]
listen = "udp://{US}:123"
networks = ["192.168.101.0/24"]

[network.dhcp]
interface = "lan"
address = "{US}/24"
first = "192.168.101.50"
last = "192.168.101.99"
DHCP_MORE

[[station]]
name = "display"
role = "trap"
protocol = "glow"
listen = "tls://{US}:443"

[[station]]
name = "hub"
role = "trap"
protocol = "efergy"
listen = "ssl3://{US_TOO}:443"
options = {{ mains = 700001 }}
"""


def start(where: Home, tmp_path: Path, *, dns: str = "", dhcp: str = "") -> Path:
    """Start mitmeter in the home; return its data directory."""
    config, data = tmp_path / "mitmeter.toml", tmp_path / "data"
    config.write_text(CONFIG.replace("DNS_MORE", dns).replace("DHCP_MORE", dhcp))
    where.mitmeter.mitmeter("--data", str(data), "-c", str(config), "run", said="stop with Ctrl-C")
    return data


def emulate(where: Home, tmp_path: Path, protocol: str, to: str) -> None:
    data = tmp_path / f"emulated-{protocol}"
    arguments = ("--data", str(data), "emulate", protocol, "--to", to, "--speed", "30")
    where.device.mitmeter(*arguments, said="stop with Ctrl-C")


def readings(data: Path, quantity: str) -> list[dict[str, Any]]:
    found = mitmeter("readings", "--json", "--all", "--quantity", quantity, data=data)
    return found.objects if found.code == 0 else []


def devices(data: Path, quantity: str) -> set[str]:
    return {each["device"].partition(":")[0] for each in readings(data, quantity)}


def both_report(data: Path) -> None:
    poll(
        lambda: devices(data, "grid.power") >= {"glow", "efergy"},
        lambda: mitmeter("events", data=data).out,
        seconds=60,
    )


def test_a_display_and_a_hub_live_with_no_internet_at_all(tmp_path: Path) -> None:
    with home(tmp_path / "box") as box:
        box.internet.run("ip", "link", "set", "eth0", "up")  # listening, in vain
        data = start(box, tmp_path)
        lease = box.lease()
        assert lease.endswith(f"dns={US} ntp={US} router=")
        assert lease.startswith("192.168.101.")

        assert box.device.run("dig", "+short", DISPLAY).strip() == US
        assert box.device.run("dig", "+short", HUB.upper()).strip() == US_TOO
        assert box.device.run("dig", "+short", "AAAA", DISPLAY).strip() == ""
        assert "status: REFUSED" in box.device.run("dig", "example.org")
        assert box.device.run("dig", "+short", "2.pool.ntp.org").strip() == US

        emulate(box, tmp_path, "glow", f"tls://{DISPLAY}:443")
        emulate(box, tmp_path, "efergy", f"ssl3://{HUB}:443")
        both_report(data)
        seen = mitmeter("devices", "--seen", "--json", data=data)
        (host,) = [each for each in seen.objects if each["mac"] == "02:00:5e:30:20:10"]
        assert host["address"] == lease.partition(" ")[0]
        assert {DISPLAY, HUB.lower()} <= {each["name"] for each in host["names"]}
        assert set(host["protocols"]) == {"glow", "efergy"}
        doctor = mitmeter("doctor", data=data)
        assert doctor.code == 0, doctor.out
        assert box.internet.packets("eth0") == 0


def test_unknown_names_are_forwarded_where_that_is_configured(tmp_path: Path) -> None:
    with home(tmp_path / "box") as box:
        box.mitmeter.run("ip", "link", "set", "wan", "up")
        box.internet.run("ip", "link", "set", "eth0", "up")
        box.internet.start(
            "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null",
            "--address=/example.org/203.0.113.9", f"--pid-file={tmp_path / 'upstream.pid'}",
        )  # fmt: skip
        data = start(box, tmp_path, dns='unknown = "forward"\nupstream = "udp://198.51.100.1:53"')
        box.lease()
        poll(
            lambda: box.device.run("dig", "+short", "example.org").strip() == "203.0.113.9",
            "the question was not forwarded",
        )
        assert box.device.run("dig", "+short", DISPLAY).strip() == US
        emulate(box, tmp_path, "glow", f"tls://{DISPLAY}:443")
        poll(lambda: devices(data, "grid.power") == {"glow"}, "no reading", seconds=60)


def test_a_device_with_a_resolver_of_its_own_is_redirected(tmp_path: Path) -> None:
    with home(tmp_path / "box") as box:
        data = start(box, tmp_path, dhcp="router = true")
        lease = box.lease()
        assert lease.endswith(f"router={US}")
        rules = mitmeter("network", "nftables", "192.168.101.0/24", "--to", US)
        assert rules.code == 0, rules.err
        file = tmp_path / "redirect.nft"
        file.write_text(rules.out)
        box.mitmeter.run("nft", "-f", str(file))
        box.mitmeter.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        # It asks a server of its maker's, whatever the lease says.
        box.device.resolver.write_text("nameserver 9.9.9.9\n")
        assert box.device.run("dig", "+short", DISPLAY).strip() == US
        emulate(box, tmp_path, "glow", f"tls://{DISPLAY}:443")
        poll(lambda: devices(data, "grid.power") == {"glow"}, "no reading", seconds=60)
