"""`mitmeter probe`: what it refuses, and one at work without a broker."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.program import ended, mitmeter, process
from tests.transport.broker import free_port

HERE = "mqtt://127.0.0.1:9"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (f"probe glo {HERE}", 3, "protocol: 'glo' is not known; did you mean 'glow'?"),
        (f"probe alphaess {HERE}", 3, "protocol: alphaess cannot be read at a broker"),
        ("probe glow", 2, "URL"),
        ("probe glow tcp://127.0.0.1:1883", 3, "URL: scheme 'tcp' is"),
        (
            "probe glow mqtt://me:secret@127.0.0.1",
            3,
            "URL: a user name or password does not belong",
        ),
        ("probe glow mqtt://127.0.0.1:0", 3, "port 0 is for listening only"),
        (f"probe glow {HERE} --password-file nix", 3, "--password-file: nix: No such"),
        (f"probe glow {HERE} --option prefix=a/#", 3, "options.prefix: 'a/#' is not what topics"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    tmp_path: Path, arguments: str, code: int, words: str
) -> None:
    done = mitmeter(*arguments.split(), data=tmp_path / "data")
    assert done.code == code
    assert words in done.complaint


def test_without_a_broker_it_says_so_once_and_keeps_trying(tmp_path: Path) -> None:
    to = f"mqtt://127.0.0.1:{free_port()}"
    running = process("probe", "glow", to, data=tmp_path)
    assert running.stderr is not None
    complaint = running.stderr.readline().decode()
    assert f"{to}: nobody listens there (connection refused)" in complaint
    assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    done = ended(running)
    assert done.code == 0
    assert done.lines == [
        f"glow-probe: probe glow, connecting to {to}",
        f"data in {tmp_path}; stop with Ctrl-C",
        "stopping",
    ]
