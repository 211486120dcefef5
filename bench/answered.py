"""Status frames answered after durable sync, with 1, 64 and 256 batteries that never pause."""

from __future__ import annotations

import psutil

from bench.daemons import trap
from bench.load import load
from bench.report import Report

AIM = 20_000
_SECONDS = 5.0


def run(report: Report) -> None:
    report.part(
        f"Answered after durable sync: batteries that send on at once, {_SECONDS:g} s each "
        "(the generator and ingest share the machine)"
    )
    for batteries in (1, 64, 256):
        with trap() as running:
            before, all_before = running.cpu(), _busy()
            result = load("flood", running.port, batteries, _SECONDS)
            used, everybody = running.cpu() - before, _busy() - all_before
        rate = result.answered / result.seconds
        what = f"{batteries} {'battery' if batteries == 1 else 'batteries'}"
        shown = (
            f"{rate:7,.0f} frames/s, answer after {result.p50 * 1e3:5.2f} ms (p50), "
            f"{result.p99 * 1e3:5.2f} ms (p99)"
        )
        if batteries < 256:
            report.say(what, shown)
            continue
        busy, each = used / result.seconds, used / result.answered * 1e6
        others = max(0.0, everybody - used) / result.seconds
        report.aim(
            what,
            rate,
            AIM,
            "frames/s",
            more=True,
            shown=shown,
            between=(
                f"The trap used {busy:.0%} of a core, at {each:.0f} µs a frame with its share of "
                f"ingest; the generator and whatever else runs here used {others:.0%} of a core. A "
                f"core of its own would give {1e6 / each:,.0f} frames/s."
            ),
        )
        report.say(
            "processor the trap used, ingest's share included",
            f"{each:5.1f} µs a frame, {busy:.0%} of a core; all others here {others:.0%}",
        )


def _busy() -> float:
    """Return the processor seconds everybody on this machine has used."""
    used = psutil.cpu_times()
    return float(used.user + used.nice + used.system)
