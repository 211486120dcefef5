"""Stopping as asked, and being refused in one clear line."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from pathlib import Path

import pytest

from tests.system.batteries import READY, STATUS, Caller, Fleet, frame, serial, status
from tests.system.processes import Bench, Running, free_port, listening, mitmeter, poll

pytestmark = pytest.mark.system


@pytest.fixture
def trap(processes: Bench, tmp_path: Path) -> Running:
    return listening(processes.trap(tmp_path / "data", free_port()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_under_load_loses_nothing_that_was_answered(
    trap: Running, number: signal.Signals
) -> None:
    fleet = Fleet(16, trap.port)
    assert fleet.connect(lambda: trap.alive)
    threading.Timer(0.7, trap.process.send_signal, (number,)).start()
    fleet.talk()
    assert trap.wait() == 0
    assert "stopping" in trap.said().splitlines()
    assert fleet.total > 100

    held = mitmeter(
        "readings", "--json", "--all", "--quantity", "battery.soc", data=trap.data
    ).objects
    count = dict.fromkeys(fleet.answered, 0)
    for each in held:
        count[each["device"].removeprefix("alphaess:")] += 1
    # One frame of each battery may have come too late for an answer; it is kept all the same.
    for name, ticks in fleet.answered.items():
        assert ticks <= count[name] <= ticks + 1, name
    verified = mitmeter("journal", "verify", data=trap.data)
    assert verified.out.rstrip().endswith("sound"), verified
    told = mitmeter("journal", "list", "--json", data=trap.data).objects
    assert len(told) == 16
    assert {each["reason"] for each in told} == {"mitmeter stopped"}
    assert None not in {each["closed"] for each in told}


def test_the_store_is_whole_when_the_trap_has_stopped(processes: Bench, trap: Running) -> None:
    fleet = Fleet(4, trap.port)
    assert fleet.connect(lambda: trap.alive)
    fleet.talk(until=lambda: fleet.total > 500)
    assert trap.stop() == 0
    fleet.disconnect()
    again = listening(processes.trap(trap.data, trap.port))
    assert "not in the store yet" not in again.said()


def test_a_battery_that_does_not_read_is_held_back_and_does_not_hold_up_the_end(
    trap: Running,
) -> None:
    before = trap.resident()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", trap.port))
        _ask_until_held_back(deaf, most=60_000_000)
        assert _is_answered(trap)
        assert trap.resident() - before < 40_000_000
        trap.process.terminate()
        assert trap.process.wait(15) == 0


def _ask_until_held_back(deaf: socket.socket, most: int) -> None:
    """Send small requests with large answers, and read none, until no more are taken."""
    deaf.settimeout(1)
    many = frame(1, READY, b"") * 1000
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < most:
            deaf.sendall(many)
            sent += len(many)
    assert sent < most, "who does not read was read from on and on"


def test_a_second_daemon_on_the_same_data_names_the_first(processes: Bench, trap: Running) -> None:
    second = processes.trap(trap.data, free_port())
    assert second.wait() == 1
    (line,) = second.complained().splitlines()
    assert line.startswith("mitmeter: ")
    assert f"is in use by mitmeter trap alphaess (pid {trap.process.pid})" in line
    assert _is_answered(trap)


def test_a_busy_port_names_its_holder(processes: Bench, trap: Running, tmp_path: Path) -> None:
    second = processes.trap(tmp_path / "other", trap.port)
    assert second.wait() == 1
    (line,) = second.complained().splitlines()
    assert line.startswith(f"mitmeter: tcp://127.0.0.1:{trap.port} is already taken by ")
    assert f"(pid {trap.process.pid})" in line
    assert _is_answered(trap)


def test_an_unknown_key_is_a_configuration_error_with_a_suggestion(tmp_path: Path) -> None:
    file = tmp_path / "mitmeter.toml"
    file.write_text(
        '[[station]]\nname = "battery"\nrole = "trap"\nprotocol = "alphaess"\nlisen = "tcp://:1"\n'
    )
    done = mitmeter("-c", str(file), "run", data=tmp_path / "data")
    assert (done.code, done.out) == (3, "")
    (line,) = done.err.splitlines()
    assert line.startswith("mitmeter: station[0].lisen")
    assert "listen" in line.partition("lisen")[2]
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("trap", "alphaes"), 3, "alphaess"),
        (("trap", "alphaess", "--listen", "tcp://127.0.0.1:70000"), 3, "70000"),
        (("-c", "nowhere.toml", "run"), 3, "nowhere.toml"),
        (("trapp",), 2, "trap"),
        (("readings",), 1, "nothing has been recorded"),
        (("journal", "verify"), 1, "nothing has been recorded"),
        (("command", "alphaess:AL1", "charge-from-grid"), 1, "no mitmeter is running"),
        (("rebuild",), 1, "nothing has been recorded"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = mitmeter(*arguments, data=tmp_path / "data")
    assert (done.code, done.out) == (code, "")
    assert words in done.err.splitlines()[-1]


def test_a_data_directory_that_cannot_be_made_is_named(processes: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    trap = processes.trap(tmp_path / "file" / "data", free_port())
    assert trap.wait() == 1
    (line,) = trap.complained().splitlines()
    assert str(tmp_path / "file") in line


def _is_answered(trap: Running) -> bool:
    with Caller(trap.port) as caller:
        caller.send(status(serial(1), 0))
        return caller.answers(1) == [STATUS]


def test_a_trap_killed_while_idle_starts_again_and_tells_of_it(
    processes: Bench, trap: Running
) -> None:
    with Caller(trap.port) as caller:
        caller.send(status(serial(1), 0))
        assert caller.answers(1) == [STATUS]
        trap.process.kill()
        trap.process.wait()
    again = listening(processes.trap(trap.data, trap.port))
    poll(lambda: "mitmeter had been cut off: 1 conversations were open" in again.said())
