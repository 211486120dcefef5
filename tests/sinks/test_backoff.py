"""Waits grow, are left to chance by half, and never undercut what the destination asks for."""

from __future__ import annotations

import random

from mitmeter.sinks.backoff import Backoff


class Least(random.Random):
    def random(self) -> float:
        return 0.0


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(1.0, 60.0, Least())
    assert [backoff.failed() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_success_starts_over() -> None:
    backoff = Backoff(1.0, 60.0, Least())
    for _ in range(5):
        backoff.failed()
    backoff.succeeded()
    assert backoff.failed() == 0.5


def test_chance_fills_the_upper_half() -> None:
    backoff = Backoff(8.0, 8.0, random.Random(7))
    waits = [backoff.failed() for _ in range(500)]
    assert 4 <= min(waits) < 4.1
    assert 7.9 < max(waits) <= 8


def test_what_the_destination_asks_for_is_waited_at_least() -> None:
    assert Backoff(1.0, 60.0, Least()).failed(asked=90.0) == 90.0
    assert Backoff(8.0, 60.0, Least()).failed(asked=1.0) == 4.0


def test_a_destination_cannot_silence_a_sink_for_more_than_an_hour() -> None:
    assert Backoff(1.0, 60.0, Least()).failed(asked=1e9) == 3600.0


def test_a_year_of_failures_does_not_overflow() -> None:
    backoff = Backoff(1.0, 60.0, Least())
    backoff.failures = 1_000_000
    assert backoff.failed() == 30.0
