"""The reverse proxy before a smart meter gateway: what it adds to an answer, and how many it takes.

HTTP to the proxy, TLS 1.2 on to nginx, which answers a kilobyte at once; a real gateway takes
longer than everything here. The proxy asks a gateway one thing at a time, whoever waits.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.daemons import Running, free_port, listening
from bench.places import folder
from bench.report import Report
from mitmeter import registry
from mitmeter.transport.certificates import Authority

AIM = 5_000
AIM_ADDED_MS = 0.5
_PROTOCOL = "smgw"
_SECONDS = 4.0
_PATIENCE = 10.0
_BODY = "x" * 1_000
_NGINX = """
daemon off; master_process off; pid {place}/nginx.pid; error_log {place}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 100000000; default_type text/plain;
  client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
  fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.2;
    ssl_certificate {certificate}; ssl_certificate_key {certificate};
    location / {{ return 200 "{body}"; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers a second, and after how many milliseconds: median and 99th percentile."""

    rate: float
    p50: float
    p99: float
    count: int


def run(report: Report) -> None:
    report.part("Gateway: the reverse proxy, HTTP in and TLS 1.2 on to nginx, no question twice")
    if shutil.which("nginx") is None or _PROTOCOL not in registry.names():
        report.say("reverse proxy", "not measured: nginx or the protocol smgw is not installed")
        return
    with nginx() as upstream, proxy(upstream) as running:
        for clients in (1, 16):
            direct = _asked("https", upstream, clients)
            before = running.cpu()
            through = _asked("http", running.port, clients)
            used = (running.cpu() - before) / through.count * 1e6
            _tell(report, clients, direct, through, used)


def _tell(report: Report, clients: int, direct: Answers, through: Answers, used: float) -> None:
    who = "1 client" if clients == 1 else f"{clients} clients"
    for what, each in ((f"{who}, straight to nginx by TLS", direct), (f"{who}, proxied", through)):
        shown = (
            f"{each.rate:7,.0f} requests/s, answer after {each.p50:5.2f} ms (p50), "
            f"{each.p99:5.2f} ms (p99)"
        )
        if clients == 1 or each is direct:
            report.say(what, shown)
            continue
        report.aim(
            what,
            each.rate,
            AIM,
            "requests/s",
            more=True,
            shown=shown,
            between=f"A request takes {used:.0f} µs of the proxy's processor (HTTP twice, TLS, the "
            f"journal), so a core of its own gives {1e6 / used:,.0f}.",
        )
    added = through.p50 - direct.p50
    shown = f"{added:6.2f} ms (p50), {through.p99 - direct.p99:.2f} ms (p99); {used:.0f} µs of ours"
    if clients > 1:
        report.say(f"{who}: added", shown)
        return
    report.aim(
        f"{who}: added",
        added,
        AIM_ADDED_MS,
        "ms",
        more=False,
        shown=shown,
        between="A question passes two connections more than without a proxy, and two processes.",
    )


def _asked(scheme: str, port: int, clients: int) -> Answers:
    told = subprocess.run(
        [
            *(sys.executable, "-m", "bench.request_load", scheme, str(port)),
            *(str(clients), str(_SECONDS), "/values/"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,
    ).stdout.split()
    count, (seconds, p50, p99) = int(told[0]), map(float, told[1:])
    return Answers(count / seconds, p50 * 1e3, p99 * 1e3, count)


@contextlib.contextmanager
def proxy(upstream: int) -> Iterator[Running]:
    """Run `mitmeter proxy smgw` before a server, which is not to be paced or verified."""
    port = free_port()
    with folder() as data:
        arguments = ["-q", "--data", str(data), "proxy", _PROTOCOL]
        arguments += ["--to", f"https://127.0.0.1:{upstream}"]
        arguments += ["--listen", f"http://127.0.0.1:{port}"]
        arguments += ["--option", "pace=0", "--option", "upstream=unverified"]
        with listening(arguments, port, data) as running:
            yield running


@contextlib.contextmanager
def nginx() -> Iterator[int]:
    """Run nginx with TLS 1.2 only; yield its port."""
    port = free_port()
    with folder() as place:
        certificate = Authority(place).certificate_for(["gateway.example"], now=datetime.now(UTC))
        settings = place / "nginx.conf"
        settings.write_text(
            _NGINX.format(place=place, port=port, certificate=certificate.path, body=_BODY), "utf-8"
        )
        process = subprocess.Popen(
            ["nginx", "-c", str(settings), "-p", str(place)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.01)
    raise SystemExit("nginx did not start")
