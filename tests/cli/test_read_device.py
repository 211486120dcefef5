"""`mitmeter probe` of devices that are dialled, against the emulated toy, each in a process."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import ended, mitmeter, process
from tests.cli.toys import going, installation, run
from tests.daemon.toymeter import installed
from tests.transport.broker import free_port

PERSONA = '[registers]\n1 = "100 W"\n2 = "230 V"\n9 = "5.10 A"\n'


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return installation(tmp_path_factory.mktemp("toys"))


@pytest.fixture(scope="module")
def device(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("device")
    (folder / "mine.toml").write_text(PERSONA)
    with going(
        environ, "emulate", "toy", "--persona", folder / "mine.toml", data=folder / "data"
    ) as (_, where):
        yield where[0]


def test_a_probe_prints_what_the_device_says_in_its_own_units(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    done = run(environ, "probe", "toy", device, "--register", "2", "--register", "9", data=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [line.split() for line in done.lines] == [
        ["name", "value", "unit"],
        ["Register", "2", "230", "V"],
        ["Register", "9", "5.10", "A"],
    ]
    stored = run(environ, "readings", "--json", data=tmp_path).objects
    assert {each["quantity"]: each["value"] for each in stored} == {
        "vendor.toy.r2": 230,
        "vendor.toy.r9": 5.1,
    }


def test_with_json_it_prints_the_readings_as_readings_does(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    done = run(environ, "probe", "toy", device, "--json", data=tmp_path)
    assert done.code == 0
    first, second = done.objects
    assert (first["quantity"], first["value"]) == ("vendor.toy.r1", 100)
    assert second["device"] == "toy:M1"
    again = run(environ, "readings", "--json", data=tmp_path).objects
    assert again == done.objects


def test_nobody_there_and_nobody_who_answers_are_told_in_one_line(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    nowhere = f"tcp://127.0.0.1:{free_port()}"
    done = run(environ, "probe", "toy", nowhere, data=tmp_path)
    assert (done.code, done.complaint) == (
        1,
        f"nothing could be read: {nowhere}: nobody listens there (connection refused)",
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        done = run(environ, "probe", "toy", url, data=tmp_path)
    assert (done.code, done.complaint) == (
        1,
        f"nothing could be read from {url}: no answer within 0.3 s",
    )
    done = run(environ, "probe", "toy", device, "--register", "77", data=tmp_path)
    assert (done.code, done.complaint) == (
        1,
        f"{device} answers, but has nothing of what was asked for",
    )


def test_garbage_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        running = process("probe", "toy", url, data=tmp_path, environ=environ)
        client, _ = server.accept()
        with client:
            client.sendall(b"%\x1b[2J\n")
            done = ended(running)
    assert done.code == 1
    assert done.complaint.endswith("; 6 bytes came that are no toy: not a line")


def test_half_answers_are_printed_and_then_complained_of(
    environ: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        running = process("probe", "toy", url, data=tmp_path, environ=environ)
        client, _ = server.accept()
        with client:
            client.sendall(b"1=7 W\n")
            done = ended(running)
    assert done.code == 1
    assert done.lines[1].split() == ["Register", "1", "7", "W"]
    assert done.err == "mitmeter: not everything could be read: no answer within 0.3 s\n"


def test_a_scan_makes_a_persona_that_says_the_same(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    made, again = tmp_path / "made.toml", tmp_path / "again.toml"
    scan = ("--scan=1-20", "--save-persona")
    assert run(environ, "probe", "toy", device, *scan, made, data=tmp_path / "one").code == 0
    assert made.read_text() == PERSONA
    options = ("--persona", made)
    with going(environ, "emulate", "toy", *options, data=tmp_path / "two") as (_, where):
        done = run(environ, "probe", "toy", where[0], *scan, again, data=tmp_path / "three")
    assert done.code == 0
    assert again.read_bytes() == made.read_bytes()
    refused = run(environ, "probe", "toy", device, *scan, made, data=tmp_path / "one")
    assert (refused.code, refused.complaint) == (
        1,
        f"{made} is there already; move it away, or name another",
    )


def test_a_scan_that_was_interrupted_goes_on_and_its_persona_is_whole(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    slow = ("probe", "toy", device, "--scan=1-20", "--pace", "0.15", "--save-persona", "all.toml")
    running = process(*slow, data=tmp_path / "data", environ=environ, cwd=tmp_path)
    journal = tmp_path / "data" / "journal"
    while recorded(journal) < 6:
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    stopped = ended(running)
    assert stopped.code == 130
    first, second = stopped.err.splitlines()
    assert "of 20: stopped; the same command goes on from there" in first
    assert second == "mitmeter: stopped"
    assert not (tmp_path / "all.toml").exists()
    quick = ("probe", "toy", device, "--scan=1-20", "--save-persona", tmp_path / "all.toml")
    done = run(environ, *quick, data=tmp_path / "data")
    assert done.code == 0
    assert (tmp_path / "all.toml").read_text() == PERSONA
    asked = asked_for(environ, tmp_path / "data")
    assert sorted(asked, key=lambda text: int(text[1:])) == [f"R{n}" for n in range(1, 21)]


def recorded(journal: Path) -> int:
    """Return how many chunks are in a journal by now."""
    return sum(path.read_bytes().count(b'"k":"d"') for path in journal.glob("*.jsonl"))


def asked_for(environ: dict[str, str], data: Path) -> set[str]:
    """Return what the head-end said in a journal."""
    lines = run(environ, "journal", "show", "--json", data=data).objects
    return {
        bytes.fromhex(each["hex"]).decode().strip() for each in lines if each["sender"] == "headend"
    }


def test_every_repeats_until_it_is_stopped(
    environ: dict[str, str], device: str, tmp_path: Path
) -> None:
    running = process(
        "probe", "toy", device, "--every", "100ms", "--json", data=tmp_path, environ=environ
    )
    assert running.stdout is not None
    seen = [json.loads(running.stdout.readline())["quantity"] for _ in range(6)]
    running.send_signal(signal.SIGTERM)
    done = ended(running)
    assert (done.code, done.err) == (0, "")
    assert seen == ["vendor.toy.r1", "vendor.toy.r2"] * 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("probe toy mqtt://127.0.0.1:1883", 3, "URL: scheme 'mqtt' is"),
        ("probe toy tcp://127.0.0.1:9 --scan=9", 2, "'9' is not a range; write it like --scan="),
        ("probe toy tcp://127.0.0.1:9 --scan=1-9 --every 1m", 2, "--scan and --every do not"),
        ("probe toy tcp://127.0.0.1:9 --scan=1-9 --register 1", 2, "--scan and --register"),
        ("probe toy tcp://127.0.0.1:9 --pace 1", 2, "--pace is for --scan"),
        ("probe toy tcp://127.0.0.1:9 --fresh", 2, "--fresh is for --scan"),
        ("probe toy tcp://127.0.0.1:9 --every never", 2, "'never' is not a duration"),
        ("probe toy-service tcp://127.0.0.1:9", 3, "toy-service cannot be read yet; there is"),
        ("probe glow mqtt://127.0.0.1:9 --register 1", 2, "is heard, not asked for"),
        ("probe glow tcp://127.0.0.1:9", 3, "URL: scheme 'tcp' is"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    tmp_path: Path, arguments: str, code: int, words: str
) -> None:
    with installed():
        done = mitmeter(*arguments.split(), data=tmp_path)
    assert done.code == code
    assert words in done.complaint
