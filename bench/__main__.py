"""`python -m bench [PART]...`: all parts, or the named ones."""

from __future__ import annotations

import importlib
import os
import platform
import signal
import sqlite3
import sys
import time
from importlib.metadata import PackageNotFoundError, version

from bench.report import Report

PARTS = (
    "decode",
    "store",
    "ingest",
    "sizes",
    "starting",
    "memory",
    "answered",
    "displays",
    "names",
    "stalls",
)


def main(wanted: list[str]) -> int:
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        print(f"bench: no part {unknown[0]!r}; there is {' '.join(PARTS)}", file=sys.stderr)
        return 2
    # Ends like Ctrl-C does: what was started is stopped, what was made is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = Report()
    began = time.perf_counter()
    print(_where())
    try:
        for part in PARTS:
            if part in (wanted or PARTS):
                importlib.import_module(f"bench.{part}").run(report)
        report.conclude()
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return 130
    print(f"\n{time.perf_counter() - began:.0f} s in all")
    return 0


def _where() -> str:
    try:
        uvloop = version("uvloop")
    except PackageNotFoundError:
        uvloop = "none"
    load = os.getloadavg()[0]
    return (
        f"mitmeter {version('mitmeter')}, Python {platform.python_version()}, uvloop {uvloop}, "
        f"SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, load {load:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
