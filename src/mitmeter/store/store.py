"""The store as others see it: one file, one writer, any number of readers in any process."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from mitmeter.errors import StoreError
from mitmeter.model import DeviceId, Reading, Severity
from mitmeter.store import gaps as holes
from mitmeter.store import overview, readings
from mitmeter.store.batch import Applied, Batch, Pending
from mitmeter.store.overview import KnownDevice, RecordedConversation, RecordedEvent, Series
from mitmeter.store.readings import Names, Tailed
from mitmeter.store.schema import check_not_newer, migrate, migrations, version
from mitmeter.store.writer import Writer

_BUSY_SECONDS = 10.0
_PAGE_BYTES = 2048
_LOG_BYTES = 4 << 20


class Store:
    """Readings at rest. Every method raises StoreError when the file cannot be read or written.

    May be handed from one thread to another, not used by two at once.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, writer: Writer | None) -> None:
        self.path = path
        self._db = connection
        self._writer = writer
        self._names = Names(connection)
        self._log = f"{path}-wal"

    @classmethod
    def open(cls, path: Path, read_only: bool = False) -> Store:
        """Open the store; the writer makes the file where there is none and migrates an older one.

        Raises: StoreError when there is no file to read, when it is no store, or when its schema is
                newer than ours, or, for a reader, older.
        """
        connection = _connect_reader(path) if read_only else _connect_writer(path)
        try:
            with _told(path):
                steps = migrations()
                if read_only:
                    check_not_newer(connection, steps[-1].number)
                    if version(connection) < steps[-1].number:
                        raise StoreError(
                            f"store {path}: its schema is older than this mitmeter; "
                            "the daemon brings it up to date when it starts"
                        )
                    return cls(path, connection, None)
                migrate(connection, steps)
                connection.execute(
                    "INSERT OR IGNORE INTO meta (name, value) VALUES ('identity', ?)",
                    (secrets.token_hex(8),),
                )
                return cls(path, connection, Writer(connection))
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the file. The last one to close leaves it without a log beside it."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- writing ----------------------------------------------------------------------------------

    def apply(self, batch: Batch) -> Applied:
        """Commit a batch and its position, all or nothing."""
        if self._writer is None:
            raise StoreError(f"store {self.path} is open for reading only")
        with _told(self.path):
            return self._writer.apply(batch)

    def settle(self, quarters: int = 100) -> int:
        """Bring at most so many quarters of the roll-ups up to date; return how many are left.

        Batches do this beside their own work. Whoever has time, and a store that was migrated or
        filled at once, can be ahead of them.
        """
        if self._writer is None:
            raise StoreError(f"store {self.path} is open for reading only")
        with _told(self.path):
            return self._writer.settle(quarters)

    def log_is_long(self) -> bool:
        """Tell whether it is time to call `checkpoint`: the log holds some thousand pages."""
        with _told(self.path), suppress(FileNotFoundError):
            return os.stat(self._log).st_size > _LOG_BYTES
        return False

    def checkpoint(self) -> None:
        """Move what the log beside the file holds into the file; waits for the disk.

        Has a connection of its own, so that a thread may do this while another uses the store. The
        log grows on for as long as something is applied meanwhile.
        """
        with _told(self.path), closing(_connect(_writable(self.path))) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    # --- reading ----------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Make everything read inside one and the same state, whatever is committed meanwhile."""
        with _told(self.path):
            self._db.execute("BEGIN")
        try:
            yield
        finally:
            with _told(self.path):
                self._db.execute("COMMIT")

    @contextmanager
    def looking(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to the store's own reckoning, inside one state of the store."""
        nested = self._db.in_transaction
        with _told(self.path), nullcontext() if nested else self.snapshot():
            yield self._db

    @property
    def position(self) -> str:
        """The journal's position of the last batch, "" before the first."""
        return self._meta("position")

    @property
    def identity(self) -> str:
        """A name of this store's cursors: another after a rebuild, whose cursors are others."""
        return self._meta("identity")

    def _meta(self, name: str) -> str:
        with _told(self.path):
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return "" if row is None else str(row[0])

    def latest(self, device: DeviceId | None = None, quantity: str | None = None) -> list[Reading]:
        """Return the newest reading of each series, by device and quantity name."""
        with _told(self.path):
            return readings.latest(self._db, self._names, device, quantity)

    def readings(
        self,
        device: DeviceId | None = None,
        quantity: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = 1000,
    ) -> Iterator[Reading]:
        """Yield the readings with since ≤ at < until, newest last; with a limit the newest so many.

        quantity: a name, or the beginning of one followed by `*`.
        """
        with _told(self.path):
            yield from readings.select(self._db, self._names, device, quantity, since, until, limit)

    def tail(self, cursor: int, limit: int = 1000) -> list[Tailed]:
        """Return what came into the store after the cursor, in that order; 0 is the beginning."""
        with _told(self.path):
            return readings.tail(self._db, self._names, cursor, limit)

    def series(self) -> list[Series]:
        """Return every quantity of every device."""
        with _told(self.path):
            return overview.series(self._db)

    def devices(self) -> list[KnownDevice]:
        """Return every device, with its facts that are not private."""
        with _told(self.path):
            return overview.devices(self._db)

    def fact(self, device: DeviceId, name: str) -> str | None:
        """Return the latest fact of that name, also a private one; None when there is none."""
        with _told(self.path):
            return overview.fact(self._db, device, name)

    def facts(self, device: DeviceId) -> dict[str, str]:
        """Return the device's facts by name, also the private ones."""
        with _told(self.path):
            return overview.facts(self._db, device)

    def events(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        device: DeviceId | None = None,
        eventid: str = "",
        severity: Severity = Severity.INFO,
        limit: int | None = 1000,
    ) -> list[RecordedEvent]:
        """Return events at least that severe whose id begins with `eventid`, newest last."""
        with _told(self.path):
            return overview.events(self._db, since, until, device, eventid, severity, limit)

    def tail_events(self, number: int, limit: int = 1000) -> list[RecordedEvent]:
        """Return the events that came into the store after that number, in that order."""
        with _told(self.path):
            return overview.tail_events(self._db, number, limit)

    def conversations(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        station: str | None = None,
        limit: int | None = 1000,
    ) -> list[RecordedConversation]:
        """Return conversations open at some time of [since, until), newest last."""
        with _told(self.path):
            return overview.conversations(self._db, since, until, station, limit)

    def gaps(
        self, device: DeviceId, since: datetime, until: datetime, longest: timedelta
    ) -> tuple[tuple[datetime, datetime], ...]:
        """Return the holes longer than `longest` in the device's own time, oldest first."""
        with _told(self.path):
            return holes.gaps(self._db, device, since, until, longest)

    def pending(self) -> list[Pending]:
        """Return the bytes that codecs still held at `position`."""
        with _told(self.path):
            return overview.pending(self._db)

    def clocks(self) -> dict[DeviceId, str]:
        """Return the clock book's states at `position`."""
        with _told(self.path):
            return overview.clocks(self._db)


def _connect_writer(path: Path) -> sqlite3.Connection:
    with _told(path):
        # Made by us so that nobody else may read it; SQLite gives its log the same permissions.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = _connect(_writable(path))
        # A status changes a little of some ten pages. Of SQLite's usual size, twice this, they
        # would wear an SD card twice as fast.
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        # The journal heals what a power cut takes from the store: no sync with every commit.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -8000")
        # A log that was moved into the file is cut back to this: one that is longer has not been.
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        # Where nobody calls `checkpoint`, commits do it, somewhat later.
        connection.execute(f"PRAGMA wal_autocheckpoint = {4 * _LOG_BYTES // _PAGE_BYTES}")
        return connection


def _writable(path: Path) -> str:
    return f"file:{quote(str(path))}?mode=rw"


def _connect_reader(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise StoreError(f"no store at {path}")
    with _told(path):
        return _connect(f"file:{quote(str(path))}?mode=ro")


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False
    )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into one clear StoreError."""
    try:
        yield
    except (sqlite3.Error, OSError, OverflowError) as exc:
        raise StoreError(f"store {path}: {exc}") from exc
