"""The whole journal decoded again."""

from __future__ import annotations

import shutil
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mitmeter.daemon.rebuild import rebuild
from mitmeter.daemon.view import heal
from mitmeter.errors import JournalError, StoreError
from mitmeter.journal.lock import FolderLock
from mitmeter.store import Store
from tests.cli.recording import record
from tests.daemon.plans import stored


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = record(tmp_path_factory.mktemp("rebuild") / "data")
    heal(data, UTC)
    return data


@pytest.fixture
def data(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "data"))


def test_the_same_decoders_give_the_same_store(data: Path) -> None:
    before = stored(data)
    told: list[int] = []
    found = rebuild(data, UTC, told.append)
    assert (found.added, found.removed, found.changed, found.kept) == (0, 0, 0, 0)
    assert found.same == len(before) > 1000
    assert stored(data) == before
    assert sum(told) > 500


def test_without_a_store_it_is_made(data: Path) -> None:
    before = stored(data)
    (data / "store.db").unlink()
    assert rebuild(data, UTC, lambda count: None).same == len(before)
    assert stored(data) == before


def test_nothing_half_made_is_left_behind(data: Path) -> None:
    (data / "store.db.new").write_bytes(b"of a rebuild that was cut off")
    rebuild(data, UTC, lambda count: None)
    assert sorted(path.name for path in data.iterdir()) == ["journal", "store.db"]


def test_another_zone_moves_no_reading_but_says_the_clock_is_off(data: Path) -> None:
    rebuild(data, ZoneInfo("Asia/Tokyo"), lambda count: None)
    with Store.open(data / "store.db", read_only=True) as store:
        (device,) = store.devices()
    assert device.skew is not None
    assert abs(device.skew + 9 * 3600) < 60


def test_a_daemon_at_work_is_not_disturbed(data: Path) -> None:
    lock = FolderLock(data / "journal", "mitmeter trap alphaess")
    before = (data / "store.db").stat().st_ino
    try:
        with pytest.raises(JournalError, match="is in use by mitmeter trap alphaess"):
            rebuild(data, UTC, lambda count: None)
    finally:
        lock.release()
    assert (data / "store.db").stat().st_ino == before


def test_where_nothing_was_recorded_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing has been recorded in"):
        rebuild(tmp_path, UTC, lambda count: None)
