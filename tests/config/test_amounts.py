"""Durations and sizes as an operator writes them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.config.amounts import duration_text, parse_duration, parse_size, size_text
from mitmeter.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90d", timedelta(days=90)),
        ("2w", timedelta(days=14)),
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("500ms", timedelta(milliseconds=500)),
        ("0.1s", timedelta(milliseconds=100)),
        ("1m0s", timedelta(minutes=1)),
    ],
)
def test_a_duration_is_numbers_with_units(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "write one like 90d"),
        ("10", "write one like 90d"),
        ("10 m", "write one like 90d"),
        ("-1s", "write one like 90d"),
        ("10M", "write one like 90d"),
        ("١s", "write one like 90d"),
        ("0s", "longer than nothing"),
        ("0.0000001s", "longer than nothing"),
        ("101000d", "more than a hundred years"),
        ("9" * 400 + "d", "more than a hundred years"),
    ],
)
def test_what_is_no_duration_is_told_under_its_key(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_duration(text, "limits.idle")
    assert raised.value.key == "limits.idle"
    assert problem in raised.value.problem


def test_a_duration_is_written_in_its_largest_units() -> None:
    assert duration_text(timedelta(days=1, hours=2, milliseconds=5)) == "1d2h5ms"


@given(milliseconds=st.integers(1, 10**12))
def test_a_duration_written_parses_to_itself(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(duration_text(duration)) == duration


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10GB", 10_000_000_000),
        ("64MiB", 67_108_864),
        ("500 kB", 500_000),
        ("1.5gb", 1_500_000_000),
        ("1B", 1),
    ],
)
def test_a_size_is_a_number_with_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "10", "10 parsecs", "-1GB", "GB", "0GB", "9e9GB", "٣GB", "2000000TB"]
)
def test_what_is_no_size_is_told_under_its_key(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_size(text, "journal.max_size")
    assert raised.value.key == "journal.max_size"


@pytest.mark.parametrize(
    ("size", "text"), [(10**10, "10GB"), (2**18, "256KiB"), (1234, "1234B"), (64 * 10**6, "64MB")]
)
def test_a_size_is_written_in_the_largest_unit_that_divides_it(size: int, text: str) -> None:
    assert size_text(size) == text


@given(size=st.integers(1, 2**60 - 1))
def test_a_size_written_parses_to_itself(size: int) -> None:
    assert parse_size(size_text(size)) == size
