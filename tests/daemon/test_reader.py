"""Reading a device that is dialled: over real sockets, against our own and against odd ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.plan import DaemonPlan, Patience, StationPlan
from mitmeter.daemon.reader import ReaderStation, Visit
from mitmeter.daemon.supervisor import Daemon
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.protocol import Progress
from mitmeter.roles.role import Role
from tests.daemon.plans import ANY_PORT, LONDON, Heard, said, stored
from tests.daemon.toymeter import PERSONA, SPEC, installed
from tests.transport.broker import free_port

METER = StationPlan("meter", Role.EMULATE, SPEC, listen=ANY_PORT, persona=PERSONA)


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with installed():
        yield


def daemon(data: Path, station: StationPlan) -> Daemon:
    return Daemon(DaemonPlan("test reader", LONDON, (station,), batch_seconds=0.01), data)


@contextlib.asynccontextmanager
async def meter(data: Path) -> AsyncIterator[Endpoint]:
    running = daemon(data, METER)
    async with running.running():
        yield Endpoint.parse(running.stations[0].where)


def reader(to: Endpoint, **options: str) -> StationPlan:
    return StationPlan("reader", Role.PROBE, SPEC, to=to, attended=True, options=options)


async def visit(running: Daemon, seen: list[Progress] | None = None) -> Visit:
    """Let a running reader begin, and return how its first visit went."""
    (station,) = running.stations
    assert isinstance(station, ReaderStation)
    visits: asyncio.Queue[Visit] = asyncio.Queue()
    station.visited = visits.put_nowait
    if seen is not None:
        station.progress = seen.append
    station.begin()
    async with asyncio.timeout(20):
        return await visits.get()


@contextlib.asynccontextmanager
async def somebody(says: bytes, *, hangs_up: bool = False) -> AsyncIterator[Endpoint]:
    """Serve clients that get these bytes, whatever they ask."""

    async def serve(heard: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        await heard.read(1)
        out.write(says)
        if not hangs_up:
            await heard.read()
        out.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Endpoint("tcp", "127.0.0.1", server.sockets[0].getsockname()[1])


async def test_one_visit_reads_what_it_is_told_to_and_the_store_has_it(tmp_path: Path) -> None:
    async with meter(tmp_path / "meter") as to:
        running = daemon(tmp_path / "data", reader(to, registers="2,9"))
        async with running.running():
            done = await visit(running)
            await running.settled()
            assert {(r.quantity, str(r.value)) for r in stored(tmp_path / "data")} == {
                ("vendor.toy.r2", "230"),
                ("vendor.toy.r9", "5"),
            }
    assert (done.messages, done.garbled, done.reason) == (2, 0, "read")
    assert said(tmp_path / "data", Side.HEADEND) == b"R2\nR9\n"


async def test_nobody_there_is_a_visit_without_a_conversation(tmp_path: Path) -> None:
    to = Endpoint("tcp", "127.0.0.1", free_port())
    running = daemon(tmp_path, reader(to))
    async with running.running():
        done = await visit(running)
    assert done.conversation == ""
    assert "nobody listens there" in done.reason


@pytest.mark.parametrize(
    ("says", "garbled"), [(b"", 0), (b"%HTTP/1.1 400\r\n%\xe9\n", 18), (b"1=1", 0)]
)
async def test_silence_garbage_and_half_an_answer_end_a_visit_in_bounded_time(
    tmp_path: Path, says: bytes, garbled: int
) -> None:
    async with somebody(says) as to:
        running = daemon(tmp_path, reader(to, registers="1"))
        async with running.running():
            done = await visit(running)
    assert (done.messages, done.garbled) == (0, garbled)
    assert done.reason == "no answer within 0.3 s"


async def test_a_device_that_hangs_up_is_told_of(tmp_path: Path) -> None:
    async with somebody(b"1=100 W\n", hangs_up=True) as to:
        running = daemon(tmp_path, reader(to, registers="1,2"))
        async with running.running():
            done = await visit(running)
    assert done.messages == 1
    assert done.reason == "closed by peer"


async def test_a_device_that_falls_silent_is_left_when_patience_is_out(tmp_path: Path) -> None:
    async with somebody(b"") as to:
        # A head-end that would wait for ever between two requests.
        plan = replace(reader(to, scan="1-2", pace="3600"), patience=Patience(idle=0.3))
        running = daemon(tmp_path, plan)
        async with running.running():
            done = await visit(running)
    assert done.reason in ("no message for 0.3 s", "no answer within 0.3 s")


async def test_a_scan_tells_how_far_it_is_and_goes_on_from_a_mark(tmp_path: Path) -> None:
    async with meter(tmp_path / "meter") as to:
        seen: list[Progress] = []
        options = {"scan": "1-10", "from": "8"}
        running = daemon(tmp_path / "data", reader(to, **options))
        async with running.running():
            assert (await visit(running, seen)).reason == "read"
    assert seen == [Progress(8, 10, "9"), Progress(9, 10, "10"), Progress(10, 10, "")]
    assert said(tmp_path / "data", Side.HEADEND) == b"R8\nR9\nR10\n"


async def test_it_comes_again_and_tells_of_failures_and_of_their_end(tmp_path: Path) -> None:
    port = free_port()
    plan = replace(reader(Endpoint("tcp", "127.0.0.1", port)), every=0.1, attended=False)
    running = daemon(tmp_path / "data", plan)
    async with running.running():
        seen = Heard(running)
        await seen.until(lambda: len(seen.happened("mitmeter.probe.failed")) >= 2)
        counts = [event.fields["count"] for event in seen.happened("mitmeter.probe.failed")]
        assert counts[:2] == [1, 2]
        device = daemon(
            tmp_path / "meter", replace(METER, listen=Endpoint("tcp", "127.0.0.1", port))
        )
        async with device.running():
            await seen.until(lambda: seen.count("vendor.toy.r1") >= 3)
        assert len(seen.happened("mitmeter.probe.recovered")) == 1


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (replace(reader(ANY_PORT), to=None), "says where the device is"),
        (reader(Endpoint("udp", "127.0.0.1", 80)), "udp:// is none of tcp, tls, ssl3, http, https"),
    ],
)
async def test_what_cannot_be_read_is_refused_at_the_start(
    tmp_path: Path, plan: StationPlan, words: str
) -> None:
    running = daemon(tmp_path, plan)
    with pytest.raises(ConfigError, match=words):
        async with running.running():
            pass
