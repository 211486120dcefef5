"""A load generator: N batteries on N connections, in a process of its own.

    python -m bench.load flood PORT BATTERIES SECONDS         each sends on when it is answered
    python -m bench.load paced PORT BATTERIES SECONDS RATE    RATE frames a second in all, in turn

Frames are made before the clock starts. Prints one JSON object, a `Result`. A paced frame's answer
time counts from when it was due, so that what a stall keeps from being sent counts as well.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from bench.frames import ANSWER, status, statuses

# Enough for the fastest trap; after that a battery starts from its first frame again.
_FLOOD_FRAMES_A_SECOND = 40_000


@dataclass(frozen=True, slots=True)
class Result:
    """answered: frames. seconds: it took. cpu_seconds: the generator itself used meanwhile.
    Then the time from sending to the answer, in seconds: median, 99th percentile, longest.
    """

    answered: int
    seconds: float
    cpu_seconds: float
    p50: float
    p99: float
    longest: float


def load(kind: str, port: int, batteries: int, seconds: float, rate: float = 0) -> Result:
    """Run the generator in another process and return what it measured."""
    arguments = [kind, str(port), str(batteries), str(seconds), str(rate)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,
    )
    return Result(**json.loads(done.stdout))


class Batteries:
    """The connections, and for each the moment its unanswered frame counts from."""

    def __init__(self, port: int) -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.sockets: list[socket.socket] = []
        self.since: list[float] = []
        self.took: list[float] = []
        self._port = port
        self._poll = select.epoll()
        self._by_handle: dict[int, int] = {}
        self._missing: list[int] = []

    def connect(self) -> None:
        """Add one battery; they are numbered from 0."""
        each = socket.create_connection(("127.0.0.1", self._port))
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        each.setblocking(False)
        self._by_handle[each.fileno()] = len(self.sockets)
        self._poll.register(each.fileno(), select.EPOLLIN)
        self.sockets.append(each)
        self.since.append(0.0)
        self._missing.append(len(ANSWER))

    def ready(self, seconds: float) -> list[int]:
        """Wait until batteries are told something; return which."""
        return [self._by_handle[handle] for handle, _ in self._poll.poll(seconds)]

    def heard(self, number: int) -> bool:
        """Take what one battery was told; True when its frame has now been answered."""
        got = len(self.sockets[number].recv(4096))
        if not got:
            raise SystemExit("the trap closed a connection")
        self._missing[number] -= got
        if self._missing[number] > 0:
            return False
        self._missing[number] += len(ANSWER)
        self.took.append(time.perf_counter() - self.since[number])
        return True

    def result(self, seconds: float, cpu_seconds: float) -> Result:
        took = sorted(self.took)
        if not took:
            raise SystemExit("nothing was answered")
        count = len(took)
        return Result(
            count, seconds, cpu_seconds, took[count // 2], took[count * 99 // 100], took[-1]
        )


def flood(port: int, count: int, seconds: float) -> Result:
    each_sends = int(_FLOOD_FRAMES_A_SECOND * seconds) // count + 1
    frames = [statuses(number, each_sends) for number in range(count)]
    batteries = Batteries(port)
    for _ in range(count):
        batteries.connect()
    sent = [0] * count
    cpu, began = time.process_time(), time.perf_counter()

    def send(number: int) -> None:
        batteries.since[number] = time.perf_counter()
        batteries.sockets[number].send(frames[number][sent[number] % each_sends])
        sent[number] += 1

    for number in range(count):
        send(number)
    while time.perf_counter() < began + seconds:
        for number in batteries.ready(0.5):
            if batteries.heard(number):
                send(number)
    return batteries.result(time.perf_counter() - began, time.process_time() - cpu)


def paced(port: int, count: int, seconds: float, rate: float) -> Result:
    """Send like batteries whose clocks are right. Each connects when it first has something to say;
    that first round is not counted.
    """
    batteries = Batteries(port)
    cpu, began = time.process_time(), time.perf_counter()
    sent, total = 0, count + int(rate * seconds)
    while len(batteries.took) < total:
        due = began + sent / rate
        pause = max(0.0, due - time.perf_counter()) if sent < total else 1.0
        for number in batteries.ready(pause):
            batteries.heard(number)
        if sent < total and time.perf_counter() >= due:
            if sent < count:
                batteries.connect()
            number = sent % count
            batteries.since[number] = due
            batteries.sockets[number].send(status(number, datetime.now(UTC)))
            sent += 1
        if time.perf_counter() > began + total / rate + 10:
            raise SystemExit(f"{sent} frames sent, {len(batteries.took)} answered")
    del batteries.took[:count]
    return batteries.result(time.perf_counter() - began, time.process_time() - cpu)


def main(kind: str, port: str, count: str, seconds: str, rate: str) -> None:
    if kind == "flood":
        result = flood(int(port), int(count), float(seconds))
    else:
        result = paced(int(port), int(count), float(seconds), float(rate))
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main(*sys.argv[1:])
