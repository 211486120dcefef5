"""A honeypot over real sockets: what is told of whom, and that it holds out."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mitmeter.daemon.plan import DaemonPlan, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.journal.reader import JournalReader
from mitmeter.journal.records import Closed, Opened
from mitmeter.roles.role import Role
from mitmeter.store import Store
from mitmeter.transport import Limits
from tests.daemon.plans import ANY_PORT, LONDON, Heard
from tests.daemon.test_unit import Caller
from tests.daemon.toymeter import PERSONA, SPEC, installed

POT = StationPlan(
    "pot",
    Role.EMULATE,
    SPEC,
    listen=ANY_PORT,
    persona=PERSONA,
    honeypot=True,
    options={"honeypot": "true"},
)


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with installed():
        yield


def pot(data: Path, station: StationPlan = POT) -> Daemon:
    return Daemon(DaemonPlan("test pot", LONDON, (station,), batch_seconds=0.01), data)


async def test_a_stranger_is_told_of_when_he_comes_and_when_he_goes(tmp_path: Path) -> None:
    running = pot(tmp_path)
    async with running.running():
        seen = Heard(running)
        caller = await Caller.dial(running, host="127.0.0.9")
        assert await caller.ask("R1") == "1=100 W"
        await caller.close()
        await seen.until(lambda: bool(seen.happened("mitmeter.toy.disconnect")))
    (came,), (went,) = (
        seen.happened("mitmeter.toy.connection"),
        seen.happened("mitmeter.toy.disconnect"),
    )
    assert came.fields["src_ip"] == "127.0.0.9"
    assert came.fields["dst_ip"] == "127.0.0.1"
    assert came.fields["dst_port"] == seen.where.port
    assert came.message == f"127.0.0.9 connected to port {seen.where.port}"
    assert went.fields["session"] == came.fields["session"]
    assert went.fields["src_port"] == came.fields["src_port"]
    assert (went.fields["bytes_in"], went.fields["bytes_out"]) == (3, 8)
    assert went.fields["requests"] == 1
    assert isinstance(went.fields["duration_s"], float)
    assert not [each for each in seen.events if each.eventid.startswith("mitmeter.conversation.")]


async def test_who_comes_often_is_counted_and_the_journal_has_everybody(tmp_path: Path) -> None:
    running = pot(tmp_path)
    async with running.running():
        seen = Heard(running)
        for _ in range(120):
            caller = await Caller.dial(running)
            await caller.ask("R2")
            await caller.close()
        other = await Caller.dial(running, host="127.0.0.2")
        await other.close()
        await seen.until(lambda: len(seen.happened("mitmeter.toy.disconnect")) == 4)
    counts = [
        (each.fields["src_ip"], each.fields["count"])
        for each in seen.happened("mitmeter.toy.connection")
    ]
    assert counts == [("127.0.0.1", 1), ("127.0.0.1", 10), ("127.0.0.1", 100), ("127.0.0.2", 1)]
    records = list(JournalReader(tmp_path / "journal").records())
    assert sum(isinstance(each, Opened) and not each.again for each in records) == 121
    assert sum(isinstance(each, Closed) for each in records) == 121


async def test_what_is_tried_again_and_again_is_told_a_few_times_and_then_counted(
    tmp_path: Path,
) -> None:
    running = pot(tmp_path)
    async with running.running():
        seen = Heard(running)
        for _ in range(4):
            caller = await Caller.dial(running)
            for pin in range(30):
                caller.say(f"PIN {pin}")
            assert await caller.ask("R1") == "1=100 W"
            await caller.close()
        await seen.until(lambda: len(seen.happened("mitmeter.toy.login")) == 26)
        await running.settled()
    told = seen.happened("mitmeter.toy.login")
    assert len(told) == 26
    assert told[-1].message == "tried PIN 9 (100 of the kind from 127.0.0.1 so far)"
    assert told[-1].fields["count"] == 100


async def test_garbage_in_many_connections_is_one_story(tmp_path: Path) -> None:
    running = pot(tmp_path)
    async with running.running():
        seen = Heard(running)
        for _ in range(40):
            caller = await Caller.dial(running)
            caller.say("%nonsense")
            assert await caller.ask("R1") == "1=100 W"
            await caller.close()
        await running.settled()
    assert len(seen.happened("mitmeter.toy.undecodable")) == 25
    assert len(seen.happened("mitmeter.toy.garbage")) == 25


async def test_beyond_the_limit_of_an_address_nobody_gets_in_and_others_do(
    tmp_path: Path,
) -> None:
    running = pot(tmp_path, replace(POT, limits=Limits(connections=50, per_address=3)))
    async with running.running():
        callers = [await Caller.dial(running) for _ in range(3)]
        assert [await each.ask("R1") for each in callers] == ["1=100 W"] * 3
        extra = await Caller.dial(running)
        assert await extra.hung_up()
        other = await Caller.dial(running, host="127.0.0.2")
        assert await other.ask("R1") == "1=100 W"
        for each in (*callers, extra, other):
            await each.close()


async def test_a_scan_at_full_speed_leaves_others_their_answers_in_time(tmp_path: Path) -> None:
    running = pot(tmp_path)
    async with running.running():
        loop = asyncio.get_running_loop()
        flood, other = await Caller.dial(running), await Caller.dial(running, host="127.0.0.2")
        # 100,000 requests at once; the flooder reads as fast as it can.
        sender = loop.create_task(flood.flood(b"R1\n" * 100_000, answer=b"1=100 W\n" * 100_000))
        slowest = 0.0
        while not sender.done():
            began = loop.time()
            assert await other.ask("R2") == "2=230 V"
            slowest = max(slowest, loop.time() - began)
        await sender
        await flood.close()
        await other.close()
    assert slowest < 1.0


async def test_five_thousand_connections_are_held_told_of_briefly_and_answered(
    tmp_path: Path,
) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = min(5000, (hard - 500) // 2)
    running = pot(tmp_path)
    async with running.running():
        seen = Heard(running)
        before = rss_bytes()
        callers: list[Caller] = []
        for start in range(0, many, 250):
            count = min(250, many - start)
            # From one address first, then from many.
            hosts = [
                f"127.0.1.{n % 200 + 1}" if start >= many // 2 else "127.0.0.1"
                for n in range(count)
            ]
            callers += await asyncio.gather(*(Caller.dial(running, host=host) for host in hosts))
        slow = callers[0]
        for byte in "R1":
            slow.say(byte, end="")
        assert await callers[-1].ask("R2") == "2=230 V"
        assert await slow.ask("") == "1=100 W"
        per_connection = (rss_bytes() - before) / many
        for each in callers:
            await each.close()
        await seen.until(lambda: len(running.stations[0].drives) == 0)
        await running.settled()
    # Both ends live in this process.
    assert per_connection < 40_000
    with contextlib.closing(Store.open(tmp_path / "store.db", read_only=True)) as store:
        events = store.events(limit=None)
        assert len(store.conversations(limit=None)) == many
    assert len(events) < 1000


def rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
