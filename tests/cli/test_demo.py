"""`mitmeter demo`, in processes of its own: as lines, and on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import termios
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import psutil
import pytest

from tests.cli.program import PATIENCE, PROGRAM, ended, mitmeter, process

QUICK = ("demo", "--history", "0", "--no-dashboard")
ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
SHOW_CURSOR = b"\x1b[?25h"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the demo makes its own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_in_a_pipe_it_tells_what_comes_as_lines_and_keeps_nothing(temporary: Path) -> None:
    running = process(*QUICK, "--speed", "600")
    assert running.stdout is not None
    assert b"battery: trap alphaess, listening on tcp://127.0.0.1:" in running.stdout.readline()
    assert b"all data is simulated\n" in iter(running.stdout.readline, b"")
    for line in running.stdout:
        if b"  house " in line:
            break
    else:
        pytest.fail("no values were told")
    assert list(temporary.iterdir())
    running.send_signal(signal.SIGINT)
    done = ended(running)
    assert done.code == 0
    assert done.err.endswith("all simulated; nothing is kept\n")
    assert not list(temporary.iterdir())


def test_it_ends_by_itself_and_keeps_what_it_was_told_to(temporary: Path, tmp_path: Path) -> None:
    data = tmp_path / "kept"
    done = ended(process(*QUICK, "--for", "1500ms", "--speed", "60", data=data))
    assert done.code == 0
    assert f"kept in {data}: mitmeter --data {data} readings" in done.err
    assert not list(temporary.iterdir())
    assert mitmeter("journal", "verify", data=data).code == 0
    conversations = mitmeter("journal", "list", "--json", data=data).objects
    assert "alphaess" in {each["protocol"] for each in conversations}
    assert {each["synthetic"] for each in conversations} == {True}
    assert mitmeter("rebuild", "--json", data=data).objects[0]["changed"] == 0


def test_it_ends_when_nobody_reads_its_lines_any_more(temporary: Path) -> None:
    running = process(*QUICK)
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.wait(PATIENCE) == 0
    assert not list(temporary.iterdir())
    assert running.stderr is not None
    assert b"Error" not in running.stderr.read()
    running.stderr.close()
    assert running.stdin is not None
    running.stdin.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--for", "soon"), "'soon' is not a duration"),
        (("--speed", "nan"), "nan is not above 0"),
        (("--seed", "x"), "--seed"),
        (("--port", "70000"), "--port"),
        (("--history", "-1"), "--history"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(options: tuple[str, ...], words: str) -> None:
    done = mitmeter("demo", *options)
    assert done.code == 2
    assert words in done.complaint


def beginning(running: subprocess.Popen[bytes]) -> tuple[list[str], str]:
    """Return the lines up to the dashboard's link, and the link."""
    assert running.stdout is not None
    lines: list[str] = []
    for line in running.stdout:
        lines.append(line.decode().rstrip())
        if lines[-1].startswith("dashboard: "):
            return lines, lines[-1].removeprefix("dashboard: ")
    pytest.fail(f"no dashboard: {lines}")


