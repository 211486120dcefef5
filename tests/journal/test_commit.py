from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from mitmeter.errors import JournalError
from mitmeter.journal.commit import GroupCommit
from mitmeter.journal.position import Position
from mitmeter.journal.writer import JournalWriter
from tests.journal.journal_makers import chunks, conversation, only_file, say, writer


@pytest.fixture
async def to(tmp_path: Path) -> AsyncIterator[JournalWriter]:
    opened = writer(tmp_path)
    opened.open(conversation())
    yield opened
    opened.shut()


class Gate:
    """Holds every sync back until it is let through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = threading.Semaphore(0)
        self._pass = threading.Semaphore(0)
        self._real = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self._sync)

    def _sync(self, handle: int) -> None:
        self.entered.release()
        assert self._pass.acquire(timeout=20)
        self._real(handle)

    async def reached(self) -> None:
        assert await asyncio.to_thread(self.entered.acquire, timeout=20)

    def let_through(self, times: int = 1) -> None:
        self._pass.release(times)


def fail_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", fail)


def _tell(told: list[int], seq: int, ok: bool) -> None:
    assert ok
    told.append(seq)


async def test_a_waiter_hears_only_when_its_bytes_are_on_disk(
    tmp_path: Path, to: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    commit = GroupCommit(to)
    told: list[bool] = []
    say(to, conversation(), 0, b"status")
    commit.durable(told.append)
    await gate.reached()
    assert told == []
    gate.let_through()
    await commit.settled()
    assert told == [True]
    assert [chunk.data for chunk in chunks(tmp_path)] == [b"status"]
    await commit.aclose()


async def test_waiters_of_one_turn_share_one_flush_and_are_told_in_order(to: JournalWriter) -> None:
    commit = GroupCommit(to)
    told: list[int] = []
    for seq in range(256):
        say(to, conversation(), seq, b"status")
        commit.durable(partial(_tell, told, seq))
    await commit.settled()
    assert told == list(range(256))
    assert commit.flushes == 1
    await commit.aclose()


async def test_everything_appended_during_a_flush_shares_the_next(
    to: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    commit = GroupCommit(to)
    told: list[str] = []
    say(to, conversation(), 0, b"first")
    commit.durable(lambda ok: told.append("first"))
    await gate.reached()
    for seq in range(1, 50):
        say(to, conversation(), seq, b"later")
        commit.durable(lambda ok: told.append("later"))
    gate.let_through()
    await gate.reached()
    assert told == ["first"]
    gate.let_through()
    await commit.settled()
    assert told == ["first"] + ["later"] * 49
    assert commit.flushes == 2 + 1  # settled() asked for one more, with nothing to save
    await commit.aclose()


async def test_a_failed_flush_is_told_and_the_next_one_saves_everything(
    tmp_path: Path, to: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = GroupCommit(to)
    told: list[bool] = []
    with monkeypatch.context() as broken:
        fail_syncs(broken)
        say(to, conversation(), 0, b"status")
        commit.durable(told.append)
        with pytest.raises(JournalError, match="cannot be saved: No space left"):
            await commit.settled()
        assert told == [False]
        assert "No space left" in commit.failure
    say(to, conversation(), 1, b"status")
    await commit.settled()
    assert commit.failure == ""
    assert [chunk.seq for chunk in chunks(tmp_path)] == [0, 1]
    await commit.aclose()


async def test_a_failure_is_logged_once_and_so_is_its_end(
    to: JournalWriter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    commit = GroupCommit(to)
    with monkeypatch.context() as broken:
        fail_syncs(broken)
        for seq in range(3):
            say(to, conversation(), seq, b"status")
            with pytest.raises(JournalError):
                await commit.settled()
    await commit.settled()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    await commit.aclose()


async def test_bytes_nobody_waits_for_are_saved_soon_and_listeners_hear_how_far(
    to: JournalWriter,
) -> None:
    commit = GroupCommit(to, idle_seconds=0.02)
    heard: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
    stop = commit.on_synced(heard.set_result)
    say(to, conversation(), 0, b"status")
    assert await asyncio.wait_for(heard, 20) == to.end
    stop()
    say(to, conversation(), 1, b"status")
    await commit.settled()
    await commit.aclose()


async def test_one_waiter_that_fails_does_not_silence_the_others(to: JournalWriter) -> None:
    commit = GroupCommit(to)
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reported.append(context["exception"])
    )
    told: list[str] = []
    fault = ValueError("a bug in a waiter")

    def fail(ok: bool) -> None:
        raise fault

    commit.durable(lambda ok: told.append("before"))
    commit.durable(fail)
    commit.durable(lambda ok: told.append("after"))
    await commit.settled()
    assert told == ["before", "after"]
    assert reported == [fault]
    await commit.aclose()


async def test_closing_saves_everything_and_tells_everyone(
    tmp_path: Path, to: JournalWriter
) -> None:
    commit = GroupCommit(to)
    told: list[bool] = []
    say(to, conversation(), 0, b"status")
    commit.durable(told.append)
    await commit.aclose()
    assert told == [True]
    assert to.unsaved == 0
    assert only_file(tmp_path).stat().st_size == to.end.offset
    await commit.aclose()


async def test_after_closing_nobody_is_told_that_bytes_are_safe(to: JournalWriter) -> None:
    commit = GroupCommit(to)
    await commit.aclose()
    say(to, conversation(), 0, b"status")
    with pytest.raises(JournalError, match="is closing"):
        await commit.settled()


async def test_closing_onto_a_full_disk_raises(
    to: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = GroupCommit(to)
    with monkeypatch.context() as broken:
        fail_syncs(broken)
        say(to, conversation(), 0, b"status")
        with pytest.raises(JournalError, match="No space left"):
            await commit.aclose()


async def test_a_waiter_that_gives_up_does_no_harm(
    to: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    commit = GroupCommit(to)
    say(to, conversation(), 0, b"status")
    waiting = asyncio.ensure_future(commit.settled())
    await gate.reached()
    waiting.cancel()
    gate.let_through(5)
    await commit.settled()
    assert waiting.cancelled()
    await commit.aclose()
