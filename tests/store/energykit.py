"""Short ways to fill a store with series, and to reckon with its readings by plain fractions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from mitmeter.model import DeviceId, Reading
from mitmeter.store import Batch, Clock, Moment, Store

DISPLAY = DeviceId("glow", "02005E302010")
CLAMP = DeviceId("efergy", "02005E302011")

Values = Sequence[tuple[datetime, Decimal]]


def at(text: str) -> datetime:
    """Return an instant written without its zone, which is UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def every(seconds: float, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield instants from `since` on, before `until`."""
    while since < until:
        yield since
        since += timedelta(seconds=seconds)


def moments(
    device: DeviceId, quantity: str, values: Iterable[tuple[datetime, object]]
) -> list[Moment]:
    """Return one moment per value, received when it was measured."""
    return [
        Moment(
            [
                Reading(
                    device, quantity, value if isinstance(value, str) else Decimal(str(value)), when
                )
            ],
            when,
            Clock.RECEIVED,
        )
        for when, value in values
    ]


def tell(
    store: Store,
    device: DeviceId,
    quantity: str,
    values: Iterable[tuple[datetime, object]],
    at_once: int = 500,
) -> None:
    """Bring a series into a store, in batches of so many readings."""
    made = moments(device, quantity, values)
    for start in range(0, len(made), at_once):
        store.apply(Batch("", moments=made[start : start + at_once]))


def counted(
    values: Values, since: datetime, until: datetime, skip: Sequence[datetime] = ()
) -> Fraction:
    """Return the energy of a counter between two instants, each step spread evenly over its time.

    skip: the steps that end then count nothing.
    """
    total = Fraction(0)
    for (start, low), (end, high) in pairwise(values):
        if end in skip or end <= since or start >= until:
            continue
        inside = min(end, until) - max(start, since)
        total += (
            Fraction(high - low)
            * Fraction(inside / timedelta(microseconds=1))
            / Fraction((end - start) / timedelta(microseconds=1))
        )
    return total


def near(value: Decimal | None, wanted: Fraction, within: str = "0.000001") -> bool:
    """Tell whether a value is what was reckoned, up to the last place a border is read off to."""
    return value is not None and abs(Fraction(value) - wanted) <= Fraction(within)


def unsum(db: sqlite3.Connection) -> None:
    """Make a store forget its roll-ups."""
    db.execute("DELETE FROM quarters")
    db.execute("DELETE FROM days")
    stale = "SELECT DISTINCT at / {}, device FROM moments"
    db.execute(f"INSERT OR IGNORE INTO stale {stale.format(900_000_000)}")
    db.execute(f"INSERT OR IGNORE INTO stale_days {stale.format(86_400_000_000)}")
