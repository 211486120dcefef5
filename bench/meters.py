"""Kamstrup meters: how fast one is read, what an idle reader costs, and the codec by itself."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator

from bench.daemons import Running, free_port, listening
from bench.places import folder
from bench.report import Report
from bench.timing import cpu_seconds
from mitmeter import registry
from mitmeter.devices.kamstrup.messages import GetRegister, RegisterReply, RegisterValue
from mitmeter.model import Side

_PROTOCOL = "kamstrup"
_METER = 0x3F
_ENERGY = 13
_USUAL = (13, 14, 1023, 1024, 1054, 1055, 1056, 1076)
_SECONDS = 2.5
_IDLE = 5_000
_FRAMES = 4_000
_BLOCK = 4_096
_UNIT_WATTS, _SIGN_AND_EXPONENT = 22, 0


def run(report: Report) -> None:
    report.part(
        f"Meters: registers read from an emulated Kamstrup 382 that answers at once, "
        f"{_SECONDS:g} s each"
    )
    with meter() as running:
        for connections, registers in ((1, 1), (64, 1), (256, 1), (64, 8)):
            _read(report, running, connections, _USUAL[:registers])
    with meter() as running:
        _idle(report, running)
    _codec(report)


@contextlib.contextmanager
def meter() -> Iterator[Running]:
    """Run `mitmeter emulate kamstrup` on a free port, answering without delay."""
    port = free_port()
    with folder() as data:
        arguments = ["-q", "--data", str(data), "emulate", _PROTOCOL, "--delay", "0"]
        endpoint = ["--listen", f"tcp://127.0.0.1:{port}"]
        with listening([*arguments, *endpoint], port, data) as running:
            yield running


def request(registers: tuple[int, ...]) -> bytes:
    return registry.spec(_PROTOCOL).codec().encode(Side.HEADEND, GetRegister(_METER, registers))


def _read(report: Report, running: Running, connections: int, registers: tuple[int, ...]) -> None:
    before = running.cpu()
    told = subprocess.run(
        [
            *(sys.executable, "-m", "bench.meter_load", str(running.port), str(connections)),
            *(str(_SECONDS), request(registers).hex()),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,
    ).stdout.split()
    used = running.cpu() - before
    answered, (seconds, p50, p99) = int(told[0]), map(float, told[1:])
    what = f"{connections} {'connection' if connections == 1 else 'connections'}"
    if len(registers) > 1:
        what += f", {len(registers)} registers a request"
    report.say(
        what,
        f"{answered * len(registers) / seconds:7,.0f} registers/s, answer after {p50 * 1e3:5.2f} ms"
        f" (p50), {p99 * 1e3:5.2f} ms (p99), {used / answered * 1e6:4.0f} µs of the meter's"
        " processor a request",
    )


def _idle(report: Report, running: Running) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    running.settle()
    alone = running.resident()
    with contextlib.ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port), 10))
            for _ in range(_IDLE)
        ]
        running.settle()
        now = running.resident()
        _ask_all(idle)
        running.settle()
        later = running.resident()
    report.say(
        f"memory of an idle connection, one of {_IDLE:,}",
        f"{(now - alone) / _IDLE / 1024:7.1f} KiB, once it has asked "
        f"{(later - alone) / _IDLE / 1024:.1f} KiB; {alone / 1e6:.1f} MB without any",
    )


def _ask_all(idle: list[socket.socket]) -> None:
    """Read one register over every connection: all of them are still there."""
    asked = request((_ENERGY,))
    for each in idle:
        each.sendall(asked)
    for each in idle:
        if not each.recv(256):
            raise SystemExit("the meter closed an idle connection")


def _codec(report: Report) -> None:
    codec = registry.spec(_PROTOCOL).codec()
    asked = request(_USUAL) * _FRAMES
    told = b"".join(codec.encode(Side.DEVICE, _reply(number)) for number in range(_FRAMES))
    noise = bytes(range(256)) * 2_000
    for what, side, stream in (
        ("codec, requests for 8 registers", Side.HEADEND, asked),
        ("codec, answers with 8 values", Side.DEVICE, told),
        ("codec, bytes of which nothing can be made", Side.DEVICE, noise),
    ):
        seconds = cpu_seconds(lambda side=side, stream=stream: _fed(side, stream), repeats=3)  # type: ignore[misc] # bound in the loop
        report.say(what, f"{len(stream) / seconds / 1e6:7.2f} MB/s")


def _reply(number: int) -> RegisterReply:
    values = tuple(
        RegisterValue(
            register,
            _UNIT_WATTS,
            _SIGN_AND_EXPONENT,
            (71_832_712 + 8 * number + place).to_bytes(4, "big"),
        )
        for place, register in enumerate(_USUAL)
    )
    return RegisterReply(_METER, values)


def _fed(side: Side, stream: bytes) -> int:
    codec = registry.spec(_PROTOCOL).codec()
    found = sum(
        len(codec.feed(side, stream[at : at + _BLOCK])) for at in range(0, len(stream), _BLOCK)
    )
    return found + len(codec.end(side))
