"""A real VictoriaMetrics on a loopback port of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

NEEDS_VICTORIA = pytest.mark.skipif(
    shutil.which("victoria-metrics") is None, reason="victoria-metrics is not installed"
)


def free_port() -> int:
    with socket.socket() as wire:
        wire.bind(("127.0.0.1", 0))
        return int(wire.getsockname()[1])


class Victoria:
    """One server; it can be killed, and started again on the same port with the same data."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._running = subprocess.Popen(
            [
                "victoria-metrics",
                f"-httpListenAddr=127.0.0.1:{self.port}",
                f"-storageDataPath={self._folder}",
                "-retentionPeriod=100y",
                "-dedup.minScrapeInterval=1ms",
                "-memory.allowedBytes=64MB",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(20):
            while not self._listens():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._running is not None:
            self._running.send_signal(number)
            self._running.wait(20)
            self._running = None

    def samples(self) -> dict[tuple[str, str], list[tuple[int, float]]]:
        """Return (metric, quantity) → what the server holds of it: (ms, value), by time."""
        query = urllib.parse.urlencode(
            {"match[]": '{__name__!=""}', "start": "2020-01-01T00:00:00Z"}
        )
        found: dict[tuple[str, str], list[tuple[int, float]]] = {}
        with urllib.request.urlopen(f"{self.url}/api/v1/export?{query}", timeout=60) as answer:
            for line in answer:
                series = json.loads(line)
                metric = series["metric"]
                key = metric["__name__"], metric["quantity"]
                found.setdefault(key, []).extend(
                    zip(series["timestamps"], series["values"], strict=True)
                )
        return {key: sorted(rows) for key, rows in found.items()}

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False
