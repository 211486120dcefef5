"""`python -m bench [--years N] [--step SECONDS] [PART]...`: all parts, or the named ones.

years, step: how much the parts `intervals` and `windows` make, and how dense it is in `windows`.
"""

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
    "between",
    "names",
    "stalls",
    "intervals",
    "meters",
    "windows",
    "feeds",
    "gateway",
)

# What may be given: the variable it goes into, and the least it may be.
_OPTIONS = {
    "--years": ("MITMETER_BENCH_YEARS", 0.05),
    "--step": ("MITMETER_BENCH_STEP", 1.0),
}


def main(words: list[str]) -> int:
    wanted = _options(words)
    if wanted is None:
        return 2
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


def _options(words: list[str]) -> list[str] | None:
    """Return the parts named; None after saying what is wrong with an option.

    The parts read the options where they always can: in the environment.
    """
    parts, rest = [], iter(words)
    for word in rest:
        if not word.startswith("-"):
            parts.append(word)
            continue
        name, least = _OPTIONS.get(word, ("", 0.0))
        value = next(rest, "")
        try:
            if not name or not float(value) >= least:
                raise ValueError
        except ValueError:
            shown = " ".join(f"{each} N" for each in _OPTIONS)
            print(f"bench: {word} {value}: there is {shown}", file=sys.stderr)
            return None
        os.environ[name] = value
    return parts


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
