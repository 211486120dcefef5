"""How long a value takes from the battery's socket to who listens at the dashboard."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from queue import Queue
from statistics import median

from bench.frames import ANSWER, status
from bench.report import Report

_FRAMES = 4
_PAUSE = 0.4
_PATIENCE = 10.0


def live(report: Report, web: int, headers: dict[str, str], trap: int) -> None:
    """Send status frames and say how long after each its readings are told."""
    with listener(web, headers) as heard, battery(trap) as wire:
        took = [_one(wire, heard) for _ in range(_FRAMES)]
    report.say(
        "a value, from the socket to the live stream",
        f"{median(took) * 1e3:6.0f} ms (median of {_FRAMES}), {max(took) * 1e3:.0f} ms (longest)",
    )


def _one(wire: socket.socket, heard: Queue[float]) -> float:
    time.sleep(_PAUSE)
    while not heard.empty():
        heard.get()
    sent = time.perf_counter()
    tell(wire)
    return heard.get(timeout=_PATIENCE) - sent


@contextlib.contextmanager
def battery(trap: int) -> Iterator[socket.socket]:
    """Connect as a battery."""
    with socket.create_connection(("127.0.0.1", trap), timeout=_PATIENCE) as wire:
        yield wire


def tell(wire: socket.socket) -> None:
    """Send what the battery measures now, and take the answer."""
    wire.sendall(status(0, datetime.now(UTC)))
    if wire.recv(len(ANSWER), socket.MSG_WAITALL) != ANSWER:
        raise SystemExit("a status was not answered with Success")


@contextlib.contextmanager
def listener(web: int, headers: dict[str, str]) -> Iterator[Queue[float]]:
    """Listen to the readings; yield when each lot of them came."""
    line = http.client.HTTPConnection("127.0.0.1", web, timeout=60)
    line.request("GET", "/api/v1/live?topics=readings", headers=headers)
    answer = line.getresponse()
    if answer.status != 200:
        raise SystemExit(f"the live stream answered {answer.status}")
    heard: Queue[float] = Queue()

    def listen() -> None:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            while text := answer.readline():
                if text.startswith(b"event: reading"):
                    heard.put(time.perf_counter())

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        if line.sock is not None:
            line.sock.shutdown(socket.SHUT_RDWR)
        thread.join(_PATIENCE)
        line.close()
