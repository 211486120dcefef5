"""Where a device's own time shows holes: what a stand-in head-end asks its history for."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from mitmeter.model import DeviceId
from mitmeter.store.batch import Clock
from mitmeter.store.value import instant, micros, wall

_MICROSECOND = timedelta(microseconds=1)

_HOLES = """
    SELECT before, key FROM (
        SELECT key, lag(key) OVER (ORDER BY key) AS before FROM (
            SELECT key FROM moments INDEXED BY moments_identity
            WHERE device = :device AND clock = :clock AND key BETWEEN :first AND :until
            UNION ALL SELECT :until AS key
        )
    ) WHERE key - before > :longest ORDER BY key"""

_NEWEST_BEFORE = """
    SELECT max(key) FROM moments WHERE device = ? AND clock = ? AND key <= ?"""

_OLDEST_BETWEEN = """
    SELECT min(key) FROM moments WHERE device = ? AND clock = ? AND key > ? AND key <= ?"""


def gaps(
    db: sqlite3.Connection,
    device: DeviceId,
    since: datetime,
    until: datetime,
    longest: timedelta,
) -> tuple[tuple[datetime, datetime], ...]:
    """Return the spans longer than `longest` from a moment held to the next one, or to `until`.

    since, until: in the device's own time, naive; aware for a device that says UTC. A span that
                  began before `since` is given whole, one that goes on after `until` ends there.

    Moments count whatever their quantities are; those of an unset clock do not. A stretch that a
    clock showed twice is held when it is held once.
    """
    number = db.execute("SELECT id FROM devices WHERE name = ?", (str(device),)).fetchone()
    if number is None:
        return ()
    clock, back = (Clock.LOCAL, wall) if since.tzinfo is None else (Clock.UTC, instant)
    scope = (int(number[0]), int(clock))
    start, end = micros(since), micros(until)
    first = db.execute(_NEWEST_BEFORE, (*scope, start)).fetchone()[0]
    if first is None:
        first = db.execute(_OLDEST_BETWEEN, (*scope, start, end)).fetchone()[0]
    if first is None or first > end:
        return ()
    holes = db.execute(
        _HOLES,
        {
            "device": scope[0],
            "clock": scope[1],
            "first": first,
            "until": end,
            "longest": longest // _MICROSECOND,
        },
    )
    return tuple((back(before), back(after)) for before, after in holes)
