"""Status frames answered after durable sync, with 1, 64 and 256 batteries at once."""

from __future__ import annotations

import subprocess
import sys

import psutil

from bench.daemons import trap

SECONDS = 5.0


def main() -> None:
    for batteries in (1, 64, 256):
        with trap() as running:
            process = psutil.Process(running.process.pid)
            before = process.cpu_times()
            out = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "bench.load",
                    str(running.port),
                    str(batteries),
                    str(SECONDS),
                ],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            after = process.cpu_times()
            answered, seconds = out.split()
            rate = int(answered) / float(seconds)
            cpu = after.user + after.system - before.user - before.system
            print(
                f"{batteries:4} batteries: {rate:9,.0f} frames/s answered after sync, "
                f"{cpu / int(answered) * 1e6:6.1f} µs CPU per frame (ingest included), "
                f"{process.memory_info().rss / 1e6:6.1f} MB resident after"
            )


if __name__ == "__main__":
    main()
