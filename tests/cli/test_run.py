"""`mitmeter run`."""

import re
import signal
from pathlib import Path

import pytest

from tests.cli.program import ended, mitmeter, process

CONFIGURATION = """
[web]
enabled = false

[[station]]
name = "battery"
role = "trap"
protocol = "alphaess"
listen = "tcp://127.0.0.1:0"

[[station]]
name = "between"
role = "proxy"
protocol = "alphaess"
listen = "tcp://127.0.0.1:0"
to = "tcp://127.0.0.1:9"
"""


def test_the_configuration_that_lies_here_is_run_and_every_station_introduced(
    tmp_path: Path,
) -> None:
    Path("mitmeter.toml").write_text(CONFIGURATION)
    running = process("run", data=tmp_path / "data")
    assert running.stdout is not None
    lines = [running.stdout.readline().decode().rstrip() for _ in range(3)]
    assert lines[0].startswith("battery: trap alphaess, listening on tcp://127.0.0.1:")
    assert lines[1].startswith("between: proxy alphaess, listening on tcp://127.0.0.1:")
    assert lines[1].endswith(", passing on to tcp://127.0.0.1:9")
    assert lines[2] == f"data in {tmp_path / 'data'}; stop with Ctrl-C"
    running.send_signal(signal.SIGTERM)
    done = ended(running)
    assert (done.code, done.out, done.err) == (0, "stopping\n", "")


def test_the_dashboards_link_is_told_with_its_token(tmp_path: Path) -> None:
    shown = CONFIGURATION.replace("enabled = false", 'listen = "tcp://127.0.0.1:0"')
    Path("mitmeter.toml").write_text(shown)
    running = process("run", data=tmp_path / "data")
    assert running.stdout is not None
    lines = [running.stdout.readline().decode().rstrip() for _ in range(3)]
    token = (tmp_path / "data/web-token").read_text().strip()
    assert re.fullmatch(rf"dashboard: http://127\.0\.0\.1:\d+/\?token={token}", lines[2])
    running.send_signal(signal.SIGTERM)
    assert ended(running).code == 0


def test_the_end_of_its_terminal_stops_it_but_not_one_started_with_nohup(tmp_path: Path) -> None:
    Path("mitmeter.toml").write_text(CONFIGURATION)
    usual = process("run", data=tmp_path / "usual")
    stubborn = process(
        "run",
        data=tmp_path / "stubborn",
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    for running in (usual, stubborn):
        assert running.stdout is not None
        while b"stop with" not in running.stdout.readline():
            assert running.poll() is None
        running.send_signal(signal.SIGHUP)
    assert ended(usual).code == 0
    assert stubborn.poll() is None
    stubborn.send_signal(signal.SIGTERM)
    assert ended(stubborn).code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "configuration: there is none; 'mitmeter config dump > mitmeter.toml' begins one"),
        ("[site]\n", "names none; see 'mitmeter config dump'"),
        ("[sit]\n", "did you mean"),
    ],
)
def test_what_cannot_be_run_is_told_in_one_line_and_makes_no_data(
    tmp_path: Path, text: str | None, words: str
) -> None:
    if text is not None:
        Path("mitmeter.toml").write_text(text)
    done = mitmeter("run", data=tmp_path / "data")
    assert done.code == 3
    assert words in done.complaint
    assert not (tmp_path / "data").exists()
