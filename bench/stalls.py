"""How long the trap's event loop ever stands still: seen from inside, and by batteries outside.

Runs a trap in a process of its own with a heartbeat in its loop: `python -m bench.stalls PORT DATA`
prints, for each line on its stdin, how late the heartbeats since the last one came, and how much of
that the loop's own thread was at work; the rest it waited, for the disk or for other processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.daemons import free_port, wait_for
from bench.load import Result, load
from bench.places import folder
from bench.report import Report

_BATTERIES = 1_000
_RATE = 100
_SECONDS = 8.0
_BEAT_SECONDS = 0.001


@dataclass(slots=True)
class Monitored:
    """A trap whose heartbeat can be asked for."""

    process: subprocess.Popen[str]
    port: int

    def late(self) -> tuple[list[float], list[float]]:
        """Return how late the heartbeats since the last call came, and how much of it was work.

        In seconds, each sorted.
        """
        if self.process.stdin is None or self.process.stdout is None:
            return [], []
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        late, worked = json.loads(self.process.stdout.readline())
        return sorted(late), sorted(worked)


def run(report: Report) -> None:
    report.part(
        f"Stalls of the loop: {_BATTERIES:,} batteries, a status each ten seconds, "
        f"{_RATE} frames/s in all, for {_SECONDS:g} s"
    )
    with monitored() as trap:
        _tell(report, "usual", trap)
    with monitored() as trap:
        load("flood", trap.port, 64, 3.0)
        trap.late()
        _tell(report, "after a flood", trap)


def _tell(report: Report, what: str, trap: Monitored) -> None:
    result: Result = load("paced", trap.port, _BATTERIES, _SECONDS, _RATE)
    for whose, found in zip(("stood still", "held by its own work"), trap.late(), strict=True):
        report.say(
            f"{what}: the loop {whose}",
            f"longest {found[-1] * 1e3:5.1f} ms, p99.9 {found[len(found) * 999 // 1000] * 1e3:4.1f}"
            f" ms, {sum(each > 0.01 for each in found)} times over 10 ms",
        )
    report.say(
        f"{what}: answers after",
        f"{result.p50 * 1e3:.2f} ms (p50), {result.p99 * 1e3:.2f} ms (p99), "
        f"{result.longest * 1e3:.1f} ms (longest)",
    )


@contextlib.contextmanager
def monitored() -> Iterator[Monitored]:
    port = free_port()
    with folder() as data:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.stalls", str(port), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            wait_for(port, process)
            yield Monitored(process, port)
        finally:
            process.kill()
            process.communicate()


# --- in the trap's own process ---


async def _trap(port: int, data: Path) -> None:
    from mitmeter import registry
    from mitmeter.config.endpoint import Endpoint
    from mitmeter.config.zone import system_zone
    from mitmeter.daemon.plan import DaemonPlan, StationPlan
    from mitmeter.daemon.settle import settle
    from mitmeter.daemon.supervisor import Daemon
    from mitmeter.roles.role import Role

    listen = Endpoint("tcp", "127.0.0.1", port)
    station = StationPlan("bench", Role.TRAP, registry.spec("alphaess"), listen=listen)
    plan = DaemonPlan("bench", system_zone(), (station,))
    late: list[float] = []
    worked: list[float] = []

    def asked() -> None:
        if not sys.stdin.readline():
            raise SystemExit
        print(json.dumps((late, worked)), flush=True)
        late.clear()
        worked.clear()

    loop = asyncio.get_running_loop()
    async with Daemon(plan, data).running():
        settle()
        loop.add_reader(sys.stdin.fileno(), asked)
        while True:
            began, work = time.perf_counter(), time.thread_time()
            await asyncio.sleep(_BEAT_SECONDS)
            late.append(time.perf_counter() - began - _BEAT_SECONDS)
            worked.append(min(late[-1], time.thread_time() - work))


if __name__ == "__main__":
    from mitmeter.cli.runner import run_loop

    run_loop(lambda: _trap(int(sys.argv[1]), Path(sys.argv[2])))
