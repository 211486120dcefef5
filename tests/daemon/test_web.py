"""The dashboard as part of a daemon: where it is served, and where not."""

import asyncio
import contextlib
import logging
import socket
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from mitmeter.config.endpoint import Endpoint
from mitmeter.config.load import examine
from mitmeter.daemon.build import daemon_plan
from mitmeter.daemon.plan_web import WebPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.errors import ConfigError, LinkError
from tests.daemon.plans import clock, trap

ANYWHERE = Endpoint("tcp", "127.0.0.1", 0)


def daemon(data: Path, plan: WebPlan | None) -> Daemon:
    made = trap(data, clock(1))
    made.plan = replace(made.plan, web=plan)
    return made


def holder() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


async def test_a_port_that_is_taken_is_named_with_its_holder(tmp_path: Path) -> None:
    with contextlib.closing(holder()) as taken:
        port = taken.getsockname()[1]
        plan = WebPlan(listen=Endpoint("tcp", "127.0.0.1", port))
        with pytest.raises(LinkError, match=rf"{port} is already taken by .*pid"):
            async with daemon(tmp_path, plan).running():
                raise AssertionError("it must not run")


async def test_a_dashboard_nobody_asked_for_does_not_keep_the_rest_from_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with contextlib.closing(holder()) as taken:
        port = taken.getsockname()[1]
        plan = WebPlan(listen=Endpoint("tcp", "127.0.0.1", port), optional=True)
        with caplog.at_level(logging.WARNING):
            async with daemon(tmp_path, plan).running() as running:
                assert running.web is None
                assert len(running.stations) == 1
    assert f"no dashboard: tcp://127.0.0.1:{port} is already taken" in caplog.text


async def test_a_demo_takes_another_port(tmp_path: Path) -> None:
    with contextlib.closing(holder()) as taken:
        port = taken.getsockname()[1]
        plan = WebPlan(listen=Endpoint("tcp", "127.0.0.1", port), any_port=True)
        async with daemon(tmp_path, plan).running() as running:
            assert running.web is not None
            assert str(port) not in running.web.where


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
async def test_tokens_are_not_sent_in_the_clear_through_a_network(
    tmp_path: Path, host: str
) -> None:
    plan = WebPlan(listen=Endpoint("tcp", host, 0))
    with pytest.raises(ConfigError, match=r"web\.listen: .* in the clear"):
        async with daemon(tmp_path, plan).running():
            raise AssertionError("it must not run")


async def test_over_tls_our_own_certificate_is_shown_and_the_cookie_is_secure(
    tmp_path: Path,
) -> None:
    plan = WebPlan(listen=Endpoint("tls", "0.0.0.0", 0))
    async with daemon(tmp_path, plan).running() as running:
        assert running.web is not None
        port = int(running.web.where.rsplit(":", 1)[1].strip("/"))
        assert running.web.where == f"https://127.0.0.1:{port}/"
        trust = ssl.create_default_context(cafile=str(tmp_path / "certificates" / "authority.crt"))
        token = running.web.link.partition("token=")[2]
        async with (
            aiohttp.ClientSession() as session,
            session.get(
                f"https://localhost:{port}/?token={token}", ssl=trust, allow_redirects=False
            ) as answer,
        ):
            assert answer.status == 303
            assert "Secure" in answer.headers["Set-Cookie"]


async def test_stopping_gives_the_port_back_at_once(tmp_path: Path) -> None:
    async with daemon(tmp_path, WebPlan(listen=ANYWHERE)).running() as running:
        assert running.web is not None
        port = int(running.web.where.rsplit(":", 1)[1].strip("/"))
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    again = WebPlan(listen=Endpoint("tcp", "127.0.0.1", port))
    async with daemon(tmp_path, again).running() as running:
        assert running.web is not None
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_small_answers_are_not_held_back(tmp_path: Path) -> None:
    async with daemon(tmp_path, WebPlan(listen=ANYWHERE)).running() as running:
        assert running.web is not None
        loop = asyncio.get_running_loop()
        times = []
        async with aiohttp.ClientSession() as session:
            for _ in range(9):
                began = loop.time()
                async with session.get(f"{running.web.where}healthz") as answer:
                    await answer.read()
                times.append(loop.time() - began)
    assert sorted(times)[len(times) // 2] < 0.03, "Nagle's 40 ms"


async def test_without_a_plan_nothing_of_it_is_made(tmp_path: Path) -> None:
    async with daemon(tmp_path, None).running() as running:
        assert running.web is None
    assert not (tmp_path / "web-token").exists()


def test_what_serves_it_is_loaded_only_where_it_is_served() -> None:
    code = (
        "import sys, mitmeter.daemon.supervisor, mitmeter.cli.main, mitmeter.daemon.web\n"
        "print(sorted({'fastapi', 'starlette', 'uvicorn', 'plotly'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_configuration_asks_for_it_on_loopback_unless_it_says_otherwise() -> None:
    def plan(text: str) -> WebPlan | None:
        config = examine(text).config
        assert config is not None
        return daemon_plan(config, "test").web

    assert plan("") == WebPlan(optional=True)
    assert plan("[web]") == WebPlan()
    assert plan("[web]\nenabled = false") is None
    assert plan('[site]\nid = "cabin"\n[web]\nlisten = "tls://0.0.0.0:443"\nread_only = true') == (
        WebPlan(listen=Endpoint("tls", "0.0.0.0", 443), site="cabin", read_only=True)
    )
    assert plan('[web]\nlisten = "tcp://0.0.0.0:8480"\ningress = "172.30.32.2"') == (
        WebPlan(listen=Endpoint("tcp", "0.0.0.0", 8480), ingress="172.30.32.2")
    )
