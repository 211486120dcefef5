"""The store for who only looks."""

from __future__ import annotations

import shutil
from datetime import UTC
from pathlib import Path

import pytest

from mitmeter.daemon.view import heal, is_behind, open_view
from mitmeter.errors import StoreError
from mitmeter.journal.lock import FolderLock
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Conversation, Side, nanoseconds
from tests.cli.recording import BATTERY, START, record

LATER = Conversation("01KV600009LATERR", "alphaess", "trap", "battery", "10.0.0.7:1", 0)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("view") / "data")


@pytest.fixture
def data(original: Path, tmp_path: Path) -> Path:
    """A data directory with a journal and no store yet."""
    return Path(shutil.copytree(original, tmp_path / "data"))


def say_more(data: Path) -> None:
    with JournalWriter(data / "journal", clock_ns=lambda: nanoseconds(START)) as writer:
        writer.open(LATER)
        writer.data(LATER.id, 0, Side.DEVICE, nanoseconds(START), b"more", False)


def test_what_the_journal_alone_knows_is_seen(data: Path) -> None:
    with open_view(data, UTC) as store:
        (device,) = store.devices()
        assert device.device == BATTERY
        assert device.readings > 1000


def test_looking_twice_finds_nothing_new(data: Path) -> None:
    assert heal(data, UTC) > 100
    assert heal(data, UTC) == 0


def test_what_was_said_since_the_last_look_is_taken_in(data: Path) -> None:
    heal(data, UTC)
    assert not is_behind(data)
    say_more(data)
    assert is_behind(data)
    with open_view(data, UTC) as store:
        assert LATER.id in {each.conversation.id for each in store.conversations()}
    assert not is_behind(data)


def test_who_looks_takes_the_lock_only_when_something_is_missing(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def lock(folder: Path, owner: str) -> FolderLock:
        taken.append(owner)
        return FolderLock(folder, owner)

    monkeypatch.setattr("mitmeter.daemon.view.FolderLock", lock)
    heal(data, UTC)
    assert taken == ["mitmeter reading"]
    with open_view(data, UTC):
        assert taken == ["mitmeter reading"]


def test_while_a_daemon_is_at_work_the_store_is_read_as_it_is(data: Path) -> None:
    heal(data, UTC)
    say_more(data)
    daemon = FolderLock(data / "journal", "mitmeter trap")
    try:
        assert heal(data, UTC) == 0
        with open_view(data, UTC) as store:
            assert LATER.id not in {each.conversation.id for each in store.conversations()}
    finally:
        daemon.release()


def test_where_nothing_was_recorded_that_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing has been recorded in"), open_view(tmp_path, UTC):
        pass
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_none_is_told_with_its_name(data: Path) -> None:
    (data / "store.db").write_bytes(b"this is no database, however long it may be" * 100)
    with pytest.raises(StoreError, match=r"store\.db: file is not a database"):
        heal(data, UTC)
