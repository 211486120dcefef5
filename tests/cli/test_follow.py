"""`proxy --follow` and `journal show --follow`: what is said, while it is said."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.program import ended, mitmeter, process
from tests.cli.toys import going, installation


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return installation(tmp_path_factory.mktemp("toys"))


@pytest.fixture(scope="module")
def device(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("device")
    (folder / "mine.toml").write_text('[registers]\n7 = "42 W"\n')
    with going(
        environ, "emulate", "toy", "--persona", folder / "mine.toml", data=folder / "data"
    ) as (_, where):
        yield where[0]


def client(where: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(where.rsplit(":", 1)[1])), 10)


def until(running: subprocess.Popen[bytes], true: Callable[[str], bool]) -> list[str]:
    """Read lines until one is what is waited for."""
    assert running.stdout is not None
    lines: list[str] = []
    while not lines or not true(lines[-1]):
        line = running.stdout.readline().decode()
        assert line, lines
        lines.append(line.rstrip("\n"))
    return lines


def test_a_proxy_shows_both_sides_decoded_and_as_bytes(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    with going(
        environ, "proxy", "toy", "--to", device, "--listen", "tcp://127.0.0.1:0", "--follow",
        data=tmp_path,
    ) as (running, where):  # fmt: skip
        with client(where[0]) as wire:
            wire.sendall(b"R7\n")
            assert wire.recv(100) == b"7=42 W\n"
            lines = until(running, lambda line: "7=42 W." in line)
            wire.sendall(b"%\x1b[2J\nXYZ\n")
            lines += until(running, lambda line: line.endswith("XYZ."))
        lines += until(running, lambda line: " closed at " in line)
    shown = [line[14:] if line[2:3] == ":" else line for line in lines]
    begin = next(at for at, line in enumerate(shown) if line.startswith("── "))
    assert " proxy toy, station toy-proxy: " in shown[begin]
    assert shown[begin + 1 : begin + 5] == [
        '◀ head-end Line text="R7"',
        f"    000000  {'52 37 0a':48} R7.",
        'device ▶   Line text="7=42 W"',
        f"    000000  {'37 3d 34 32 20 57 0a':48} 7=42 W.",
    ]
    assert shown[begin + 5] == "◀ head-end UNDECODABLE 6 bytes: not a line"
    assert shown[begin + 7] == '◀ head-end ? UnknownLine text="XYZ"'
    assert not [line for line in lines if "\x1b" in line]


def test_a_proxy_shows_only_what_is_wanted(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    with going(
        environ, "proxy", "toy", "--to", device, "--listen", "tcp://127.0.0.1:0",
        "--follow", "--filter", "sender=device", data=tmp_path,
    ) as (running, where):  # fmt: skip
        with client(where[0]) as wire:
            wire.sendall(b"R7\n")
            assert wire.recv(100) == b"7=42 W\n"
        lines = until(running, lambda line: " closed at " in line)
    assert [line[14:] for line in lines if "Line text" in line] == ['device ▶   Line text="7=42 W"']


def test_a_proxy_whose_output_nobody_reads_passes_everything_on(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    with going(
        environ, "proxy", "toy", "--to", device, "--listen", "tcp://127.0.0.1:0", "--follow",
        data=tmp_path,
    ) as (_, where), client(where[0]) as wire:  # fmt: skip
        answer = b"7=42 W\n"
        for _ in range(20):
            wire.sendall(b"R7\n" * 500)
            left = len(answer) * 500
            while left:
                left -= len(wire.recv(left))


def test_the_journal_is_followed_as_it_grows_in_another_process(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    with going(
        environ, "proxy", "toy", "--to", device, "--listen", "tcp://127.0.0.1:0", data=tmp_path
    ) as (_, where):
        with client(where[0]) as wire:
            wire.sendall(b"R7\n")
            assert wire.recv(100) == b"7=42 W\n"
        past = mitmeter_follow(environ, tmp_path, "--since", "1h")
        until(past, lambda line: "7=42 W." in line)
        only_new = mitmeter_follow(environ, tmp_path)
        with client(where[0]) as wire, asking(wire):
            until(past, lambda line: "8 none." in line)
            lines = until(only_new, lambda line: "8 none." in line)
        assert not [line for line in lines if "42 W" in line]
        for follower in (past, only_new):
            follower.send_signal(signal.SIGINT)
            assert ended(follower).code == 0


@contextlib.contextmanager
def asking(wire: socket.socket) -> Iterator[None]:
    """Ask again and again while the block runs: who follows may not have begun yet."""
    enough = threading.Event()

    def ask() -> None:
        while not enough.wait(0.05):
            wire.sendall(b"R8\n")
            assert wire.recv(100) == b"8 none\n"

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        try:
            yield
        finally:
            enough.set()
        asked.result()


def mitmeter_follow(environ: dict[str, str], data: Path, *more: str) -> subprocess.Popen[bytes]:
    return process("journal", "show", "--follow", *more, data=data, environ=environ)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("journal show --follow --redact", "--follow does not go with --redact"),
        ("journal show --hex --filter x", "--filter is for messages"),
        ("journal show --filter sender=nobody", "--filter 'sender=nobody': there is"),
        ("proxy alphaess --to tcp://127.0.0.1:9 --filter x", "--filter is for --follow"),
        ("proxy alphaess --to tcp://127.0.0.1:9 --follow --filter verdict=x", "there is message"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    recorded: Path, tmp_path: Path, arguments: str, words: str
) -> None:
    done = mitmeter(*arguments.split(), data=recorded if "journal" in arguments else tmp_path)
    assert done.code == 2
    assert words in done.complaint
