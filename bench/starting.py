"""How long a user waits: `mitmeter --version`, and `mitmeter run` until it listens."""

from __future__ import annotations

import subprocess
import time
from statistics import median

from bench.daemons import free_port, listening, program
from bench.places import folder
from bench.report import Report

AIM_SECONDS = 0.15
_REPEATS = 11

_CONFIG = """
[[station]]
name = "battery"
role = "trap"
protocol = "alphaess"
listen = "tcp://127.0.0.1:{port}"
"""


def run(report: Report) -> None:
    report.part("Starting, wall time, medians")
    version = median(_version() for _ in range(_REPEATS))
    python = median(_timed([program().replace("mitmeter", "python"), "-c", ""]) for _ in range(5))
    report.aim(
        f"mitmeter --version, {_REPEATS} times",
        version,
        AIM_SECONDS,
        "s",
        more=False,
        shown=f"{version * 1000:5.0f} ms, of which Python itself {python * 1000:.0f} ms",
        between=f"Python alone takes {python:.3f} s here; the rest is importing click.",
    )
    starts = [_run() for _ in range(7)]
    report.say(
        f"mitmeter run until it listens, {len(starts)} times",
        f"{median(starts) * 1000:5.0f} ms, at most {max(starts) * 1000:.0f} ms",
    )


def _version() -> float:
    return _timed([program(), "--version"])


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _run() -> float:
    port = free_port()
    with folder() as data:
        config = data / "mitmeter.toml"
        config.write_text(_CONFIG.format(port=port), "utf-8")
        arguments = ["-q", "--data", str(data), "run", "-c", str(config)]
        with listening(arguments, port, data) as running:
            return running.seconds
