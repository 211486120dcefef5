"""How much passes through `proxy tcp` and `proxy tls`, everything recorded, one way.

Who sends and who takes it are processes of their own: `python -m bench.between take|send …`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.daemons import Running, free_port, listening
from bench.places import folder
from bench.report import Report
from mitmeter.transport.certificates import Authority

_SECONDS = 5.0
_BLOCK = 1 << 20
_AIM = 500.0


def run(report: Report) -> None:
    report.part(
        f"Standing between: one connection, one way, for {_SECONDS:g} s, all of it recorded"
    )
    for scheme in ("tcp", "tls"):
        direct = _direct(scheme)
        with _between(scheme) as (proxy, port):
            before = proxy.cpu()
            began = time.perf_counter()
            through = _send(scheme, proxy.port, port)
            spent = (proxy.cpu() - before) / (time.perf_counter() - began)
            written = _journaled(proxy.data)
        report.say(f"{scheme}: without a proxy", f"{direct:,.0f} MB/s")
        what = f"{scheme}: through the proxy"
        shown = f"{through:,.0f} MB/s, {spent:.1f} cores, {written / 1e6:,.0f} MB of journal"
        if scheme == "tls":
            report.say(what, shown)
            continue
        report.aim(
            what,
            through,
            _AIM,
            "MB/s",
            more=True,
            shown=shown,
            between="Every byte is journaled, as two hexadecimal digits in a line with a checksum, "
            "before more is read: the disk and that line set the pace, not the sockets.",
        )


@contextlib.contextmanager
def _between(scheme: str) -> Iterator[tuple[Running, int]]:
    """Run a proxy; yields it and the port of the server to be."""
    target, port = free_port(), free_port()
    with folder() as data:
        arguments = ["-q", "--data", str(data), "proxy", scheme]
        arguments += ["--to", f"{scheme}://127.0.0.1:{target}"]
        arguments += ["--listen", f"{scheme}://127.0.0.1:{port}"]
        if scheme == "tls":
            arguments += ["--option", "upstream=unverified"]
        with listening(arguments, port, data) as running:
            yield running, target


def _direct(scheme: str) -> float:
    port = free_port()
    return _send(scheme, port, port)


def _send(scheme: str, to: int, server: int) -> float:
    """Return how many MB a second arrive at a server that takes all, through whatever is there."""
    with folder() as place:
        certificate = str(_certificate(place)) if scheme == "tls" else ""
        taking = _process("take", str(server), certificate)
        sending = None
        try:
            assert taking.stdout is not None
            taking.stdout.readline()  # it listens
            sending = _process("send", str(to), scheme)
            size, seconds = json.loads(taking.stdout.readline())
            return float(size / seconds / 1e6)
        finally:
            for process in (taking, sending):
                if process is not None:
                    process.kill()
                    process.communicate()


def _process(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.between", *arguments], stdout=subprocess.PIPE, text=True
    )


def _certificate(place: Path) -> Path:
    from datetime import UTC, datetime

    return Authority(place).certificate_for(["bench.example"], now=datetime.now(UTC)).path


def _journaled(data: Path) -> int:
    return sum(file.stat().st_size for file in (data / "journal").glob("*.jsonl*"))


# --- in processes of their own


def _take(port: int, certificate: str) -> None:
    """Take everything from the first who says something; tell how much and how long."""
    server = socket.create_server(("127.0.0.1", port))
    print("listening", flush=True)
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    buffer = bytearray(_BLOCK)
    while True:
        link: socket.socket = server.accept()[0]
        with contextlib.suppress(OSError):
            if context is not None:
                link = context.wrap_socket(link, server_side=True)
            size = link.recv_into(buffer)
            began = time.perf_counter()
            while read := link.recv_into(buffer):
                size += read
            if size > 1:
                print(json.dumps([size, time.perf_counter() - began]), flush=True)


def _give(port: int, scheme: str) -> None:
    link: socket.socket = socket.create_connection(("127.0.0.1", port))
    if scheme == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        link = context.wrap_socket(link, server_hostname="bench.example")
    block = bytes(range(256)) * (_BLOCK // 256)
    until = time.monotonic() + _SECONDS
    with link:
        while time.monotonic() < until:
            link.sendall(block)


if __name__ == "__main__":
    if sys.argv[1] == "take":
        _take(int(sys.argv[2]), sys.argv[3])
    else:
        _give(int(sys.argv[2]), sys.argv[3])
