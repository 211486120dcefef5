import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mitmeter.errors import StoreError
from mitmeter.store import Batch, Store
from mitmeter.store.schema import Migration, migrate, migrations, version
from tests.store.storekit import status

NEXT = migrations()[-1].number + 1


def test_the_steps_are_numbered_from_one_without_a_hole() -> None:
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))


def test_an_empty_file_is_brought_to_the_newest_schema(tmp_path: Path) -> None:
    (tmp_path / "store.db").touch()
    Store.open(tmp_path / "store.db").close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as db:
        assert version(db) == migrations()[-1].number


def test_a_file_of_the_version_before_keeps_its_readings(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.db") as store:
        store.apply(Batch("1:10", moments=[status(0)]))
    db = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    later = Migration(NEXT, "ALTER TABLE devices ADD COLUMN nickname TEXT NOT NULL DEFAULT 'none';")
    migrate(db, (*migrations(), later))
    assert version(db) == NEXT
    assert db.execute("SELECT nickname FROM devices").fetchall() == [("none",)]
    assert db.execute("SELECT value, exponent FROM readings").fetchall() == [(936, -1)]
    db.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    migrate(db, migrations())
    broken = Migration(NEXT, "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(StoreError, match=f"step {NEXT}: no such table: nowhere"):
        migrate(db, (*migrations(), broken))
    assert version(db) == NEXT - 1
    assert db.execute("SELECT name FROM sqlite_schema WHERE name = 'half'").fetchall() == []
    db.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_of_a_newer_mitmeter_is_refused_in_words(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "store.db"
    Store.open(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(StoreError, match=r"schema 999, .* written by a newer mitmeter"):
        Store.open(path, read_only=read_only)


def test_a_reader_says_that_an_older_file_needs_the_daemon(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    sqlite3.connect(path).execute("PRAGMA user_version = 0").connection.close()
    with pytest.raises(StoreError, match="the daemon brings it up to date"):
        Store.open(path, read_only=True)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(path)
