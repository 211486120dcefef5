"""The kinds of values that options take."""

import click
import pytest

from mitmeter.cli.options import SPEED, Number, Seconds, pairs


@pytest.mark.parametrize(("text", "number"), [("1", 1.0), ("0.5", 0.5), ("1e6", 1e6)])
def test_a_speed_is_any_number_above_nothing(text: str, number: float) -> None:
    assert SPEED.convert(text, None, None) == number


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "-inf", "1e7", "fast", ""])
def test_a_speed_time_cannot_pass_at_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        SPEED.convert(text, None, None)


def test_a_number_outside_its_bounds_is_told_with_them() -> None:
    with pytest.raises(click.BadParameter, match="-1 is not at least 0 and at most 3,600"):
        Number(0, 3600).convert("-1", None, None)


def test_a_duration_becomes_seconds() -> None:
    assert Seconds().convert("1m30s", None, None) == 90.0


@pytest.mark.parametrize("text", ["", "0s", "soon", "5"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Seconds().convert(text, None, None)


def test_pairs_are_cut_at_the_first_equals_sign() -> None:
    assert pairs(("from=1", "note=a=b", "empty="), "") == {"from": "1", "note": "a=b", "empty": ""}


@pytest.mark.parametrize("arguments", [("from",), ("=1",), ("a=1", "a=2")])
def test_what_is_no_pair_or_is_there_twice_is_quoted(arguments: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError, match="--option: '"):
        pairs(arguments, "--option: ")
