"""A place in the store: up to which reading and event somebody has been told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mitmeter.store import Store

_TEXT = re.compile(r"([0-9a-f]{1,16})-([0-9]{1,18})-([0-9]{1,18})\Z")
_BEYOND = 2**62


@dataclass(frozen=True, slots=True)
class Place:
    """The cursor of the last reading and the number of the last event, in one store.

    store: the store's identity; after a rebuild cursors are others.
    """

    store: str
    reading: int
    event: int

    def __str__(self) -> str:
        return f"{self.store}-{self.reading}-{self.event}"

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """Return the place a text names, None for what is none."""
        found = _TEXT.match(text)
        return None if found is None else cls(found[1], int(found[2]), int(found[3]))


def newest(store: Store) -> Place:
    """Return the place behind everything there is."""

    def reading(after: int) -> int | None:
        found = store.tail(after, 1)
        return found[0].cursor if found else None

    def event(after: int) -> int | None:
        found = store.tail_events(after, 1)
        return found[0].number if found else None

    with store.snapshot():
        return Place(store.identity[:16], _last(reading), _last(event))


def _last(next_after: Callable[[int], int | None]) -> int:
    """Return the greatest number there is, 0 for none; some sixty look-ups."""
    low, high = 0, _BEYOND
    while low < high:
        middle = (low + high) // 2
        found = next_after(middle)
        if found is None:
            high = middle
        else:
            low = found
    return low
