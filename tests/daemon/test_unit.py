"""Emulated units over real sockets: what their ports share, and how they restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mitmeter.daemon.plan import DaemonPlan, Patience, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.roles.role import Role
from tests.daemon.plans import ANY_PORT, LONDON, Heard
from tests.daemon.toymeter import OTHER, PERSONA, SPEC, installed

METER = StationPlan("meter", Role.EMULATE, SPEC, listen=ANY_PORT, persona=PERSONA)
SERVICE = StationPlan("service", Role.EMULATE, OTHER, listen=ANY_PORT, unit="meter")


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with installed():
        yield


def unit(data: Path, *stations: StationPlan) -> Daemon:
    return Daemon(DaemonPlan("test unit", LONDON, stations, batch_seconds=0.01), data)


class Caller:
    """A client of one port."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def dial(cls, running: Daemon, station: int = 0, host: str = "127.0.0.1") -> Caller:
        port = int(running.stations[station].where.rsplit(":", 1)[1])
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0)))

    def say(self, text: str, end: str = "\n") -> None:
        self._writer.write((text + end).encode())

    async def ask(self, text: str) -> str:
        self.say(text)
        return await self.line()

    async def flood(self, data: bytes, answer: bytes) -> None:
        """Say everything at once, and read the answer meanwhile."""
        self._writer.write(data)
        async with asyncio.timeout(60):
            assert await self._reader.readexactly(len(answer)) == answer

    async def line(self) -> str:
        async with asyncio.timeout(10):
            return (await self._reader.readline()).decode().rstrip("\n")

    async def hung_up(self) -> bool:
        async with asyncio.timeout(10):
            try:
                return await self._reader.read(100) == b""
            except ConnectionError:
                return True

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return


async def test_a_dialled_device_answers_each_caller_by_itself(tmp_path: Path) -> None:
    running = unit(tmp_path, METER)
    async with running.running():
        one, two = await Caller.dial(running), await Caller.dial(running)
        assert await one.ask("R1") == "1=100 W"
        assert await two.ask("R2") == "2=230 V"
        assert await one.ask("R3") == "3 none"
        await one.close()
        await two.close()


async def test_what_one_port_is_told_the_other_knows_at_once(tmp_path: Path) -> None:
    running = unit(tmp_path, METER, SERVICE)
    async with running.running():
        meter, service = await Caller.dial(running, 0), await Caller.dial(running, 1)
        assert await service.ask("SET name=attic") == "OK"
        assert await meter.ask("GET name") == "name: attic"
        await meter.close()
        await service.close()


async def test_units_of_their_own_share_nothing(tmp_path: Path) -> None:
    running = unit(tmp_path, METER, replace(SERVICE, unit=""))
    async with running.running():
        meter, service = await Caller.dial(running, 0), await Caller.dial(running, 1)
        await service.ask("SET name=attic")
        assert await meter.ask("GET name") == "name: None"
        await meter.close()
        await service.close()


async def test_a_unit_remembers_over_a_restart_of_the_daemon(tmp_path: Path) -> None:
    for told in ("None", "attic"):
        running = unit(tmp_path, METER)
        async with running.running():
            caller = await Caller.dial(running)
            assert await caller.ask("GET name") == f"name: {told}"
            await caller.ask("SET name=attic")
            await caller.close()
    assert json.loads((tmp_path / "units" / "meter.json").read_text()) == {"name": "attic"}


async def test_a_restart_says_its_last_words_drops_everybody_and_refuses(tmp_path: Path) -> None:
    running = unit(tmp_path, METER, SERVICE)
    async with running.running():
        seen = Heard(running)
        where = [station.where for station in running.stations]
        meter, service = await Caller.dial(running, 0), await Caller.dial(running, 1)
        assert await meter.ask("R1") == "1=100 W"
        assert await service.ask("BOOT 0.5") == "BYE"
        assert await service.hung_up()
        assert await meter.hung_up()
        for station in (0, 1):
            with pytest.raises(ConnectionRefusedError):
                await Caller.dial(running, station)
        assert [station.where for station in running.stations] == where
        await seen.until(lambda: bool(seen.happened("mitmeter.unit.restarted")))
        (told,) = seen.happened("mitmeter.unit.restarted")
        assert told.message == "meter restarts: connections are refused for 0.5 s (2 dropped)"
        again = await until_up(running)
        assert await again.ask("R1") == "1=100 W"
        for caller in (meter, service, again):
            await caller.close()


async def until_up(running: Daemon, station: int = 0) -> Caller:
    """Dial until somebody answers."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await Caller.dial(running, station)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


async def test_a_daemon_can_stop_while_a_unit_is_away(tmp_path: Path) -> None:
    running = unit(tmp_path, METER)
    async with running.running():
        where = running.stations[0].where
        caller = await Caller.dial(running)
        assert await caller.ask("BOOT 60") == "BYE"
        assert await caller.hung_up()
        await caller.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(where.rsplit(":", 1)[1]))


async def test_a_port_taken_during_a_restart_is_told_of_and_taken_back(tmp_path: Path) -> None:
    running = unit(tmp_path, METER)
    async with running.running():
        seen = Heard(running)
        port = int(running.stations[0].where.rsplit(":", 1)[1])
        caller = await Caller.dial(running)
        assert await caller.ask("BOOT 0.2") == "BYE"
        assert await caller.hung_up()
        await caller.close()
        thief = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", port)
        await seen.until(lambda: bool(seen.happened("mitmeter.unit.locked_out")))
        thief.close()
        await thief.wait_closed()
        again = await until_up(running)
        assert await again.ask("R2") == "2=230 V"
        await again.close()


async def test_a_delay_is_the_devices_own_and_the_first_answer_takes_so_long(
    tmp_path: Path,
) -> None:
    running = unit(tmp_path, replace(METER, delay=0.2))
    async with running.running():
        loop = asyncio.get_running_loop()
        caller = await Caller.dial(running)
        began = loop.time()
        assert await caller.ask("R1") == "1=100 W"
        assert 0.19 <= loop.time() - began < 2
        await caller.close()


async def test_who_never_says_a_word_is_left_and_who_did_may_be_quiet(tmp_path: Path) -> None:
    patience = Patience(idle=0.3, quiet=30)
    running = unit(tmp_path, replace(METER, patience=patience))
    async with running.running():
        master, lurker = await Caller.dial(running), await Caller.dial(running)
        assert await master.ask("R1") == "1=100 W"
        assert await lurker.hung_up()
        assert await master.ask("R2") == "2=230 V"
        await master.close()
        await lurker.close()
