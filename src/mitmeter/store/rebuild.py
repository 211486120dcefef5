"""A store made again from the journal, beside the old one: what is kept, what changed, the swap.

The daemon decodes the journal into a fresh file; then `carry_over` brings what the journal no
longer tells, `diff` says what became different, and `swap` puts the new file in the old one's
place.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from mitmeter.errors import StoreError
from mitmeter.store.batch import Batch
from mitmeter.store.carried import (
    Lost,
    kept_clocks,
    kept_conversations,
    kept_events,
    kept_facts,
    kept_moments,
)
from mitmeter.store.schema import KEPT, QUANTITY_BITS, QUANTITY_MASK
from mitmeter.store.store import Store

_MOMENTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Carried:
    """How much the new store took from the old one."""

    readings: int
    events: int
    conversations: int
    facts: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Readings of the new store against those of the old one, by identity.

    changed: held by both, with another value or another corrected time.
    kept:    carried over from the old store, and in none of the other counts.
    """

    added: int
    removed: int
    changed: int
    same: int
    kept: int


def carry_over(old: Path, new: Path) -> Carried:
    """Bring into the new store what the old one holds of chunks that the journal no longer has.

    Those are the chunks of conversations of which the new store has read nothing; of a conversation
    whose beginning was pruned, the ones before the first message that could still be decoded; and
    events of no conversation from before anything in the new store. What both hold stays as it was
    decoded anew.
    """
    with Store.open(new) as target, closing(_connect(old, "ro")) as db, _told(old):
        with closing(_connect(new, "ro")) as fresh:
            lost = Lost.of(fresh)
            conversations = kept_conversations(db, lost)
            events = kept_events(db, lost)
            facts = kept_facts(db, fresh)
            clocks = kept_clocks(db, fresh)
        target.apply(conversations)
        readings = 0
        moments = kept_moments(db, lost)
        while batch := list(islice(moments, _MOMENTS_AT_ONCE)):
            readings += target.apply(Batch("", moments=batch)).new
        target.apply(Batch("", events=events, facts=facts, clocks=clocks))
        while target.settle():
            pass
    return Carried(readings, len(events), len(conversations.opened), len(facts))


_MAPS = """
    CREATE TEMP TABLE device_map AS SELECT n.id AS new, o.id AS old
        FROM main.devices AS n JOIN old.devices AS o ON o.name = n.name;
    CREATE UNIQUE INDEX temp.device_map_new ON device_map (new);
    CREATE TEMP TABLE quantity_map AS SELECT n.id AS new, o.id AS old
        FROM main.quantities AS n JOIN old.quantities AS o ON o.name = n.name;
    CREATE UNIQUE INDEX temp.quantity_map_new ON quantity_map (new);"""

_COMPARE = f"""
    SELECT count(*),
        coalesce(sum(before.id IS NULL), 0),
        coalesce(sum(before.id IS NOT NULL AND (before.value IS NOT now.value
            OR before.exponent IS NOT now.exponent OR was.at <> here.at)), 0)
    FROM main.moments AS here
    CROSS JOIN main.readings AS now ON now.id
        BETWEEN (here.id << {QUANTITY_BITS}) AND ((here.id << {QUANTITY_BITS}) | {QUANTITY_MASK})
    LEFT JOIN old.readings AS before ON before.id = (
        SELECT held.id FROM device_map AS d
        CROSS JOIN quantity_map AS q ON q.new = (now.id & {QUANTITY_MASK})
        CROSS JOIN old.moments AS m ON m.device = d.old AND m.clock = here.clock
            AND m.key = here.key AND m.fold = here.fold
        CROSS JOIN old.readings AS held ON held.id = (m.id << {QUANTITY_BITS}) | q.old
        WHERE d.new = here.device)
    LEFT JOIN old.moments AS was ON was.id = before.id >> {QUANTITY_BITS}
    WHERE here.flags & {KEPT} = 0"""  # noqa: S608 - numbers only


def diff(old: Path, new: Path) -> Difference:
    """Compare all readings of two stores; reads both, changes neither."""
    with _told(new), closing(_connect(new, "ro")) as db:
        db.execute("ATTACH ? AS old", (_uri(old, "ro"),))
        db.executescript(_MAPS)
        decoded, added, changed = db.execute(_COMPARE).fetchone()
        total, before = (
            db.execute(f"SELECT coalesce(sum(readings), 0) FROM {name}.series").fetchone()[0]  # noqa: S608
            for name in ("main", "old")
        )
    same = decoded - added - changed
    kept = total - decoded
    return Difference(added, before - same - changed - kept, changed, same, kept)


def swap(old: Path, new: Path) -> None:
    """Put the new file in the old one's place, atomically and on disk when this returns.

    Raises: StoreError when either file is open anywhere else: a reader would go on with the old
            file and leave its log to be taken for the new one's.
    """
    for path in (old, new):
        _lay_down(path)
    with _told(new):
        _sync(new)
        os.replace(new, old)
        _sync(old.parent)


def _lay_down(path: Path) -> None:
    """Write the log back into the file and remove it; only someone alone with the file can."""
    if not path.exists():
        return
    with _told(path), closing(_connect(path, "rw")) as db:
        db.execute("PRAGMA busy_timeout = 0")
        try:
            db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as exc:
            raise StoreError(f"store {path} is in use by another process ({exc})") from exc


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path))}?mode={mode}"


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(_uri(path, mode), uri=True, isolation_level=None)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as exc:
        raise StoreError(f"store {path}: {exc}") from exc
