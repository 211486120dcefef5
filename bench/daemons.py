"""The real `mitmeter` in processes of its own: started, waited for, and gone afterwards."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.places import folder

_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon that listens. `seconds`: from the start of its process until it did."""

    process: psutil.Process
    port: int
    data: Path
    seconds: float

    def cpu(self) -> float:
        """Return the processor seconds it has used."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def resident(self) -> int:
        return int(self.process.memory_info().rss)

    def settle(self, quiet_seconds: float = 1.2) -> None:
        """Wait until it has nothing left to do: hardly any processor time over a while."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            before = self.cpu()
            time.sleep(quiet_seconds)
            if self.cpu() - before <= 0.02 * quiet_seconds:
                return


def program() -> str:
    return str(Path(sys.executable).with_name("mitmeter"))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.contextmanager
def trap(protocol: str = "alphaess", scheme: str = "tcp") -> Iterator[Running]:
    """Run `mitmeter trap` on a free port, in a new data directory."""
    port = free_port()
    with folder() as data:
        arguments = ["-q", "--data", str(data), "trap", protocol]
        with listening(
            [*arguments, "--listen", f"{scheme}://127.0.0.1:{port}"], port, data
        ) as running:
            yield running


@contextlib.contextmanager
def listening(arguments: list[str], port: int, data: Path) -> Iterator[Running]:
    """Run mitmeter while the block runs, once it listens. Raises SystemExit when it does not."""
    began = time.perf_counter()
    # A session of its own, so that Ctrl-C reaches the bench alone, which then ends what it started.
    process = subprocess.Popen(
        [program(), *arguments], stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_for(port, process)
        yield Running(psutil.Process(process.pid), port, data, time.perf_counter() - began)
        if process.poll() is not None:
            raise SystemExit(f"mitmeter {' '.join(arguments)} ended early")
    finally:
        process.kill()  # what it was about to write is thrown away with its folder
        process.wait(_PATIENCE)


def wait_for(port: int, process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        if process.poll() is not None:
            raise SystemExit("mitmeter did not start")
        time.sleep(0.002)
    raise SystemExit(f"mitmeter does not listen after {_PATIENCE:g} s")
