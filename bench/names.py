"""DNS answers per second over a real socket, and clock questions beside them."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress

import psutil

from bench.daemons import free_port, program
from bench.name_load import ask
from bench.places import folder
from bench.report import Report

AIM = 20_000
_SECONDS = 4.0
_PATIENCE = 20.0


def run(report: Report) -> None:
    report.part("Names: DNS questions by UDP, each journaled")
    port = free_port()
    with folder() as data:
        settings = data / "mitmeter.toml"
        settings.write_text(
            f'[network.dns]\nlisten = "udp://127.0.0.1:{port}"\nanswer = "127.0.0.1"\n'
            'networks = ["127.0.0.0/8"]\n'
        )
        running = subprocess.Popen(
            [program(), "-q", "--data", str(data / "data"), "run", "-c", str(settings)],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(port)
            for names, what in ((1, "the same name again and again"), (10_000, "10,000 names")):
                _measure(report, port, names, what, psutil.Process(running.pid))
        finally:
            running.kill()
            running.wait(_PATIENCE)


def _measure(report: Report, port: int, names: int, what: str, trap: psutil.Process) -> None:
    before = trap.cpu_times().user + trap.cpu_times().system
    out = subprocess.run(
        [sys.executable, "-m", "bench.name_load", str(port), str(names), str(_SECONDS)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    used = trap.cpu_times().user + trap.cpu_times().system - before
    answered, seconds = int(out[0]), float(out[1])
    each = used / answered * 1e6
    shown = f"{answered / seconds:7,.0f} answers/s, {each:6.1f} µs of our processor each"
    if names > 1:
        report.say(what, shown)
        return
    report.aim(
        what,
        answered / seconds,
        AIM,
        "answers/s",
        more=True,
        shown=shown,
        between=f"An answer takes {each:.0f} µs of one core; the asker takes the other.",
    )


def _wait_for(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with suppress(OSError):
            ask(port, 1, 0.0, patience=0.2)
            return
    raise SystemExit("mitmeter answers no names")
