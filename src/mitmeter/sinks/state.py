"""What a sink remembers: how far it came, what was refused, what it has been asked to do.

One small SQLite file per sink, `<data>/sinks/<name>.db`. The daemon writes it; the command line
reads it beside the daemon, and leaves requests in it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from mitmeter.errors import SinkError

_VERSION = 1
_TABLES = """
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS dead (
        id INTEGER PRIMARY KEY,
        stream TEXT NOT NULL,
        since INTEGER NOT NULL, -- µs since 1970: when it was refused
        reason TEXT NOT NULL,
        row TEXT NOT NULL -- JSON, see `flat`
    );
    CREATE TABLE IF NOT EXISTS requests (id INTEGER PRIMARY KEY, request TEXT NOT NULL);"""


class Stream(StrEnum):
    READINGS = "readings"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one stream has come.

    identity: the store whose cursors these are.
    cursor:   the last row that is done with.
    passed:   how many rows of that store are done with: sent, skipped, refused or not wanted.
    edge:     names the last row in a way that outlives the store, "" before the first.
    received: when it was received, in µs; 0 before the first.
    since:    rows of before this instant, in µs, are not wanted; None wants all.
    horizon, floor: rows up to the cursor `horizon` received before `floor` were carried over by a
              rebuild and had been sent.
    """

    identity: str
    cursor: int = 0
    passed: int = 0
    edge: str = ""
    received: int = 0
    since: int | None = None
    horizon: int = 0
    floor: int = 0


@dataclass(frozen=True, slots=True)
class Dead:
    """A row that was refused. number: 0 before it is kept."""

    stream: Stream
    since: int
    reason: str
    row: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Since the sink was set up. skipped: rows the destination has no place for."""

    sent: int = 0
    skipped: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """How the sink is, in words. since: in µs since 1970, when it came to be so."""

    state: str
    reason: str = ""
    since: int = 0
    kind: str = ""


class SinkState:
    """The file. Every method raises SinkError when it cannot be read or written.

    May be handed from one thread to another, not used by two at once.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open the file; unless `read_only`, make it where there is none."""
        with _told(path):
            if not read_only:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            uri = f"file:{quote(str(path))}?mode={'ro' if read_only else 'rw'}"
            db = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=10.0, check_same_thread=False
            )
            try:
                if not read_only:
                    db.execute("PRAGMA journal_mode = WAL")
                    # What a power cut takes is sent again, which every sink allows for.
                    db.execute("PRAGMA synchronous = NORMAL")
                found = int(db.execute("PRAGMA user_version").fetchone()[0])
                if found > _VERSION:
                    raise SinkError(f"{path} was written by a newer mitmeter")
                if not read_only and found < _VERSION:
                    db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
                return cls(path, db)
            except BaseException:
                db.close()
                raise

    def close(self) -> None:
        self._db.close()

    # --- how far ----------------------------------------------------------------------------------

    def mark(self, stream: Stream) -> Mark | None:
        """Return how far the stream has come; None before it has begun."""
        found = self._meta(f"mark.{stream}")
        return None if found is None else Mark(**found)

    def tip(self, stream: Stream) -> Mark | None:
        """Return how far the destination has confirmed; the mark may lie a little before it."""
        found = self._meta(f"tip.{stream}")
        return None if found is None else Mark(**found)

    def counts(self) -> Counts:
        found = self._meta("counts")
        return Counts() if found is None else Counts(**found)

    def commit(
        self,
        stream: Stream,
        mark: Mark,
        *,
        tip: Mark | None = None,
        sent: int = 0,
        skipped: int = 0,
        dead: Sequence[Dead] = (),
    ) -> None:
        """Move the mark, keep what was refused, and count; all or nothing.

        mark: where to go on after a crash. tip: what was confirmed, where that is more.
        """
        with self._transaction():
            self._put(f"mark.{stream}", asdict(mark))
            self._put(f"tip.{stream}", asdict(tip or mark))
            self._bury(dead)
            if sent or skipped or dead:
                self._count(sent, skipped, len(dead))

    # --- what was refused -------------------------------------------------------------------------

    def dead(self, limit: int = 1000, after: int = 0, until: int = 2**62) -> list[Dead]:
        """Return what was refused, oldest first, with after < number ≤ until."""
        with _told(self.path):
            rows = self._db.execute(
                "SELECT stream, since, reason, row, id FROM dead WHERE id > ? AND id <= ?"
                " ORDER BY id LIMIT ?",
                (after, until, limit),
            ).fetchall()
        return [Dead(Stream(stream), *rest) for stream, *rest in rows]

    def newest_dead(self) -> int:
        """Return the number of the last row that was refused, 0 when none is kept."""
        with _told(self.path):
            return int(self._db.execute("SELECT coalesce(max(id), 0) FROM dead").fetchone()[0])

    def dead_count(self) -> int:
        with _told(self.path):
            return int(self._db.execute("SELECT count(*) FROM dead").fetchone()[0])

    def revive(
        self, numbers: Sequence[int], sent: int, skipped: int, again: Sequence[Dead]
    ) -> None:
        """Take dead letters out that were sent again; keep those in `again`, refused again."""
        with self._transaction():
            self._db.executemany("DELETE FROM dead WHERE id = ?", ((each,) for each in numbers))
            self._bury(again)
            self._count(sent, skipped, 0)

    def forget(self) -> int:
        """Throw the dead letters away; return how many."""
        with _told(self.path):
            return self._db.execute("DELETE FROM dead").rowcount

    # --- what is asked for, and how it is ---------------------------------------------------------

    def ask(self, request: dict[str, Any]) -> None:
        """Leave a request for the forwarder."""
        with _told(self.path):
            self._db.execute("INSERT INTO requests (request) VALUES (?)", (json.dumps(request),))

    def requests(self) -> list[tuple[int, dict[str, Any]]]:
        with _told(self.path):
            rows = self._db.execute("SELECT id, request FROM requests ORDER BY id").fetchall()
        return [(number, json.loads(request)) for number, request in rows]

    def done(self, number: int) -> None:
        with _told(self.path):
            self._db.execute("DELETE FROM requests WHERE id = ?", (number,))

    def condition(self) -> Condition:
        """Return how the sink was, last we heard."""
        found = self._meta("condition")
        return Condition("new") if found is None else Condition(**found)

    def become(self, condition: Condition) -> None:
        with _told(self.path):
            self._put("condition", asdict(condition))

    # --- rows -------------------------------------------------------------------------------------

    def _bury(self, dead: Sequence[Dead]) -> None:
        self._db.executemany(
            "INSERT INTO dead (stream, since, reason, row) VALUES (?, ?, ?, ?)",
            ((str(each.stream), each.since, each.reason, each.row) for each in dead),
        )

    def _count(self, sent: int, skipped: int, refused: int) -> None:
        held = self.counts()
        self._put(
            "counts",
            asdict(
                replace(
                    held,
                    sent=held.sent + sent,
                    skipped=held.skipped + skipped,
                    refused=held.refused + refused,
                )
            ),
        )

    def _meta(self, name: str) -> dict[str, Any] | None:
        with _told(self.path):
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def _put(self, name: str, value: dict[str, Any]) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, json.dumps(value))
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _told(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as exc:
        raise SinkError(f"{path}: {exc}") from exc