def asked(link: str, path: str) -> Any:
    where, _, token = link.partition("?token=")
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{where}api/v1/{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def test_within_20_seconds_there_are_a_year_all_devices_and_a_dashboard(temporary: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        running = process("demo", "--port", port)
        lines, link = beginning(running)
        # Of our own work: how much else this machine has to do is not ours to say.
        spent = psutil.Process(running.pid).cpu_times()
        assert spent.user + spent.system < 20
    assert f"127.0.0.1:{port}/" not in link
    assert "all data is simulated" in lines
    roles = {line.partition(":")[0]: line.split()[1] for line in lines if ", " in line}
    assert roles == {
        "battery": "trap",
        "display": "trap",
        "display-proxy": "proxy",
        "hub": "trap",
        "meter": "probe",
    }
    devices = {each["device"]: each for each in asked(link, "devices")["items"]}
    assert set(devices) == {
        *("alphaess:AL9900000000007", "efergy:02005E302012"),
        *("glow:02005EFFFE302010", "kamstrup:15085488"),
    }
    year = timedelta(days=365)
    for each in devices.values():
        assert datetime.now(UTC) - datetime.fromisoformat(each["first_seen"]) > year
    running.send_signal(signal.SIGINT)
    assert ended(running).code == 0
    assert not list(temporary.iterdir())


def test_ctrl_c_while_the_year_is_filled_in_leaves_nothing(temporary: Path) -> None:
    running = process("demo", "--no-dashboard")
    assert running.stdout is not None
    assert b"filling in" in running.stdout.readline()
    running.send_signal(signal.SIGINT)
    done = ended(running)
    assert (done.code, done.err.count("Traceback")) == (0, 0)
    assert not list(temporary.iterdir())


def test_a_demo_that_is_kept_goes_on_in_the_same_house(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    for _ in range(2):
        assert ended(process(*QUICK, "--history", "3", "--for", "1s", data=data)).code == 0
    found = mitmeter("rebuild", "--json", data=data).objects[0]
    assert (found["added"], found["removed"], found["changed"]) == (0, 0, 0)
    values = mitmeter(
        *("readings", "--json", "--all", "--quantity", "grid.import"),
        *("--device", "kamstrup:15085488"),
        data=data,
    ).objects
    counted = [each["value"] for each in sorted(values, key=lambda each: each["at"])]
    assert len(counted) > 3 * 48
    assert counted == sorted(counted)
    other = mitmeter("demo", "--seed", "2", "--no-dashboard", data=data)
    assert (other.code, other.complaint) == (3, f"--seed: the demo kept in {data} has seed 1")


def test_a_place_with_other_recordings_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    done = mitmeter("demo", data=tmp_path)
    assert done.code == 3
    assert "holds other recordings" in done.complaint


class Terminal:
    """A demo on a terminal of its own; `seen` is everything it has drawn."""

    def __init__(self, width: int, height: int, *options: str) -> None:
        self.seen = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.running = subprocess.Popen(
            [PROGRAM, *QUICK, *options],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm"},
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.running.kill()
        self.running.wait()
        os.close(self._master)

    def read_until(self, *words: str) -> None:
        """Read until all of this has been drawn."""
        while not all(word.encode() in self.seen for word in words):
            assert self._read(), self.seen[-2000:]

    def end(self) -> int:
        """Read what is left and return the exit code."""
        while self._read():
            pass
        return self.running.wait(PATIENCE)

    def _read(self) -> bool:
        """Read what is there; False when the other end is gone, or stays silent for long."""
        ready, _, _ = select.select([self._master], [], [], PATIENCE)
        if not ready:
            return False
        try:
            self.seen += os.read(self._master, 65536)
        except OSError:  # what Linux says when the other end of a terminal is gone
            return False
        return True


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
def test_on_a_terminal_it_draws_a_screen_and_leaves_it_as_it_was(
    temporary: Path, number: signal.Signals
) -> None:
    with Terminal(80, 24) as terminal:
        terminal.read_until("all data is simulated", "house.power", "what happened", " W ")
        assert ENTER_SCREEN in terminal.seen
        assert list(temporary.iterdir())
        terminal.running.send_signal(number)
        assert terminal.end() == 0
    assert LEAVE_SCREEN in terminal.seen
    assert SHOW_CURSOR in terminal.seen
    assert b"nothing is kept" in terminal.seen.rpartition(LEAVE_SCREEN)[2]
    assert b"Traceback" not in terminal.seen
    assert not list(temporary.iterdir())


def test_with_v_lines_are_told_instead_of_a_screen_also_on_a_terminal(temporary: Path) -> None:
    with Terminal(80, 24, "-v") as terminal:
        terminal.read_until("the battery logged in")
        terminal.running.send_signal(signal.SIGINT)
        assert terminal.end() == 0
    assert ENTER_SCREEN not in terminal.seen
