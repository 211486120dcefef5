"""Everything in a span, as it comes out of the store: never more in memory than a piece.

A slow reader holds no transaction open: each piece is read by itself, behind the one before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from mitmeter.dashboard.stores import Stores
from mitmeter.model import DeviceId, Reading
from mitmeter.store import Store

PIECE = 4000


@dataclass(frozen=True, slots=True)
class Span:
    """Which readings: since ≤ at < until; a quantity's name may end with `*`."""

    device: DeviceId | None = None
    quantity: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Pieces:
    """The readings of a span, oldest first, in pieces."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._since = span.since
        self._given: set[tuple[object, ...]] = set()

    def next(self, store: Store) -> list[Reading]:
        """Return the next piece, empty at the end."""
        span = self._span
        found: list[Reading] = []
        rows = store.readings(span.device, span.quantity, self._since, span.until, limit=None)
        fresh = (each for each in rows if not self._given or _identity(each) not in self._given)
        found = list(islice(fresh, PIECE))
        if not found:
            return []
        last = found[-1].at
        if last != self._since:
            self._given = set()
        # Those of the last instant are met again, and passed over.
        self._given |= {_identity(each) for each in found if each.at == last}
        self._since = last
        return found


def _identity(reading: Reading) -> tuple[object, ...]:
    return (reading.device, reading.quantity, reading.at, reading.reported, reading.source)


async def lines(
    stores: Stores, span: Span, head: str, written: Callable[[Iterable[Reading]], str]
) -> AsyncIterator[bytes]:
    """Yield the span's readings as text, piece by piece."""
    pieces = Pieces(span)

    def step(store: Store) -> bytes:
        found = pieces.next(store)
        return written(found).encode("utf-8", "backslashreplace") if found else b""

    if head:
        yield head.encode()
    while piece := await stores.read(step):
        yield piece
