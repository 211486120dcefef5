"""Dashboards for tests: a real daemon with a real trap, served on a free port."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.plan_web import WebPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.dashboard.tokens import CONTROL_FILE, READ_FILE
from tests.daemon.plans import Heard, battery, clock, heard, trap

ANYWHERE = Endpoint("tcp", "127.0.0.1", 0)
CHANGES = {"X-Mitmeter": "1"}


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes
    json: Any


class Client:
    """Asks one dashboard, with a token or without."""

    def __init__(self, where: str, token: str = "") -> None:
        self.where = where.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.session = aiohttp.ClientSession(
            headers=headers, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
        )

    async def ask(self, path: str, method: str = "GET", **further: Any) -> Answer:
        async with self.session.request(
            method, self.where + path, allow_redirects=False, **further
        ) as answer:
            body = await answer.read()
            is_json = answer.headers.get("Content-Type", "").startswith("application/json")
            return Answer(
                answer.status, answer.headers, body, await answer.json() if is_json else None
            )

    async def items(self, path: str, limit: int) -> list[dict[str, Any]]:
        """Return all items of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            mark = "&" if "?" in path else "?"
            page = (await self.ask(f"{path}{mark}limit={limit}&cursor={cursor}")).json
            assert len(page["items"]) <= limit
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = page["next"]


@dataclass
class Served:
    """A daemon, and who asks its dashboard: with either token, and with none."""

    daemon: Daemon
    seen: Heard
    control: Client
    read: Client
    nobody: Client
    token: str


@contextlib.asynccontextmanager
async def served(
    data: Path, *, speed: float = 1.0, control: bool = False, web: WebPlan | None = None
) -> AsyncIterator[Served]:
    daemon = trap(data / "trap", clock(speed), control=control)
    daemon.plan = replace(daemon.plan, web=web or WebPlan(listen=ANYWHERE))
    async with heard(daemon) as seen, contextlib.AsyncExitStack() as stack:
        assert daemon.web is not None
        tokens = [
            (data / "trap" / name).read_text("ascii").strip() for name in (CONTROL_FILE, READ_FILE)
        ]
        clients = [Client(daemon.web.where, token) for token in (*tokens, "")]
        for each in clients:
            await stack.enter_async_context(each.session)
        control_client, read_client, nobody = clients
        yield Served(daemon, seen, control_client, read_client, nobody, tokens[0])


@contextlib.asynccontextmanager
async def served_with_battery(
    data: Path, *, speed: float = 600, readings: int = 12, control: bool = False
) -> AsyncIterator[Served]:
    """The same with an emulated battery that has reported a number of times."""
    async with (
        served(data, speed=speed, control=control) as window,
        heard(battery(data / "battery", window.daemon.clock, window.seen.where)),
    ):
        await window.seen.until(lambda: window.seen.count("battery.soc") >= readings)
        yield window
