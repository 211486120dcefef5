"""A drive on a link in memory: what waits for the disk, and what is not waited for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from mitmeter.daemon import drive as drives
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.drive import HALF_MESSAGE, TalkDrive
from mitmeter.daemon.services import Services
from mitmeter.journal.commit import GroupCommit
from mitmeter.journal.reader import JournalReader
from mitmeter.journal.records import Noted
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Chunk, Conversation, Side
from mitmeter.roles.conversation import Talk
from tests.roles.lines import Echo, LineCodec


@dataclass
class Written:
    """A link that keeps what is written to it, and what was on disk at that moment."""

    folder: Path
    peer: str = "192.0.2.9:5000"
    local: str = "192.0.2.1:7777"
    said: list[bytes] = field(default_factory=list)
    on_disk: list[bytes] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    closed: str = ""

    def write(self, data: bytes) -> None:
        self.said.append(data)
        self.on_disk.append(heard(self.folder))
        self.changed.set()

    def finish(self) -> None: ...

    def close(self) -> None:
        self.closed = "closed"
        self.changed.set()

    def abort(self) -> None:
        self.closed = "aborted"
        self.changed.set()

    def pause(self) -> None: ...

    def resume(self) -> None: ...


def heard(folder: Path) -> bytes:
    records = JournalReader(folder).records()
    return b"".join(each.data for each in records if isinstance(each, Chunk) and not each.ours)


@contextlib.asynccontextmanager
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    clock = Clock()
    writer = JournalWriter(tmp_path / "journal", clock_ns=clock.now_ns)
    commit = GroupCommit(writer)
    try:
        yield Services(clock, writer, commit, tmp_path)
    finally:
        await commit.aclose()
        writer.shut()


def trap(shared: Services, name: str = "01TEST") -> tuple[TalkDrive, Written]:
    link = Written(shared.data / "journal")
    talk = Talk(LineCodec(), Echo(), Side.HEADEND)
    who = Conversation(name, "lines", "trap", "test", link.peer, shared.clock.now_ns())
    drive = TalkDrive(
        shared, who, link, talk, Side.HEADEND, hold=True, over=lambda drive, reason: None
    )
    drive.start()
    return drive, link


async def until_said(link: Written, count: int) -> None:
    async with asyncio.timeout(10):
        while len(link.said) < count and not link.closed:
            link.changed.clear()
            await link.changed.wait()


async def test_an_answer_goes_out_only_when_what_it_answers_is_on_disk(tmp_path: Path) -> None:
    async with services(tmp_path) as shared:
        drive, link = trap(shared)
        await until_said(link, 1)
        drive.received(b"first\n")
        assert link.said == [b"hello\n"]
        await until_said(link, 2)
        assert link.said[1] == b"FIRST\n"
        assert link.on_disk[1] == b"first\n"


async def test_answers_keep_their_order_while_the_disk_is_busy(tmp_path: Path) -> None:
    async with services(tmp_path) as shared:
        drive, link = trap(shared)
        for number in range(50):
            drive.received(b"%d\n" % number)
            if number % 7 == 0:
                await asyncio.sleep(0)
        await until_said(link, 51)
        assert b"".join(link.said) == b"hello\n" + b"".join(b"%d\n" % n for n in range(50))


async def test_nothing_is_answered_when_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with services(tmp_path) as shared:
        drive, link = trap(shared)
        await until_said(link, 1)
        with monkeypatch.context() as broken:
            broken.setattr("os.fdatasync", failing)
            drive.received(b"lost?\n")
            await until_said(link, 2)
        assert link.said == [b"hello\n"]
        assert link.closed == "aborted"


def failing(handle: int) -> None:
    raise OSError(28, "No space left on device")


async def test_a_fault_in_a_party_ends_its_conversation_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Echo, message: str, now: datetime) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Echo, "received", broken)
    async with services(tmp_path) as shared:
        drive, link = trap(shared)
        await until_said(link, 1)
        drive.received(b"x\n")
        assert link.closed == "aborted"
        assert shared.faults == 1
        assert "RuntimeError: a bug" in noted(shared, "mitmeter.fault")[0]


async def test_unfinished_messages_of_all_conversations_together_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drives, "HELD_LIMIT", 1000)
    async with services(tmp_path) as shared:
        one, _ = trap(shared, "01ONE")
        two, _ = trap(shared, "01TWO")
        one.received(b"x" * 600)
        assert shared.held_bytes == 600
        two.received(b"y" * 600)
        assert shared.held_bytes == 600
        (told,) = noted(shared, HALF_MESSAGE)
        assert "600 bytes are taken as they are" in told
        one.lost("gone")
        assert shared.held_bytes == 0


def noted(shared: Services, eventid: str) -> list[str]:
    shared.writer.flush()
    return [
        each.event.message
        for each in JournalReader(shared.writer.folder).records()
        if isinstance(each, Noted) and each.event.eventid == eventid
    ]
