"""`mitmeter demo`, in processes of its own: as lines, and on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
from pathlib import Path
from typing import Self

import pytest

from tests.cli.program import PATIENCE, PROGRAM, ended, mitmeter, process

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
    running = process("demo", "--speed", "600")
    assert running.stdout is not None
    assert b": trap alphaess, listening on tcp://127.0.0.1:" in running.stdout.readline()
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
    done = ended(process("demo", "--for", "1500ms", "--speed", "60", data=data))
    assert done.code == 0
    assert f"kept in {data}: mitmeter --data {data} readings" in done.err
    assert not list(temporary.iterdir())
    assert mitmeter("journal", "verify", data=data).code == 0
    conversations = mitmeter("journal", "list", "--json", data=data).objects
    assert "alphaess" in {each["protocol"] for each in conversations}
    assert {each["synthetic"] for each in conversations} == {True}
    assert mitmeter("rebuild", "--json", data=data).objects[0]["changed"] == 0


def test_it_ends_when_nobody_reads_its_lines_any_more(temporary: Path) -> None:
    running = process("demo")
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
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(options: tuple[str, ...], words: str) -> None:
    done = mitmeter("demo", *options)
    assert done.code == 2
    assert words in done.complaint


class Terminal:
    """A demo on a terminal of its own; `seen` is everything it has drawn."""

    def __init__(self, width: int, height: int, *options: str) -> None:
        self.seen = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.running = subprocess.Popen(
            [PROGRAM, "demo", *options],
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
