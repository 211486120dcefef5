"""The store's tables: numbered migrations, and bringing a file up to the newest of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from mitmeter.errors import StoreError

QUANTITY_BITS = 20
QUANTITY_MASK = (1 << QUANTITY_BITS) - 1

LIVE = 1
SYNTHETIC = 2
KEPT = 4


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: `PRAGMA user_version` is `number` after it."""

    number: int
    sql: str


def migrations() -> tuple[Migration, ...]:
    """Return the steps shipped with the package, `migrations/NNNN_name.sql`, in order."""
    folder = resources.files("mitmeter.store") / "migrations"
    found = [
        Migration(int(file.name[:4]), file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return tuple(sorted(found, key=lambda step: step.number))


def version(connection: sqlite3.Connection) -> int:
    """Return the number of the last step the file has been through, 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, steps: Sequence[Migration]) -> None:
    """Bring the file up to the last step; each step is one transaction.

    Raises: StoreError when the file is newer than the last step, or a step fails (the file is then
            as the step before left it).
    """
    check_not_newer(connection, steps[-1].number)
    for step in steps:
        if step.number <= version(connection):
            continue
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{step.sql}\nPRAGMA user_version = {step.number:d};\nCOMMIT;"
            )
        except sqlite3.Error as exc:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise StoreError(f"store schema, step {step.number}: {exc}") from exc


def check_not_newer(connection: sqlite3.Connection, known: int) -> None:
    """Raise StoreError when a later mitmeter has written the file."""
    found = version(connection)
    if found > known:
        raise StoreError(
            f"the store has schema {found}, this mitmeter knows up to {known}: "
            "it was written by a newer mitmeter"
        )
