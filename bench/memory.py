"""Resident memory of a trap: alone, with batteries that have reported, with idle connections."""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.daemons import Running, trap
from bench.display_load import request, unverified
from bench.frames import ANSWER, status
from bench.report import Report

AIM_IDLE_MB = 60
AIM_CONNECTION_KB = 20
_BATTERIES = 1_000
_DISPLAYS = 1_000
_IDLE = 4_000


def run(report: Report) -> None:
    report.part("Memory of a trap (resident)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with trap() as running:
        running.settle()
        idle = running.resident()
        report.aim(
            "idle",
            idle / 1e6,
            AIM_IDLE_MB,
            "MB",
            more=False,
            shown=f"{idle / 1e6:6.1f} MB",
            between="Nearly all of it is Python and the modules imported.",
        )
        with connections(running, _IDLE) as silent:
            running.settle()
            each = (running.resident() - idle) / len(silent) / 1024
            report.aim(
                f"a silent connection, one of {_IDLE:,}",
                each,
                AIM_CONNECTION_KB,
                "KiB",
                more=False,
                shown=f"{each:6.1f} KiB",
                between="Codec, party, link and the transport of uvloop of every connection.",
            )
    with trap() as running:
        running.settle()
        idle = running.resident()
        with connections(running, _BATTERIES) as batteries:
            _report_all(batteries)
            running.settle()
            now = running.resident()
            report.say(
                f"with {_BATTERIES:,} connected batteries that have reported",
                f"{now / 1e6:6.1f} MB, {(now - idle) / _BATTERIES / 1024:.1f} KiB a battery",
            )
            before, seconds = running.cpu(), 5.0
            running.settle(seconds)
            used = (running.cpu() - before) / seconds
            report.say("processor used while nobody speaks", f"{used * 100:6.2f} % of one core")
    with trap("glow", "tls") as running:
        running.settle()
        idle = running.resident()
        with displays(running, _DISPLAYS):
            running.settle()
            now = running.resident()
            report.say(
                f"with {_DISPLAYS:,} connected displays that have reported, by TLS 1.2",
                f"{now / 1e6:6.1f} MB, {(now - idle) / _DISPLAYS / 1024:.1f} KiB a display",
            )


@contextlib.contextmanager
def connections(running: Running, count: int) -> Iterator[list[socket.socket]]:
    """Open so many connections to the trap, closed again at the end."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port)))
            for _ in range(count)
        ]


@contextlib.contextmanager
def displays(running: Running, count: int) -> Iterator[None]:
    """Connect so many displays, each of which posts one report and takes the answer."""
    context = unverified()
    with contextlib.ExitStack() as stack:
        for number in range(count):
            plain = socket.create_connection(("127.0.0.1", running.port), timeout=10)
            secret = stack.enter_context(context.wrap_socket(plain))
            secret.sendall(request(number, 0))
            if not secret.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("a report was not answered with 200")
        yield


def _report_all(batteries: list[socket.socket]) -> None:
    """Let each battery send its first status and take the answer."""
    now = datetime.now(UTC)
    for number, each in enumerate(batteries):
        each.sendall(status(number, now))
    for each in batteries:
        each.settimeout(10)
        if each.recv(len(ANSWER), socket.MSG_WAITALL) != ANSWER:
            raise SystemExit("a status was not answered with Success")
