"""An emulated module's keep-alive, to a real server by UDP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.plan import DaemonPlan, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.errors import ConfigError
from mitmeter.roles.role import Role
from tests.daemon.plans import LONDON, heard
from tests.transport.ends import eventually

SPEC = registry.spec("kamstrup-management")


class Server(asyncio.DatagramProtocol):
    """Hears keep-alives, and acknowledges them."""

    def __init__(self, *, answers: bool) -> None:
        self.heard: list[bytes] = []
        self._answers = answers

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)
        if self._answers:
            self.transport.sendto(b"ok", addr)

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])


async def server(*, answers: bool) -> Server:
    made = Server(answers=answers)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, ("127.0.0.1", 0))
    return made


def module(data: Path, *, speed: float, kap: str, **options: str) -> Daemon:
    station = StationPlan(
        "meter",
        Role.EMULATE,
        SPEC,
        listen=Endpoint("tcp", "127.0.0.1", 0),
        persona=load_persona(SPEC, ""),
        delay=0.0,
        options={"kap": kap, **options},
    )
    return Daemon(DaemonPlan("module", LONDON, (station,)), data, clock=Clock(speed=speed))


async def say(running: Daemon, *lines: str) -> None:
    """Tell the management service something, and wait until it was taken."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(running.stations[0].where.rpartition(":")[2])
    )
    await reader.readuntil(b"]\r\n")
    for line in lines:
        writer.write(f"{line}\r\n".encode())
        await reader.readuntil(b"OK")
    writer.close()
    await writer.wait_closed()


async def test_the_server_is_told_again_and_again_and_its_answer_is_noted(tmp_path: Path) -> None:
    cloud = await server(answers=True)
    running = module(tmp_path, speed=100.0, kap="a55a")
    async with heard(running) as seen:
        await say(running, f"!SA 127.0.0.1 {cloud.port}")
        await seen.until(lambda: bool(seen.happened("mitmeter.keepalive.acknowledged")))
        await eventually(lambda: len(cloud.heard) >= 3)
    assert set(cloud.heard) == {b"\xa5\x5a"}
    cloud.transport.close()


async def test_nobody_is_told_without_a_payload(tmp_path: Path) -> None:
    cloud = await server(answers=True)
    running = module(tmp_path, speed=1000.0, kap="")
    async with heard(running):
        await say(running, f"!SA 127.0.0.1 {cloud.port}")
        before = running.services.clock.now_ns()
        await eventually(lambda: running.services.clock.now_ns() - before > 60e9)
    assert cloud.heard == []
    cloud.transport.close()


async def test_a_server_that_never_answers_restarts_the_module(tmp_path: Path) -> None:
    cloud = await server(answers=False)
    running = module(tmp_path, speed=100.0, kap="00")
    async with heard(running) as seen:
        await say(running, "!SK 5 1 1", f"!SA 127.0.0.1 {cloud.port}")
        await seen.until(lambda: bool(seen.happened("mitmeter.unit.restarted")))
        assert seen.happened("mitmeter.keepalive.watchdog")
    cloud.transport.close()


async def test_a_payload_that_is_no_hexadecimal_is_told_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"options\.kap"):
        async with module(tmp_path, speed=1.0, kap="xyz").running():
            pass


async def test_a_honeypot_sends_nothing_where_its_visitors_say(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a honeypot sends nothing of its own"):
        async with module(tmp_path, speed=1.0, kap="00", honeypot="true").running():
            pass
