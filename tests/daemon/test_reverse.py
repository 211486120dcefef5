"""A reverse proxy before emulated gateways, over real sockets and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.plan import DaemonPlan, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.daemon.trust import pin_book
from mitmeter.errors import ConfigError
from mitmeter.roles.role import Role
from tests.daemon.plans import LONDON, heard

SPEC = registry.spec("smgw")
USER, PASSWORD = "consumer-0047", "Han#Test26"
DISCOVERY = "/smgw/m2m"


def gateway(data: Path, port: int = 0, persona: str = "theben") -> Daemon:
    station = StationPlan(
        "gateway",
        Role.EMULATE,
        SPEC,
        listen=Endpoint("tls", "127.0.0.1", port),
        persona=load_persona(SPEC, persona),
        delay=0.0,
    )
    return Daemon(DaemonPlan("test gateway", LONDON, (station,)), data, clock=Clock())


def before(data: Path, port: int, *, to: str = "https", **options: str) -> Daemon:
    station = StationPlan(
        "proxy",
        Role.PROXY,
        SPEC,
        listen=Endpoint("http", "127.0.0.1", 0),
        to=Endpoint(to, "127.0.0.1", port),
        options={"pace": "0", **options},
    )
    plan = DaemonPlan("test proxy", LONDON, (station,), batch_seconds=0.02)
    return Daemon(plan, data, clock=Clock())


def port_of(running: Daemon) -> int:
    return int(running.stations[0].where.rpartition(":")[2])


def web(running: Daemon) -> str:
    return running.stations[0].where


@contextlib.asynccontextmanager
async def client(
    user: str = USER, password: str = PASSWORD
) -> AsyncIterator[aiohttp.ClientSession]:
    login = aiohttp.DigestAuthMiddleware(user, password)
    async with aiohttp.ClientSession(middlewares=(login,)) as session:
        yield session


async def test_a_client_logs_in_through_us_and_its_values_reach_the_store(tmp_path: Path) -> None:
    async with gateway(tmp_path / "gateway").running() as behind:
        running = before(tmp_path / "proxy", port_of(behind))
        async with heard(running) as seen, client() as session:
            async with session.get(web(running) + DISCOVERY, allow_redirects=False) as found:
                assert found.status == 307
                place = found.headers["Location"]
            assert place.startswith(DISCOVERY)
            points = await ask(session, web(running) + place, {"method": "user-info"})
            point = points["user-info"]["usage-points"][0]["usage-point-id"]
            info = {"method": "usage-point-info", "usage-point-id": point, "database": "origin"}
            await ask(session, web(running) + place, info)
            wanted = {
                "method": "readings",
                "usage-point-id": point,
                "database": "origin",
                "last-reading": "true",
            }
            told = await ask(session, web(running) + place, wanted)
            raw = told["readings"]["channels"][0]["readings"][0]["value"]
            await seen.until(lambda: seen.count("grid.import") > 0)
    (value,) = {each.value for each in seen.readings if each.quantity == "grid.import"}
    assert value == Decimal(raw) / 10_000
    (log,) = (tmp_path / "proxy/log").iterdir()
    text = log.read_text()
    assert "GET /smgw/m2m 307" in text
    assert point not in text
    assert USER not in text


async def ask(session: aiohttp.ClientSession, url: str, body: dict[str, object]) -> dict[str, Any]:
    data = json.dumps(body)
    async with session.post(url, data=data, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 200
        found: dict[str, Any] = json.loads(await answer.text())
        return found


async def test_two_clients_at_once_are_both_answered(tmp_path: Path) -> None:
    async with gateway(tmp_path / "gateway").running() as behind:
        running = before(tmp_path / "proxy", port_of(behind))
        async with running.running(), client() as one, client() as other:

            async def often(session: aiohttp.ClientSession) -> set[int]:
                seen = set()
                for _ in range(10):
                    async with session.get(web(running) + DISCOVERY, allow_redirects=False) as got:
                        seen.add(got.status)
                return seen

            first, second = await asyncio.gather(often(one), often(other))
            assert (first, second) == ({307}, {307})


async def test_a_changed_certificate_is_refused_until_it_is_accepted(tmp_path: Path) -> None:
    async with gateway(tmp_path / "first").running() as first:
        port = port_of(first)
        running = before(tmp_path / "proxy", port)
        await fetch(running, 401)
    async with gateway(tmp_path / "other", port).running():
        running = before(tmp_path / "proxy", port)
        async with heard(running) as seen:
            page = await get(web(running), 502)
            assert "another certificate" in page
            assert f"mitmeter pins accept 127.0.0.1:{port}" in page
            await get(web(running), 502)
            await seen.until(lambda: bool(seen.happened("mitmeter.certificate.changed")))
            assert len(seen.happened("mitmeter.certificate.changed")) == 1
            pin_book(tmp_path / "proxy").accept(f"127.0.0.1:{port}")
            await get(web(running), 401)


async def fetch(running: Daemon, status: int) -> str:
    async with running.running():
        return await get(web(running), status)


async def get(base: str, status: int) -> str:
    async with aiohttp.ClientSession() as session, session.get(base + DISCOVERY) as answer:
        assert answer.status == status
        return await answer.text()


async def test_a_gateway_that_is_not_there_is_explained(tmp_path: Path) -> None:
    running = before(tmp_path / "proxy", 9)
    async with heard(running) as seen:
        page = await get(web(running), 502)
        assert "cannot be reached" in page
        await seen.until(lambda: bool(seen.happened("mitmeter.upstream.unreachable")))


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    writer.close()


async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")
    writer.close()


@pytest.mark.parametrize("misbehave", [hang, lie])
async def test_half_a_head_or_a_lie_about_length_becomes_a_page(
    tmp_path: Path, misbehave: object
) -> None:
    server = await asyncio.start_server(misbehave, "127.0.0.1", 0)  # type: ignore[arg-type]
    port = server.sockets[0].getsockname()[1]
    async with server:
        running = before(tmp_path / "proxy", port, to="http")
        assert "broke off its answer" in await fetch(running, 502)


async def test_a_file_of_many_megabytes_passes_whole(tmp_path: Path) -> None:
    piece = hashlib.sha256(b"piece").digest() * 32_768  # 1 MiB

    async def files(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (20 * len(piece)))
        for _ in range(20):
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(files, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        running = before(tmp_path / "proxy", port, to="http")
        async with (
            running.running(),
            aiohttp.ClientSession() as session,
            session.get(web(running) + "/file") as answer,
        ):
            assert hashlib.sha256(await answer.read()).digest() == (
                hashlib.sha256(piece * 20).digest()
            )


async def test_what_was_asked_for_and_does_not_fit_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="log-days"):
        async with before(tmp_path, 9, **{"log-days": "x"}).running():
            pass
    with pytest.raises(ConfigError, match="none of http, https"):
        async with before(tmp_path, 9, to="tcp").running():
            pass


async def test_a_page_of_the_internet_cannot_reach_the_gateway_by_a_name_of_its_own(
    tmp_path: Path,
) -> None:
    running = before(tmp_path / "proxy", 9)
    async with running.running():
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(running))
        writer.write(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 421")
        writer.close()
