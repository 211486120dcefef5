"""`mitmeter rebuild`."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mitmeter.journal.lock import FolderLock
from tests.cli.program import mitmeter


def total(data: Path) -> int:
    (device,) = mitmeter("devices", "--json", data=data).objects
    return int(device["readings"])


def test_where_nothing_changed_that_is_said(copied: Path) -> None:
    done = mitmeter("rebuild", data=copied)
    assert done.code == 0
    assert done.out == f"readings: nothing changed, {total(copied):,} the same\n"
    assert done.err == ""


def test_the_counts_are_one_object_as_json(copied: Path) -> None:
    (counts,) = mitmeter("rebuild", "--json", data=copied).objects
    assert counts == {"added": 0, "removed": 0, "changed": 0, "same": total(copied), "kept": 0}


def test_what_differs_is_counted_and_put_right(copied: Path) -> None:
    before = mitmeter("readings", "--all", "--json", data=copied).lines
    with closing(sqlite3.connect(copied / "store.db")) as db, db:
        (reading,) = db.execute("SELECT min(id) FROM readings WHERE value = 0").fetchone()
        db.execute("UPDATE readings SET value = 12345 WHERE id = ?", (reading,))
    assert mitmeter("readings", "--all", "--json", data=copied).lines != before
    done = mitmeter("rebuild", data=copied)
    assert done.out == (f"readings: 0 added, 0 removed, 1 changed, {len(before) - 1:,} the same\n")
    assert mitmeter("readings", "--all", "--json", data=copied).lines == before


def test_readings_whose_bytes_are_gone_are_kept_and_that_is_said(copied: Path) -> None:
    before = total(copied)
    for segment in (copied / "journal").glob("*.jsonl"):
        segment.unlink()
    done = mitmeter("rebuild", data=copied)
    assert done.out == (
        f"readings: nothing changed, 0 the same, {before:,} kept whose bytes the journal no "
        "longer has\n"
    )
    assert total(copied) == before


def test_a_running_daemon_is_named(copied: Path) -> None:
    lock = FolderLock(copied / "journal", "mitmeter trap alphaess")
    try:
        done = mitmeter("rebuild", data=copied)
    finally:
        lock.release()
    assert done.code == 1
    assert "is in use by mitmeter trap alphaess (pid " in done.complaint


@pytest.mark.parametrize("name", ["Lundon", ""])
def test_a_zone_there_is_not_is_refused(copied: Path, name: str) -> None:
    done = mitmeter("rebuild", "--timezone", name, data=copied)
    assert done.code == 3
    assert "--timezone: " in done.complaint
