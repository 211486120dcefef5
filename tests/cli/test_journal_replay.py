"""`mitmeter journal replay`, over real sockets."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.program import ended, mitmeter, process
from tests.cli.recording import FIRST, SECOND

Measured = set[tuple[str, str, float | str]]


@contextmanager
def trap(data: Path) -> Iterator[str]:
    """Run a fresh trap; yields where it listens, and stops it."""
    running: subprocess.Popen[bytes] = process(
        "trap", "alphaess", "--listen", "tcp://127.0.0.1:0", data=data
    )
    assert running.stdout is not None
    try:
        yield running.stdout.readline().decode().rpartition(" ")[2].strip()
    finally:
        running.send_signal(signal.SIGTERM)
        assert ended(running).code == 0


def measured(data: Path, conversation: str = "") -> Measured:
    """Return what was measured, by the device's own clock, whoever it was told to."""
    told = mitmeter("readings", "--all", "--json", data=data).objects
    return {
        (each["quantity"], each["reported"], each["value"])
        for each in told
        if "reported" in each
        and each["quantity"] != "clock.skew"
        and each["source"].startswith(conversation)
    }


@pytest.mark.parametrize("speed", ["0", "200000"])
def test_a_conversation_said_again_to_a_fresh_trap_gives_the_same_readings(
    recorded: Path, tmp_path: Path, speed: str
) -> None:
    with trap(tmp_path / "trap") as where:
        done = mitmeter(
            *("journal", "replay", FIRST, "--to", where, "--speed", speed), data=recorded
        )
        assert (done.code, done.err) == (0, "")
        (told,) = (
            each
            for each in mitmeter("journal", "list", "--json", data=recorded).objects
            if each["conversation"] == FIRST
        )
        assert f"{told['device_bytes']:,} bytes sent; " in done.out
    before = measured(recorded, FIRST)
    assert len(before) > 1000
    assert measured(tmp_path / "trap") == before


def listening(serve: threading.Thread | None, listener: socket.socket) -> str:
    if serve is not None:
        serve.start()
    return f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def test_a_peer_that_hangs_up_is_a_failure(recorded: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hang_up = threading.Thread(target=lambda: listener.accept()[0].close())
        where = listening(hang_up, listener)
        done = mitmeter("journal", "replay", SECOND, "--to", where, data=recorded)
        hang_up.join()
    assert done.code == 1
    assert done.err == f"mitmeter: {where} closed the connection before everything was sent\n"


def test_a_peer_that_takes_nothing_is_waited_for(recorded: Path) -> None:
    received: list[bytes] = []

    def read_later() -> None:
        link, _ = listener.accept()
        with link:
            while piece := link.recv(1 << 20):
                received.append(piece)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        later = threading.Thread(target=read_later)
        where = listening(later, listener)
        options = ("--to", where, "--speed", "0", "--sender", "headend")
        done = mitmeter("journal", "replay", FIRST, *options, data=recorded)
        later.join()
    assert done.code == 0
    shown = mitmeter("journal", "show", FIRST, "--json", data=recorded).objects
    said = b"".join(bytes.fromhex(each["hex"]) for each in shown if each["sender"] == "headend")
    assert b"".join(received) == said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("0XX", "--to", "tcp://127.0.0.1:9"), 1, "no conversation begins with '0XX'"),
        (("01K", "--to", "tcp://127.0.0.1:9"), 1, f"2 conversations begin with '01K': {FIRST}, "),
        ((FIRST, "--to", "nowhere"), 3, "--to: 'nowhere' is not an endpoint"),
        ((FIRST, "--to", "udp://127.0.0.1:9"), 3, "scheme 'udp' is not known; there is tcp"),
        ((FIRST, "--to", "tcp://127.0.0.1:0"), 3, "port 0 is for listening only"),
        ((FIRST, "--to", "tcp://127.0.0.1:9", "--speed", "-1"), 2, "-1 is not at least 0"),
        ((FIRST,), 2, "missing option '--to'"),
    ],
)
def test_what_cannot_be_replayed_is_told_in_one_line(
    recorded: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = mitmeter("journal", "replay", *arguments, data=recorded)
    assert done.code == code
    assert words in done.complaint


def test_where_nobody_listens_that_is_told_and_nothing_else(recorded: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        done = mitmeter("journal", "replay", FIRST, "--to", where, data=recorded)
    assert (done.code, done.complaint) == (
        1,
        f"{where}: nobody listens there (connection refused)",
    )
