"""What a head-end remembers in a dialogue, as the store would have it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mitmeter.model import DeviceId, Fact, Reading
from mitmeter.testing.memory import Memory

TOY = DeviceId("toy", "1")
NOON = datetime.fromisoformat("2025-06-01T12:00:00")
RECEIVED = datetime(2025, 6, 1, 12, tzinfo=UTC)
LONGEST = timedelta(seconds=90)


def minute(count: int) -> datetime:
    return NOON + timedelta(minutes=count)


def holding(*minutes: int) -> Memory:
    memory = Memory()
    for each in minutes:
        memory.learn([Reading(TOY, "grid.power", Decimal(1), RECEIVED, minute(each))], [])
    return memory


def test_the_latest_fact_of_a_name_is_recalled() -> None:
    memory = Memory()
    memory.learn([], [Fact(TOY, "model", "A"), Fact(TOY, "model", "B")])
    assert memory.recall(TOY, "model") == "B"
    assert memory.recall(TOY, "firmware") is None


def test_a_device_nothing_is_held_of_has_no_gap() -> None:
    assert Memory().gaps(TOY, minute(0), minute(60), LONGEST) == ()


def test_readings_a_minute_apart_leave_no_gap() -> None:
    assert holding(0, 1, 2).gaps(TOY, minute(0), minute(3), LONGEST) == ()


def test_gaps_are_told_oldest_first_up_to_the_end_asked_for() -> None:
    found = holding(0, 1, 5, 6).gaps(TOY, minute(0), minute(60), LONGEST)
    assert found == ((minute(1), minute(5)), (minute(6), minute(60)))


def test_a_gap_that_began_before_the_span_asked_for_is_told_whole() -> None:
    assert holding(0, 10).gaps(TOY, minute(5), minute(10), LONGEST) == ((minute(0), minute(10)),)


def test_a_row_that_comes_late_closes_its_gap() -> None:
    memory = holding(0, 2, 1, 1)
    assert memory.gaps(TOY, minute(0), minute(2), LONGEST) == ()
