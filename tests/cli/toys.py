"""The toy meter, installed for commands that run in processes of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.cli.program import Finished, ended, process

ROOT = Path(__file__).parents[2]


def installation(folder: Path) -> dict[str, str]:
    """Make a package that brings the toys in a folder; return the environment that finds it."""
    info = folder / "toys-1.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[mitmeter.devices]\n"
        "toy = tests.daemon.toymeter:SPEC\n"
        "toy-service = tests.daemon.toymeter:OTHER\n"
        "kamstrup = mitmeter.devices.kamstrup:SPEC\n"
        "kamstrup-management = mitmeter.devices.kamstrup.management:SPEC\n"
    )
    return {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}


def run(environ: dict[str, str], *arguments: str | Path, data: Path | None = None) -> Finished:
    return ended(process(*arguments, data=data, environ=environ))


@contextlib.contextmanager
def going(
    environ: dict[str, str], *arguments: str | Path, data: Path, stations: int = 1
) -> Iterator[tuple[subprocess.Popen[bytes], Sequence[str]]]:
    """Run a command until the end of the block; give where its stations listen."""
    running = process(*arguments, data=data, environ=environ)
    try:
        assert running.stdout is not None
        lines = [running.stdout.readline().decode() for _ in range(stations)]
        yield running, [line.rsplit("listening on ", 1)[-1].split(",")[0].strip() for line in lines]
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)
