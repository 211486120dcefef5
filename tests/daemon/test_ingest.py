"""Ingest over a journal written by hand: one battery's statuses and their answers."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest

from mitmeter import registry
from mitmeter.daemon import ingest as ingest_module
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.ingest import Ingest
from mitmeter.daemon.strand import Strand
from mitmeter.devices.alphaess.messages import Reply, Status
from mitmeter.journal.commit import GroupCommit
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Chunk, Conversation, Event, Reading, Side, nanoseconds
from mitmeter.protocol import Projected
from mitmeter.store import Store

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
CODEC = registry.spec("alphaess").codec()
TALK = Conversation("01JD000000000001", "alphaess", "trap", "b", "h:1", nanoseconds(NOON))
ANSWER = CODEC.encode(Side.HEADEND, Reply((("Status", "Success"),), 16))


def status(number: int) -> bytes:
    says = NOON + timedelta(hours=1, seconds=10 * number)
    members = (("Time", f"{says:%Y/%m/%d %H:%M:%S}"), ("SN", "AL9900000000007"), ("SOC", "72.4"))
    return CODEC.encode(Side.DEVICE, Status(members))


def say(writer: JournalWriter, number: int) -> None:
    """Append status `number` and its answer."""
    ns = nanoseconds(NOON + timedelta(seconds=10 * number))
    writer.data(TALK.id, 2 * number, Side.DEVICE, ns, status(number), False)
    writer.data(TALK.id, 2 * number + 1, Side.HEADEND, ns + 1000, ANSWER, True)


def journal(folder: Path) -> JournalWriter:
    writer = JournalWriter(folder, clock_ns=lambda: nanoseconds(NOON))
    writer.open(TALK)
    return writer


class Listening:
    """Waits for readings, and counts the transactions that brought something."""

    def __init__(self) -> None:
        self.transactions = 0
        self.readings: list[Reading] = []
        self._more = asyncio.Event()

    def __call__(self, events: list[Event], readings: list[Reading]) -> None:
        self.transactions += 1
        self.readings += readings
        self._more.set()

    async def until(self, socs: int) -> None:
        async with asyncio.timeout(20):
            while sum(each.quantity == "battery.soc" for each in self.readings) < socs:
                self._more.clear()
                await self._more.wait()


def held(store: Store) -> list[tuple[str, str, datetime | None]]:
    return [(each.quantity, str(each.value), each.at) for each in store.readings(limit=None)]


async def test_following_in_the_smallest_slices_brings_what_catching_up_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(ingest_module, "SLICE_RECORDS", 7)
    with (
        journal(tmp_path / "journal") as writer,
        Store.open(tmp_path / "a.db") as followed,
        Store.open(tmp_path / "b.db") as caught_up,
    ):
        for number in range(50):
            say(writer, number)
        heard = Listening()
        following = Ingest(tmp_path / "journal", followed, LONDON)
        following.listeners.append(heard)
        commit = GroupCommit(writer)
        task = asyncio.create_task(following.follow(commit, Clock(), 0.01))
        await heard.until(50)
        task.cancel()
        await commit.aclose()
        other = Ingest(tmp_path / "journal", caught_up, LONDON)
        other.catch_up()
        following.catch_up()
        assert held(followed) == held(caught_up)
        assert followed.position == caught_up.position
        following.close()
        other.close()


async def test_a_status_and_its_answer_are_one_transaction(tmp_path: Path) -> None:
    with journal(tmp_path / "journal") as writer, Store.open(tmp_path / "store.db") as store:
        heard = Listening()
        ingest = Ingest(tmp_path / "journal", store, LONDON)
        ingest.listeners.append(heard)
        commit = GroupCommit(writer)
        task = asyncio.create_task(ingest.follow(commit, Clock(), 0.2))
        writer.data(TALK.id, 0, Side.DEVICE, nanoseconds(NOON), status(0), False)
        await commit.settled()
        writer.data(TALK.id, 1, Side.HEADEND, nanoseconds(NOON), ANSWER, True)
        await commit.settled()
        await heard.until(1)
        assert store.conversations()[0].chunks == 2
        assert heard.transactions == 1
        task.cancel()
        await commit.aclose()
        ingest.close()


async def test_a_follower_that_is_stopped_half_way_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "SLICE_SECONDS", 0.0)
    chunks = 0
    take = Strand.feed

    def stop_at_the_tenth(strand: Strand, chunk: Chunk) -> list[Projected]:
        nonlocal chunks
        chunks += 1
        if chunks == 10:
            task.cancel()
        return take(strand, chunk)

    monkeypatch.setattr(Strand, "feed", stop_at_the_tenth)
    with journal(tmp_path / "journal") as writer, Store.open(tmp_path / "store.db") as store:
        for number in range(20):
            say(writer, number)
        ingest = Ingest(tmp_path / "journal", store, LONDON)
        commit = GroupCommit(writer)
        task = asyncio.create_task(ingest.follow(commit, Clock(), 0.0))
        await commit.aclose()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert held(store) == []
        ingest.catch_up()
        assert [name for name, _, _ in held(store)].count("battery.soc") == 20
        ingest.close()


class WithLongLog(Store):
    """A store whose log is always long; tells in which threads it was moved into the file."""

    threads: ClassVar[list[int]] = []

    def log_is_long(self) -> bool:
        return True

    def checkpoint(self) -> None:
        self.threads.append(threading.get_ident())


async def test_a_long_log_is_moved_into_the_store_outside_the_loop(tmp_path: Path) -> None:
    WithLongLog.threads.clear()
    with (
        journal(tmp_path / "journal") as writer,
        WithLongLog.open(tmp_path / "store.db") as store,
    ):
        heard = Listening()
        ingest = Ingest(tmp_path / "journal", store, LONDON)
        ingest.listeners.append(heard)
        commit = GroupCommit(writer)
        task = asyncio.create_task(ingest.follow(commit, Clock(), 0.0))
        say(writer, 0)
        await heard.until(1)
        say(writer, 1)
        await heard.until(2)
        task.cancel()
        await commit.aclose()
        ingest.close()
    assert WithLongLog.threads
    assert threading.get_ident() not in WithLongLog.threads


def test_catching_up_moves_a_long_log_into_the_store_too(tmp_path: Path) -> None:
    WithLongLog.threads.clear()
    with (
        journal(tmp_path / "journal") as writer,
        WithLongLog.open(tmp_path / "store.db") as store,
    ):
        say(writer, 0)
        writer.flush()
        ingest = Ingest(tmp_path / "journal", store, LONDON)
        ingest.catch_up()
        ingest.close()
    assert WithLongLog.threads == [threading.get_ident()]
