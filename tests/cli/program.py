"""The command line as tests call it: in this process, or in one of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mitmeter.cli.main import main

PROGRAM = str(Path(sys.executable).with_name("mitmeter"))
PATIENCE = 30.0
# What nobody who runs mitmeter should ever see.
UNSEEMLY = ("Traceback", "internal error", "never retrieved", "Exception ignored")


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended: its exit code, and what it wrote."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    @property
    def complaint(self) -> str:
        """The one line on stderr of a command that failed and wrote nothing else."""
        (line,) = self.err.splitlines()
        assert line.startswith("mitmeter: ")
        assert not self.raw
        return line.removeprefix("mitmeter: ")


def mitmeter(*arguments: str | Path, data: Path | None = None, stdin: bytes = b"") -> Finished:
    """Run one command to its end in this process, with streams that are no terminal."""
    before = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    sys.stdout = io.TextIOWrapper(out, "utf-8")
    sys.stderr = io.TextIOWrapper(err, "utf-8", write_through=True)
    try:
        with pytest.raises(SystemExit) as ending:
            main([*_data(data), *map(str, arguments)])
        sys.stdout.flush()
        said, complained = out.getvalue(), err.getvalue()
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
    code = ending.value.code
    assert isinstance(code, int)
    return Finished(code, said, polite(complained))


def process(
    *arguments: str | Path,
    data: Path | None = None,
    environ: Mapping[str, str] | None = None,
    **more: Any,
) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own, with pipes unless told otherwise."""
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(
        [PROGRAM, *_data(data), *map(str, arguments)],
        env={**os.environ, **(environ or {})},
        **{**streams, **more},
    )


def ended(running: subprocess.Popen[bytes]) -> Finished:
    """Wait for a process's end and return what it left to be read."""
    out, err = running.communicate(timeout=PATIENCE)
    return Finished(running.returncode, out or b"", polite(err or b""))


def polite(err: bytes) -> str:
    """Return what was said on stderr: whatever goes wrong is said in lines for people."""
    told = err.decode()
    for rude in UNSEEMLY:
        assert rude not in told, told
    return told


def _data(data: Path | None) -> tuple[str, ...]:
    return () if data is None else ("--data", str(data))
