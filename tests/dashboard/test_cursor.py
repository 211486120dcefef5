"""Paging backwards in time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.dashboard.cursor import Cursor, mark_of, page_back
from mitmeter.errors import RemoteProtocolError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    at: int
    name: int


class Shelf:
    """Items in order of time, as a store gives them."""

    def __init__(self, times: list[int]) -> None:
        self.items = [Item(at, name) for name, at in enumerate(sorted(times))]

    def fetch(self, until: datetime | None, count: int) -> list[Item]:
        end = None if until is None else round((until - EPOCH) / timedelta(microseconds=1))
        found = [item for item in self.items if end is None or item.at < end]
        return found[-count:]


def place(item: Item) -> Cursor:
    return Cursor(item.at, mark_of(item.name))


def walk(shelf: Shelf, limit: int, odd: bool = False, most: int = 20_000) -> list[Item]:
    found: list[Item] = []
    cursor: Cursor | None = None
    for _ in range(10_000):
        keep = (lambda item: item.name % 2 == 1) if odd else None
        page = page_back(shelf.fetch, place, cursor, limit, keep, most)
        assert len(page.items) <= limit
        found += page.items
        if page.next is None:
            return found
        cursor = Cursor.parse(str(page.next))
    raise AssertionError("the pages do not end")


@given(
    st.lists(st.integers(0, 6), max_size=60),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from([1, 20_000]),
)
def test_every_item_is_on_one_page_newest_first(
    times: list[int], limit: int, odd: bool, most: int
) -> None:
    shelf = Shelf(times)
    wanted = [item for item in reversed(shelf.items) if not odd or item.name % 2 == 1]
    assert walk(shelf, limit, odd, most) == wanted


def test_what_comes_in_at_the_same_instant_moves_nothing() -> None:
    shelf = Shelf([5, 5, 5, 5])
    first = page_back(shelf.fetch, place, None, 2)
    shelf.items.append(Item(5, 99))
    second = page_back(shelf.fetch, place, first.next, 2)
    assert [item.name for item in (*first.items, *second.items)] == [3, 2, 1, 0]


def test_a_cursor_whose_item_is_gone_goes_on_with_earlier_times() -> None:
    shelf = Shelf([1, 2, 3])
    page = page_back(shelf.fetch, place, Cursor(3, "gone"), 5)
    assert [item.at for item in page.items] == [2, 1]


@pytest.mark.parametrize("text", ["", "x", "====", "MTA", "OjE", "é", "OTk5OTk5OTk5OTk5OTk5OTk6YQ"])
def test_what_no_page_gave_is_no_cursor(text: str) -> None:
    with pytest.raises(RemoteProtocolError, match="cursor"):
        Cursor.parse(text)
