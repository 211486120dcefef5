"""The meter that is dialled, from the command line: read, cloned, with its module, watched."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.cli.program import ended
from tests.cli.toys import going, installation, run

LOCAL = "tcp://127.0.0.1:0"
METER = ("emulate", "kamstrup", "--listen", LOCAL, "--delay", "0")
# Worked example K5 of the protocol fact sheet: what is the voltage of phase 2?
ASK_VOLTAGE = bytes.fromhex("803f1001041f6a9a0d")


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return installation(tmp_path_factory.mktemp("toys"))


def port(where: str) -> int:
    return int(where.rsplit(":", 1)[1])


def dial(where: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port(where)), 10)


def answer(wire: socket.socket, ending: bytes) -> bytes:
    """Return what is heard up to an ending."""
    heard = b""
    while not heard.endswith(ending):
        piece = wire.recv(4096)
        assert piece, heard
        heard += piece
    return heard


def told_by_the_device(environ: dict[str, str], data: Path) -> bytes:
    chunks = run(environ, "journal", "show", "--json", data=data).objects
    return b"".join(bytes.fromhex(each["hex"]) for each in chunks if each["sender"] == "device")


def test_a_cloned_meter_says_the_same_byte_for_byte(
    environ: dict[str, str], tmp_path: Path
) -> None:
    scan = ("--scan=0-1300", "--pace", "0", "--save-persona")
    with going(environ, *METER, "--frozen", data=tmp_path / "original") as (_, where):
        first = run(
            environ, "probe", "kamstrup", where[0], *scan, tmp_path / "a.toml", data=tmp_path / "a"
        )
    assert (first.code, first.err) == (0, "")
    cloned = ("--persona", tmp_path / "a.toml")
    with going(environ, *METER, *cloned, data=tmp_path / "clone") as (_, where):
        second = run(
            environ, "probe", "kamstrup", where[0], *scan, tmp_path / "b.toml", data=tmp_path / "b"
        )
    assert second.code == 0
    assert (tmp_path / "a.toml").read_bytes() == (tmp_path / "b.toml").read_bytes()
    assert first.out == second.out
    said = told_by_the_device(environ, tmp_path / "a")
    assert len(said) > 2000
    assert said == told_by_the_device(environ, tmp_path / "b")


def test_the_meter_and_its_module_are_one_box_that_restarts_whole(
    environ: dict[str, str], tmp_path: Path
) -> None:
    with going(
        environ, *METER, "--with", f"kamstrup-management={LOCAL}", data=tmp_path, stations=2
    ) as (_, where):
        with dial(where[0]) as meter, dial(where[1]) as module:
            meter.sendall(ASK_VOLTAGE)
            assert answer(meter, b"\r").startswith(b"\x40\x3f\x10\x04\x1f\x21\x02")
            answer(module, b"]\r\n")
            module.sendall(b"!SI 192.168.1.77\r\n")
            heard = b""
            while piece := module.recv(4096):
                heard += piece
            assert b"192.168.1.77" in heard
            assert meter.recv(100) == b""
        with pytest.raises(ConnectionRefusedError):
            dial(where[0])
        with again(where[1]) as module:
            answer(module, b"]\r\n")
            module.sendall(b"!GC\r\n")
            assert b"IP addr.            : 192.168.1.77\r\n" in answer(module, b"ENABLED 3600\r\n")
    memory = tmp_path / "emulated" / "kamstrup" / "units" / "kamstrup-emulate.json"
    assert "192.168.1.77" in memory.read_text()


def again(where: str) -> socket.socket:
    """Dial until the box is back."""
    until = time.monotonic() + 20
    while True:
        try:
            return dial(where)
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_honeypot_tells_who_came_and_what_he_did(environ: dict[str, str], tmp_path: Path) -> None:
    persona, config = tmp_path / "mine.toml", tmp_path / "mitmeter.toml"
    assert run(environ, "persona", "new", "kamstrup", persona).code == 0
    config.write_text(
        "".join(
            f'[[station]]\nname = "{name}"\nrole = "emulate"\nprotocol = "{protocol}"\n'
            f'listen = "{LOCAL}"\nunit = "pot"\nhoneypot = true\npersona = "{persona}"\n'
            for name, protocol in (("meter", "kamstrup"), ("module", "kamstrup-management"))
        )
    )
    with going(environ, "run", "-c", config, data=tmp_path / "data", stations=2) as (pot, where):
        with dial(where[0]) as attacker:
            attacker.sendall(ASK_VOLTAGE)
            answer(attacker, b"\r")
            attacker.sendall(bytes.fromhex("803f921267970e0d"))  # K25: login with PIN 4711
            attacker.sendall(b"GET / HTTP/1.1\r\nHost: \x1b[2J\r\n\r\n")
            answer(attacker, b"\r")
        with dial(where[1]) as attacker:
            answer(attacker, b"]\r\n")
            attacker.sendall(b"!GC\r\n")
            answer(attacker, b"\r\n")
        pot.send_signal(signal.SIGTERM)
        assert "\x1b" not in ended(pot).out
    events = run(environ, "events", "--json", "--all", data=tmp_path / "data").objects
    kinds = {each["eventid"] for each in events}
    assert {
        "mitmeter.kamstrup.connection",
        "mitmeter.kamstrup.disconnect",
        "mitmeter.kamstrup.request",
        "mitmeter.kamstrup.login",
        "mitmeter.kamstrup.hint",
        "mitmeter.kamstrup.management.connection",
    } <= kinds
    (login,) = (each for each in events if each["eventid"] == "mitmeter.kamstrup.login")
    assert login["pin"] == 4711
    assert "mitmeter.conversation.opened" not in kinds
    sessions = run(environ, "events", "--sessions", "--json", data=tmp_path / "data").objects
    assert [each["station"] for each in sessions] == ["meter", "module"]
    assert sessions[0]["tried"]["login"] == 1
    assert sessions[0]["bytes_out"] > 0
    ecs = run(environ, "events", "--ecs", "--all", data=tmp_path / "data").lines
    assert all(json.loads(line)["ecs"] for line in ecs)
