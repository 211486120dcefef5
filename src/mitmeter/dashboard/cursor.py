"""Paging backwards in time, everything once, whatever comes in meanwhile.

A cursor is the instant of the last item given and a mark of that item, so what arrives at the same
instant later moves nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from mitmeter.errors import RemoteProtocolError

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST_US = 2**53


@dataclass(frozen=True, slots=True)
class Cursor:
    """Behind which item to go on: its instant, in microseconds since 1970, and its mark."""

    at_us: int
    mark: str

    def __str__(self) -> str:
        text = f"{self.at_us}:{self.mark}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises RemoteProtocolError for what is none."""
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode()
            at, colon, mark = plain.partition(":")
            if not colon or not mark or abs(int(at)) > _LATEST_US:
                raise ValueError
            return cls(int(at), mark)
        except ValueError as exc:
            raise RemoteProtocolError("cursor: this is none of ours") from exc


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items, newest first, and where to go on; None at the end."""

    items: Sequence[T]
    next: Cursor | None


def mark_of(*parts: object) -> str:
    """Return a short mark that tells an item from others of its instant."""
    text = "\n".join(map(str, parts))
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=9).hexdigest()


def page_back(
    fetch: Callable[[datetime | None, int], Sequence[T]],
    place: Callable[[T], Cursor],
    cursor: Cursor | None,
    limit: int,
    keep: Callable[[T], bool] | None = None,
    most: int = 20_000,
) -> Page[T]:
    """Return the next page.

    fetch: fetch(until, n) gives the newest n items before `until`, oldest first.
    place: the cursor of an item.
    keep:  which items are wanted. At most about `most` others are looked at for one page, which may
           then be short, with a cursor to go on.
    """
    found: list[T] = []
    looked = 0
    while True:
        until = None if cursor is None else _EPOCH + timedelta(microseconds=cursor.at_us + 1)
        count = limit + 1 if keep is None else max(limit + 1, 500)
        items, ended = _after(fetch, place, cursor, until, count)
        for item in items:
            if keep is None or keep(item):
                if len(found) == limit:
                    return Page(found, cursor)
                found.append(item)
            cursor = place(item)
        looked += len(items)
        if ended:
            return Page(found, None)
        if looked >= most:
            return Page(found, cursor)


def _after(
    fetch: Callable[[datetime | None, int], Sequence[T]],
    place: Callable[[T], Cursor],
    cursor: Cursor | None,
    until: datetime | None,
    count: int,
) -> tuple[list[T], bool]:
    """Return what comes behind the cursor, newest first, and whether that is all there is."""
    asked = count
    while True:
        newest = list(reversed(fetch(until, asked)))
        ended = len(newest) < asked
        behind = newest if cursor is None else _behind(newest, place, cursor)
        if ended or len(behind) >= 2:
            return behind, ended
        asked *= 2


def _behind(items: list[T], place: Callable[[T], Cursor], cursor: Cursor) -> list[T]:
    """Return the items behind the cursor's own, or if that one is gone those of earlier times."""
    for index, item in enumerate(items):
        found = place(item)
        if found == cursor:
            return items[index + 1 :]
        if found.at_us < cursor.at_us:
            return items[index:]
    return []
