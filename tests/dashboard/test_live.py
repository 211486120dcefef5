"""What happens, as it happens."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mitmeter.dashboard.feed import MOST_LISTENERS, Listener
from mitmeter.dashboard.frames import Topic
from tests.dashboard.served_window import Client, served, served_with_battery


class Ear:
    """One who listens, event by event."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.last = ""

    async def next(self, *kinds: str) -> tuple[str, list[dict[str, Any]]]:
        """Return the next event, of one of these kinds where any are given."""
        while True:
            async with asyncio.timeout(10):
                block = (await self._answer.content.readuntil(b"\n\n")).decode()
            if not block:
                raise EOFError
            fields = dict(
                line.split(": ", 1) for line in block.split("\n") if line and line[0] != ":"
            )
            self.last = fields.get("id", self.last)
            if "event" in fields and (not kinds or fields["event"] in kinds):
                return fields["event"], json.loads(fields["data"])


@contextlib.asynccontextmanager
async def listening(client: Client, topics: str, last: str = "") -> AsyncIterator[Ear]:
    headers = {"Last-Event-ID": last} if last else {}
    where = f"{client.where}/api/v1/live?topics={topics}"
    async with client.session.get(where, headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield Ear(answer)


async def test_a_reading_is_heard_within_a_second_of_its_commit(tmp_path: Path) -> None:
    async with (
        served_with_battery(tmp_path, speed=60, readings=3) as window,
        listening(window.control, "readings") as ear,
    ):
        assert (await ear.next())[0] == "hello"
        committed: list[float] = []
        assert window.daemon.ingest is not None
        window.daemon.ingest.listeners.append(lambda _, found: committed.append(time.monotonic()))
        _, told = await ear.next("reading")
        heard = time.monotonic()
        assert heard - committed[0] < 1.0
        assert {each["device"] for each in told} == {"alphaess:AL9900000000007"}
        assert all(each["source"].count("/") == 1 for each in told)


async def test_who_comes_back_hears_what_was_missed_and_nothing_twice(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path, speed=120, readings=3) as window:
        async with listening(window.control, "readings,events") as ear:
            await ear.next("hello")
            _, first = await ear.next("reading")
            last = ear.last
        heard = window.seen.count("battery.soc")
        await window.seen.until(lambda: window.seen.count("battery.soc") >= heard + 4)
        async with listening(window.control, "readings,events", last) as ear:
            _, hello = await ear.next("hello")
            assert hello[0]["resumed"] is True
            missed: list[dict[str, Any]] = []
            while len([each for each in missed if each["quantity"] == "battery.soc"]) < 5:
                missed += (await ear.next("reading"))[1]
        held = list(window.daemon.store.readings(limit=None)) if window.daemon.store else []
    told = [(each["quantity"], each["source"]) for each in first + missed]
    assert len(told) == len(set(told))
    # Nothing of what came into the store between the first and the last of them is left out.
    seqs = {int(source.split("/")[1]) for _, source in told}
    expected = {
        (each.quantity, each.source)
        for each in held
        if min(seqs) <= int(each.source.split("/")[1]) <= max(seqs)
    }
    assert set(told) == expected


async def test_a_place_in_another_store_is_said_to_be_lost(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        for last in ("0000000000000000-5-5", "nonsense", "-1"):
            async with listening(window.control, "readings", last) as ear:
                _, hello = await ear.next("hello")
                assert hello[0]["resumed"] is False


async def test_messages_of_a_conversation_are_heard_decoded(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path, speed=120, readings=3) as window:
        (talk,) = (await window.control.ask("/api/v1/conversations")).json["items"]
        async with listening(window.control, f"messages:{talk['id']}") as ear:
            await ear.next("hello")
            told: list[dict[str, Any]] = []
            while not {"device", "headend"} <= {each["sender"] for each in told}:
                told += (await ear.next("message"))[1]
        status = next(each for each in told if each["type"] == "Status")
        assert status["readings"] > 10
        path = f"/api/v1/conversations/{talk['id']}/messages"
        listed = (await window.control.ask(path)).json["items"]
        by_id = {each["id"]: each for each in listed}
        assert by_id[status["id"]] == status
        missing = await window.control.ask("/api/v1/live?topics=messages:NONE")
        assert missing.status == 404


async def test_a_conversation_that_opens_is_told(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as window,
        listening(window.control, "conversations") as ear,
    ):
        await ear.next("hello")
        where = window.seen.where
        _, writer = await asyncio.open_connection(where.host, where.port)
        _, (opened,) = await ear.next("conversation")
        assert opened["live"] is True
        writer.close()
        await writer.wait_closed()
        _, (closed,) = await ear.next("conversation")
        assert (closed["id"], closed["live"]) == (opened["id"], False)


async def test_too_many_listeners_are_turned_away(tmp_path: Path) -> None:
    async with served(tmp_path) as window, contextlib.AsyncExitStack() as stack:
        window.control.session.connector._limit = 0  # type: ignore[union-attr]
        for _ in range(MOST_LISTENERS):
            ear = await stack.enter_async_context(listening(window.control, "readings"))
            await ear.next("hello")
        assert (await window.control.ask("/api/v1/live")).status == 503


async def test_stopping_the_daemon_ends_the_stream(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        window = await stack.enter_async_context(served(tmp_path))
        client = Client(window.control.where, window.token)
        async with client.session, listening(client, "readings") as ear:
            await ear.next("hello")
            assert (await window.control.ask("/api/v1/health")).json["watching"] == 1
            began = time.monotonic()
            await stack.aclose()
            assert time.monotonic() - began < 5
            with pytest.raises(EOFError):
                await ear.next("reading")


async def test_who_does_not_take_what_is_said_is_let_go_of() -> None:
    listener = Listener([Topic.READINGS])
    for _ in range(300):
        listener.offer(b"x" * 100)
    assert listener.over
    assert await listener.take(1.0) == b""
    large = Listener([Topic.READINGS])
    for _ in range(5):
        large.offer(b"x" * (1 << 20))
    assert large.over


async def test_what_waits_is_taken_in_order() -> None:
    listener = Listener([Topic.READINGS])
    listener.offer(b"a")
    listener.offer(b"b")
    assert await listener.take(1.0) == b"ab"
    assert await listener.take(0.01) == b""
    assert not listener.over
