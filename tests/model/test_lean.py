from dataclasses import replace

from mitmeter.model import lean


@lean
class Point:
    x: int
    label: str = ""


def test_a_lean_value_is_equal_and_hashes_by_what_it_holds() -> None:
    assert Point(1, "a") == Point(1, "a")
    assert len({Point(1, "a"), Point(1, "a"), Point(2, "a")}) == 2


def test_a_lean_value_takes_no_other_attributes() -> None:
    assert not hasattr(Point(1), "__dict__")


def test_a_lean_value_can_be_made_again_with_a_change() -> None:
    assert replace(Point(1, "a"), x=2) == Point(2, "a")
