"""`POST /zb02` over TLS, answered after durable sync: kept connections, and a new one each time."""

from __future__ import annotations

import subprocess
import sys

from bench.daemons import free_port, listening
from bench.places import folder
from bench.report import Report

AIM = 20_000
_SECONDS = 4.0


def run(report: Report) -> None:
    report.part("Displays: POST /zb02 over TLS 1.2, answered after durable sync")
    for connections, kind in ((1, "keep"), (16, "keep"), (64, "keep"), (16, "new")):
        port = free_port()
        with folder() as data:
            arguments = ["-q", "--data", str(data), "trap", "glow"]
            endpoint = ["--listen", f"tls://127.0.0.1:{port}"]
            with listening([*arguments, *endpoint], port, data) as running:
                before = running.cpu()
                out = subprocess.run(
                    [
                        *(sys.executable, "-m", "bench.display_load"),
                        *(str(port), str(connections), str(_SECONDS), kind),
                    ],
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout.split()
                used = running.cpu() - before
        answered, seconds = int(out[0]), float(out[1])
        rate, each = answered / seconds, used / answered * 1e6
        what = f"{connections} kept open" if kind == "keep" else "a new handshake each, 16 at once"
        shown = f"{rate:7,.0f} requests/s, {each:6.1f} µs of the trap's processor each"
        if (connections, kind) != (64, "keep"):
            report.say(what, shown)
            continue
        report.aim(
            what,
            rate,
            AIM,
            "requests/s",
            more=True,
            shown=shown,
            between=(
                f"The trap needs {each:.0f} µs a request (TLS, HTTP both ways, journal, ingest's "
                f"share), so a core of its own would give {1e6 / each:,.0f}; the generator, which "
                "speaks TLS as well, takes the other core."
            ),
        )
