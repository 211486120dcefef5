"""Ten thousand connections that say nothing cost little, disturb nobody, and are closed in time."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import time
from pathlib import Path

import pytest

from tests.system.batteries import Caller, SteadyBattery
from tests.system.processes import Bench, Running, events, free_port, listening, mitmeter, poll

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(240)]

WANTED = 10_000
AT_LEAST = 4_000
SOURCES = 4
# Handles a process needs besides: files, pipes, sockets of others.
SPARE = 200
BYTES_PER_CONNECTION = 40_000
IDLE_SECONDS = 10
# What many systems give a process to start with.
USUAL_HANDLES = 1024
HARDLY_ANY = 200

CONFIGURATION = """
[limits]
connections = {connections}
connections_per_address = {per_address}
idle = "{idle}s"

[[station]]
name = "battery"
role = "trap"
protocol = "alphaess"
listen = "tcp://127.0.0.1:{port}"
"""


def idle_connections() -> int:
    """Return how many the hard limit of open files allows, having raised the soft one for them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED + SPARE
    handles = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < handles:
        resource.setrlimit(resource.RLIMIT_NOFILE, (handles, hard))
    count = handles - SPARE
    assert count >= AT_LEAST, f"this system allows {hard} open files, too few for this test"
    return count


def few_handles() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL_HANDLES, hard))


def hardly_any_handles() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (HARDLY_ANY, HARDLY_ANY))


@pytest.fixture
def trap(processes: Bench, tmp_path: Path) -> Running:
    """A trap that begins with as few open files as a service usually does."""
    port = free_port()
    configuration = tmp_path / "mitmeter.toml"
    configuration.write_text(
        CONFIGURATION.format(
            connections=WANTED + 10,
            per_address=WANTED // SOURCES,
            idle=IDLE_SECONDS,
            port=port,
        )
    )
    arguments = ("-c", str(configuration), "run")
    return listening(processes.start(tmp_path / "data", port, *arguments, prepare=few_handles))


def test_ten_thousand_idle_connections_are_cheap_harmless_and_closed_in_time(trap: Running) -> None:
    count = idle_connections()
    battery = SteadyBattery(trap.port, 1, source="127.0.0.100")
    assert battery.is_answered_again(), battery.trouble
    before = trap.resident()
    with contextlib.ExitStack() as stack:
        began = time.monotonic()
        idle = [
            stack.enter_context(
                socket.create_connection(
                    ("127.0.0.1", trap.port), 10, (f"127.0.1.{1 + number % SOURCES}", 0)
                )
            )
            for number in range(count)
        ]
        # Connections are accepted in the order they came: once this one talks, all are in.
        late = SteadyBattery(trap.port, 2, source="127.0.0.101")
        assert late.is_answered_again(), late.trouble
        took = time.monotonic() - began
        assert took < IDLE_SECONDS, f"connecting took {took:.1f} s, too long to measure"
        per_connection = (trap.resident() - before) / count
        assert per_connection < BYTES_PER_CONNECTION, f"{per_connection:.0f} bytes each"

        first, last = _closed(idle, began)
        assert first > IDLE_SECONDS - 0.5
        # Looked at every five seconds.
        assert last < took + IDLE_SECONDS + 5 + 10
    assert battery.is_answered_again(), battery.trouble
    assert max(battery.slowest, late.slowest) < 5
    battery.stop()
    late.stop()

    poll(lambda: _closed_for_silence(trap.data) == count, "not all that were closed are told")
    told = mitmeter("journal", "list", "--json", data=trap.data).objects
    assert len(told) == count + 2
    assert not events(trap.data, "mitmeter.connection.refused")
    assert trap.stop() == 0


def test_connections_beyond_the_open_files_there_are_get_refused_and_counted(
    processes: Bench, tmp_path: Path
) -> None:
    trap = listening(processes.trap(tmp_path / "data", free_port(), prepare=hardly_any_handles))
    battery = SteadyBattery(trap.port, 1)
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(Caller(trap.port)) for _ in range(HARDLY_ANY)]
        refused = [each for each in callers if each.is_closed_within(0.01)]
        assert 50 <= len(refused) < HARDLY_ANY
        assert battery.is_answered_again(), battery.trouble
    battery.stop()
    poll(lambda: events(trap.data, "mitmeter.connection.refused"), "refusals are not told")
    (first, *_) = events(trap.data, "mitmeter.connection.refused")
    assert "connections are open, the limit (1 so far)" in first["message"]
    assert trap.stop() == 0


def _closed(connections: list[socket.socket], began: float) -> tuple[float, float]:
    """Wait until the other side has ended them all; return when the first and the last ended."""
    ended: list[float] = []
    with select.epoll() as ends:
        for each in connections:
            ends.register(each, select.EPOLLRDHUP | select.EPOLLONESHOT)
        deadline = time.monotonic() + 60
        while len(ended) < len(connections):
            assert time.monotonic() < deadline, f"{len(ended)} of {len(connections)} were closed"
            ended += [time.monotonic() - began for _ in ends.poll(1)]
    return ended[0], ended[-1]


def _closed_for_silence(data: Path) -> int:
    told = events(data, "mitmeter.conversation.closed")
    words = f"connection closed: no message for {IDLE_SECONDS} s"
    return sum(each["message"] == words for each in told)
