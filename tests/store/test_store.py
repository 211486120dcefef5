import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mitmeter.errors import StoreError
from mitmeter.store import Batch, Store
from tests.store.storekit import NOON, seconds, status

# Applies batches of seven statuses, tells each on stdout once it is committed, until it is killed.
_WRITER = """
import sys
from pathlib import Path
from mitmeter.store import Batch, Store
from tests.store.storekit import status

with Store.open(Path(sys.argv[1])) as store:
    begun = int(store.position or 0)
    for number in range(begun, begun + int(sys.argv[2])):
        moments = [status(7 * number + each) for each in range(7)]
        store.apply(Batch(str(number + 1), moments=moments))
        print(number + 1, flush=True)
"""


def start_writer(path: Path, batches: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), str(batches)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_a_new_store_is_for_its_owner_only(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.apply(Batch("1:1", moments=[status(0)]))
        modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert modes == {0o600}


def test_a_reader_does_not_make_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"no store at {tmp_path / 'store.db'}"):
        Store.open(tmp_path / "store.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        Store.open(tmp_path / "nowhere" / "store.db")


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    Store.open(tmp_path / "store.db").close()
    with (
        Store.open(tmp_path / "store.db", read_only=True) as reader,
        pytest.raises(StoreError, match="open for reading only"),
    ):
        reader.apply(Batch("1:1"))


def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.apply(Batch("7:1234", moments=[status(0)]))
        identity = store.identity
    with Store.open(tmp_path / "store.db") as store:
        assert (store.position, store.identity) == ("7:1234", identity)
        assert [each.at for each in store.readings()] == [NOON]


def test_every_new_store_has_an_identity_of_its_own(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as one, Store.open(tmp_path / "b.db") as other:
        assert one.identity != other.identity


def test_a_snapshot_does_not_see_what_is_committed_meanwhile(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.apply(Batch("1:1", moments=[status(0)]))
        with Store.open(tmp_path / "store.db", read_only=True) as reader:
            with reader.snapshot():
                assert reader.position == "1:1"
                store.apply(Batch("1:2", moments=[status(1)]))
                assert (reader.position, len(reader.tail(0))) == ("1:1", 1)
            assert (reader.position, len(reader.tail(0))) == ("1:2", 2)


def test_readings_being_read_do_not_hold_up_the_writer(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.apply(Batch("1:1", moments=[status(each) for each in range(100)]))
        with Store.open(tmp_path / "store.db", read_only=True) as reader:
            going = reader.readings(limit=None)
            next(going)
            store.apply(Batch("1:2", moments=[status(100)]))
            assert len(list(going)) == 99
            assert len(list(reader.readings(limit=None))) == 101


def log_bytes(path: Path) -> int:
    return path.with_name(path.name + "-wal").stat().st_size


def test_a_long_log_begins_again_once_a_checkpoint_has_moved_it_into_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        number = 0
        while not store.log_is_long():
            number += 1
            store.apply(Batch(f"1:{number}", moments=[status(number)]))
        long = log_bytes(path)
        store.checkpoint()
        store.apply(Batch("2:1", moments=[status(0)]))
        assert not store.log_is_long()
        assert log_bytes(path) < long
        assert len(store.tail(0, limit=10_000)) == number + 1


def test_a_log_that_nobody_looks_after_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        for number in range(3000):
            store.apply(Batch(f"1:{number}", moments=[status(number)]))
        assert log_bytes(path) < 24 << 20


def test_a_status_costs_the_log_less_than_20_kilobytes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.apply(Batch("1:1", moments=[status(each) for each in range(1000)]))
        before = log_bytes(path)
        store.apply(Batch("1:2", moments=[status(1000)]))
        assert log_bytes(path) - before < 20_000


def test_a_reader_sees_whole_batches_while_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store.open(path).close()
    writer = start_writer(path, 400)
    assert writer.stdout is not None
    writer.stdout.readline()
    seen: set[int] = set()
    with Store.open(path, read_only=True) as reader:
        while writer.poll() is None:
            with reader.snapshot():
                batches = int(reader.position)
                assert len(reader.tail(0, limit=10_000)) == 7 * batches
                assert reader.latest()[0].at == NOON + seconds(10 * (7 * batches - 1))
            seen.add(batches)
        assert writer.wait() == 0
        assert reader.position == "400"
    writer.stdout.close()
    assert len(seen) > 1


def test_killed_while_writing_it_holds_exactly_what_its_position_says(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    for round_number in range(5):
        writer = start_writer(path, 1_000_000)
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(20 + 7 * round_number)]
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        with Store.open(path) as store:
            batches = int(store.position)
            assert batches >= told[-1]
            assert len(store.tail(0, limit=100_000)) == 7 * batches
            assert store.series()[0].readings == 7 * batches
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
