"""A mark is safe when the destination was still there some seconds after it."""

from __future__ import annotations

from mitmeter.sinks.state import Mark, Stream
from mitmeter.sinks.trail import Trail

R, E = Stream.READINGS, Stream.EVENTS


def mark(cursor: int) -> Mark:
    return Mark("a", cursor)


def test_a_word_that_is_enough_makes_every_mark_safe_at_once() -> None:
    trail = Trail(0)
    trail.begin(R, mark(0))
    assert trail.confirmed(R, mark(5), 100.0) == mark(5)
    assert trail.go_back() == {}


def test_a_mark_is_safe_when_something_is_confirmed_so_much_later() -> None:
    trail = Trail(10)
    trail.begin(R, mark(0))
    assert trail.confirmed(R, mark(1), 100.0) == mark(0)
    assert trail.confirmed(R, mark(2), 109.9) == mark(0)
    assert trail.confirmed(R, mark(3), 110.0) == mark(1)
    assert trail.confirmed(R, mark(4), 130.0) == mark(3)


def test_all_streams_go_back_to_what_is_safe() -> None:
    trail = Trail(10)
    trail.begin(R, mark(0))
    trail.begin(E, mark(0))
    trail.confirmed(R, mark(1), 100.0)
    trail.confirmed(E, mark(7), 105.0)
    trail.confirmed(R, mark(2), 111.0)
    assert trail.go_back() == {R: mark(1), E: mark(0)}


def test_there_is_nothing_to_go_back_to_where_nothing_is_young() -> None:
    trail = Trail(10)
    trail.begin(R, mark(3))
    assert trail.go_back() == {}
    trail.confirmed(R, mark(4), 1.0)
    assert trail.go_back() == {R: mark(3)}
    assert trail.go_back() == {}
