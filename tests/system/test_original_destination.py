"""Connections that a router turns to us go on to where they were going."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mitmeter.transport.certificates import Authority
from tests.system.box import US, Home, Host, home
from tests.system.processes import events, mitmeter, poll
from tests.transport.ends import TODAY

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("namespaces")]

CLOUD, CLOUD_6 = "198.51.100.1", "fd00:2::1"
# A server that answers every line with its own address before it; TLS where it has a certificate.
SERVER = """
import asyncio, ssl, sys
async def serve(heard, out):
    where = out.get_extra_info("sockname")
    try:
        while line := await heard.readline():
            out.write(f"{where[0]}:{where[1]} heard ".encode() + line)
    except OSError:
        pass
    out.close()
async def main():
    context = None
    if len(sys.argv) > 1:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[1])
    await asyncio.start_server(serve, None, 443, ssl=context)
    print("listening", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
CLIENT = """
import socket, ssl, sys
host, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
link = socket.create_connection((host, port), timeout=10)
if name:
    context = ssl.create_default_context(cafile=sys.argv[4])
    link = context.wrap_socket(link, server_hostname=name)
link.sendall(b"hello\\n")
try:
    print(link.makefile().readline().strip())
except ConnectionResetError:
    print()  # hung up on with our words unread
"""


def cables(box: Home) -> None:
    """Join device, mitmeter and Internet for IPv4 and IPv6, with mitmeter as the router."""
    for host, interface, *addresses in (
        (box.device, "eth0", "192.168.101.50/24", "fd00:1::50/64"),
        (box.mitmeter, "lan", "fd00:1::2/64"),
        (box.mitmeter, "wan", "fd00:2::2/64"),
        (box.internet, "eth0", f"{CLOUD_6}/64"),
    ):
        host.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0")
        host.run("sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=0")
        host.run("ip", "link", "set", interface, "up")
        for address in addresses:
            nodad = ("nodad",) if ":" in address else ()
            host.run("ip", "address", "add", address, "dev", interface, *nodad)
    box.mitmeter.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    box.mitmeter.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    box.device.run("ip", "route", "add", "default", "via", US)
    box.device.run("ip", "-6", "route", "add", "default", "via", "fd00:1::2")


def serve(host: Host, *certificate: str) -> None:
    out = host.start(sys.executable, "-c", SERVER, *certificate)
    poll(lambda: "listening" in out.read_text(), lambda: out.read_text())


def redirect(box: Home, tmp_path: Path, network: str, port: int) -> None:
    rules = mitmeter("network", "nftables", network, "--redirect", str(port))
    assert rules.code == 0, rules.err
    file = tmp_path / "redirect.nft"
    file.write_text(rules.out)
    box.mitmeter.run("nft", "-f", str(file))


def proxy(box: Home, data: Path, protocol: str, listen: str, *options: str) -> None:
    arguments = ("proxy", protocol, "--to", "original", "--listen", listen, *options)
    box.mitmeter.mitmeter("--data", str(data), *arguments, said="stop with Ctrl-C")


def ask(box: Home, host: str, port: int = 443, *tls: str) -> str:
    return box.device.run(sys.executable, "-c", CLIENT, host, str(port), *(tls or ("",))).strip()


def spoken(data: Path) -> list[bytes]:
    """Return what the journal of a data directory holds, chunk by chunk."""
    shows = mitmeter("journal", "show", "--json", data=data)
    return [bytes.fromhex(each["hex"]) for each in shows.objects if "hex" in each]


@pytest.mark.parametrize(
    ("network", "listen", "cloud"),
    [
        ("192.168.101.0/24", "tcp://0.0.0.0:4000", CLOUD),
        ("fd00:1::/64", "tcp://[::]:4000", CLOUD_6),
    ],
)
def test_a_redirected_connection_reaches_the_server_it_was_meant_for(
    tmp_path: Path, network: str, listen: str, cloud: str
) -> None:
    with home(tmp_path / "box") as box:
        cables(box)
        serve(box.internet)
        redirect(box, tmp_path, network, 4000)
        data = tmp_path / "data"
        proxy(box, data, "tcp", listen)
        assert ask(box, cloud) == f"{cloud}:443 heard hello"

        said = [b"hello\n", f"{cloud}:443 heard hello\n".encode()]
        poll(lambda: spoken(data) == said, lambda: f"{spoken(data)}")
        (conversation,) = mitmeter("journal", "list", "--json", data=data).objects
        shown = f"[{cloud}]" if ":" in cloud else cloud
        assert conversation["upstream"] == f"{shown}:443"


def test_who_comes_to_us_directly_is_passed_on_to_nobody(tmp_path: Path) -> None:
    with home(tmp_path / "box") as box:
        cables(box)
        redirect(box, tmp_path, "192.168.101.0/24", 4000)
        proxy(box, tmp_path / "data", "tcp", "tcp://0.0.0.0:4000")
        assert ask(box, US, 4000) == ""
        poll(
            lambda: bool(events(tmp_path / "data", "mitmeter.upstream.unreachable")),
            "the refusal was not told",
        )


def test_a_redirect_that_catches_our_own_connections_makes_no_endless_loop(
    tmp_path: Path,
) -> None:
    with home(tmp_path / "box") as box:
        cables(box)
        serve(box.internet)
        redirect(box, tmp_path, "192.168.101.0/24", 4000)
        for rule in (
            "add table ip loop",
            "add chain ip loop out { type nat hook output priority -100; }",
            "add rule ip loop out tcp dport 443 redirect to :4000",
        ):
            box.mitmeter.run("nft", *rule.split(" "))
        data = tmp_path / "data"
        proxy(box, data, "tcp", "tcp://0.0.0.0:4000")
        assert ask(box, CLOUD) == ""
        poll(
            lambda: any(
                "comes from this machine" in each["message"]
                for each in events(data, "mitmeter.upstream.unreachable")
            ),
            lambda: json.dumps(events(data, "")),
        )
        # The device's, and our own that came back.
        assert len(mitmeter("journal", "list", "--json", data=data).objects) == 2


def test_tls_to_anywhere_is_read_along_by_the_name_the_device_asks_for(tmp_path: Path) -> None:
    cloud = Authority(tmp_path / "cloud")
    certificate = cloud.certificate_for(["meter.example"], now=TODAY)
    with home(tmp_path / "box") as box:
        cables(box)
        serve(box.internet, str(certificate.path))
        redirect(box, tmp_path, "192.168.101.0/24", 4433)
        data = tmp_path / "data"
        pin = f"upstream=sha256:{certificate.sha256}"
        proxy(box, data, "tls", "tls://0.0.0.0:4433", "--option", pin)
        authority = str(data / "certificates" / "authority.crt")
        # The device trusts our authority, and asks for the server by its name.
        heard = ask(box, CLOUD, 443, "meter.example", authority)
        assert heard == f"{CLOUD}:443 heard hello"
        poll(lambda: b"hello\n" in spoken(data), lambda: f"{spoken(data)}")
