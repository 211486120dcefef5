"""Starting a real trap in a process of its own, and stopping it again."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunningTrap:
    process: subprocess.Popen[bytes]
    port: int
    data: Path
    seconds_to_listen: float


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def command() -> list[str]:
    return [str(Path(sys.executable).with_name("mitmeter"))]


@contextlib.contextmanager
def trap(*arguments: str) -> Iterator[RunningTrap]:
    """Run `mitmeter trap alphaess` on a free port and a new data directory."""
    data = Path(tempfile.mkdtemp(prefix="mitmeter-bench-"))
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            *command(),
            *("-q", "--data", str(data), "trap", "alphaess"),
            *("--listen", f"tcp://127.0.0.1:{port}", *arguments),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                if process.poll() is not None:
                    raise SystemExit("the trap did not start") from None
                time.sleep(0.002)
        yield RunningTrap(process, port, data, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(data, ignore_errors=True)
