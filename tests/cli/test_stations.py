"""`mitmeter trap`, `proxy` and `emulate`: what they refuse, and one of each at work."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from tests.cli.program import ended, mitmeter, process
from tests.daemon.toymeter import installed

HERE = "tcp://127.0.0.1:9"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("trap alphaes", 3, "protocol: 'alphaes' is not known; did you mean 'alphaess'?"),
        ("trap alphaess --listen 7777", 3, "--listen: '7777' is not an endpoint"),
        ("trap alphaess --listen tcp://127.0.0.1:70000", 3, "--listen: port 70000 is outside"),
        ("trap alphaess --timezone Lundon", 3, "--timezone: 'Lundon' is not a known time zone"),
        ("trap alphaess --option speed", 2, "--option: 'speed' is not KEY=VALUE"),
        ("proxy alphaess --to somewhere", 3, "--to: 'somewhere' is not an endpoint"),
        ("proxy alphaess --to tcp://127.0.0.1:0", 3, "port 0 is for listening only"),
        (f"proxy alphaess --to {HERE} --rule redcat", 3, "--rule: 'redcat' is no rule of alpha"),
        (f"proxy alphaess --to {HERE} --rule redcat", 3, "did you mean 'redact'?"),
        (f"proxy alphaess --to {HERE} --rule inject --rule inject", 3, "'inject' is there twice"),
        (f"proxy alphaess --to {HERE} --allow Resume", 3, "--allow: says what --rule deny-writes"),
        ("emulate alphaess", 2, "a device of alphaess dials out: say --to tcp://HOST:PORT"),
        ("emulate alphaess --listen tcp://127.0.0.1:0", 2, "it takes --to URL, not --listen"),
        (f"emulate alphaess --to {HERE} --speed 0", 2, "0 is not above 0"),
        (f"emulate alphaess --to {HERE} --speed nan", 2, "nan is not above 0"),
        (f"emulate alphaess --to {HERE} --delay=-1", 2, "-1 is not at least 0"),
        (f"emulate alphaess --to {HERE} --seed x", 2, "--seed"),
        (f"emulate alphaess --to {HERE} --persona smile6", 3, "--persona: 'smile6' is neither"),
        (f"emulate alphaess --to {HERE} --password-file nix", 3, "--password-file: nix: No such"),
        (f"emulate alphaess --to {HERE} --option misbehave=x", 3, "misbehave: 'x' is none of"),
        (f"emulate alphaess --to {HERE} --with toy", 3, "--with: a device of alphaess dials out"),
        ("emulate toy --with alphaess", 3, "--with: a device of alphaess dials out and serves"),
        ("emulate toy --with toi", 3, "protocol: 'toi' is not known; did you mean 'toy'?"),
        ("emulate toy --with toy-service --with toy-service", 3, "'toy-service' is there twice"),
        ("emulate toy --with toy-service=7", 3, "--with: '7' is not an endpoint"),
        ("emulate toy --to tcp://127.0.0.1:9", 2, "it takes --listen URL, not --to"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    tmp_path: Path, arguments: str, code: int, words: str
) -> None:
    with installed():
        done = mitmeter(*arguments.split(), data=tmp_path / "data")
    assert done.code == code
    assert words in done.complaint


def test_an_emulator_without_a_server_says_so_once_and_keeps_trying(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        to = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        running = process("emulate", "alphaess", "--to", to, data=tmp_path)
        assert running.stderr is not None
        complaint = running.stderr.readline().decode()
        assert f"{to}: nobody listens there (connection refused)" in complaint
        assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        done = ended(running)
    assert done.code == 0
    assert done.lines == [
        f"alphaess-emulate: emulate alphaess, connecting to {to}",
        f"data in {tmp_path}/emulated/alphaess; stop with Ctrl-C",
        "stopping",
    ]


def test_two_emulators_have_folders_of_their_own(tmp_path: Path) -> None:
    to = ("--to", HERE)
    one = process("emulate", "alphaess", *to, data=tmp_path)
    assert one.stdout is not None
    assert one.stdout.readline().startswith(b"alphaess-emulate: ")
    two = process("emulate", "alphaess", *to, data=tmp_path)
    assert two.stdout is not None
    assert two.stdout.readline().startswith(b"alphaess-emulate: ")
    for running in (one, two):
        running.send_signal(signal.SIGINT)
        assert ended(running).code == 0
    names = {path.name for path in (tmp_path / "emulated").iterdir()}
    assert names == {"alphaess", "alphaess-2"}


def test_a_quiet_trap_says_nothing_and_one_whose_output_nobody_reads_goes_on(
    tmp_path: Path,
) -> None:
    listen = ("--listen", "tcp://127.0.0.1:0")
    running = process("trap", "alphaess", *listen, data=tmp_path)
    assert running.stdout is not None
    where = running.stdout.readline().decode().rsplit(":", 1)[1]
    running.stdout.close()
    with socket.create_connection(("127.0.0.1", int(where))) as battery:
        battery.sendall(bytes.fromhex("01010000000000110a"))
        # Answered: on disk, and ingested beside a stdout that takes nothing any more.
        assert battery.recv(100).startswith(b"\x01\x02\x00")
    running.send_signal(signal.SIGTERM)
    assert running.stderr is not None
    assert running.stdin is not None
    assert running.wait(30) == 0
    assert running.stderr.read() == b""
    running.stderr.close()
    running.stdin.close()
    quiet = process("-q", "trap", "alphaess", *listen, data=tmp_path / "quiet")
    while not (tmp_path / "quiet" / "control.sock").exists():
        assert quiet.poll() is None
    quiet.send_signal(signal.SIGTERM)
    done = ended(quiet)
    assert (done.code, done.out, done.err) == (0, "", "")
