"""Counters under watch: what is believed, what is held, what waits for a witness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.sinks.homeassistant_guard import Counter, Verdict, confirm, weigh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TAKEN, OLD, DIP = Verdict.TAKEN, Verdict.OLD, Verdict.DIP
DOUBTED, STILL, CHANGED = Verdict.DOUBTED, Verdict.STILL, Verdict.CHANGED


def watch(*values: str, step: float = 10.0) -> list[tuple[str, str, Verdict]]:
    """Weigh values `step` seconds apart; return what is shown, what runs on, and the verdicts."""
    held: Counter | None = None
    found = []
    for number, value in enumerate(values):
        at = NOON + timedelta(seconds=step * number)
        held, verdict = weigh(held, Decimal(value), at)
        assert held is not None
        found.append((str(held.value), str(held.running), verdict))
    return found


def shown(*values: str, step: float = 10.0) -> list[str]:
    return [value for value, _, _ in watch(*values, step=step)]


def test_a_counter_that_rises_or_rests_is_shown_as_it_is() -> None:
    assert shown("100", "100", "100.1", "100.1") == ["100", "100", "100.1", "100.1"]


def test_a_small_step_back_is_held_told_once_and_over_when_it_has_caught_up() -> None:
    found = watch("100.5", "100.4", "100.45", "100.6")
    assert [value for value, _, _ in found] == ["100.5", "100.5", "100.5", "100.6"]
    assert [verdict for _, _, verdict in found] == [TAKEN, DIP, Verdict.STILL, TAKEN]


def test_an_impossible_jump_that_nobody_repeats_is_never_shown() -> None:
    found = watch("100", "99999", "100.1")
    assert [(value, verdict) for value, _, verdict in found] == [
        ("100", TAKEN),
        ("100", DOUBTED),
        ("100.1", TAKEN),
    ]


def test_a_jump_that_the_next_reading_agrees_with_is_another_meter_and_no_energy() -> None:
    found = watch("100", "8000", "8000.5", "8001")
    assert [verdict for _, _, verdict in found] == [TAKEN, DOUBTED, CHANGED, TAKEN]
    assert [value for value, _, _ in found] == ["100", "100", "8000.5", "8001"]
    assert [running for _, running, _ in found] == ["100", "100", "100.5", "101"]


def test_a_meter_that_began_again_at_nothing_is_shown_as_it_is() -> None:
    found = watch("4000", "0.2", "0.3")
    assert found[-1] == ("0.3", "0.3", CHANGED)


def test_a_used_meter_in_its_place_runs_on_from_where_the_old_one_stood() -> None:
    # 3900 is neither a dip nor below nine tenths: its 100 kWh less are not to be taken back.
    found = watch("4000", "3900", "3900.1")
    assert found[-1] == ("3900.1", "4000.1", CHANGED)


def test_nothing_but_zeros_is_never_believed() -> None:
    found = watch("4000", "0", "0", "0", "4000.2")
    assert [value for value, _, _ in found] == ["4000", "4000", "4000", "4000", "4000.2"]
    assert [verdict for _, _, verdict in found] == [TAKEN, DOUBTED, STILL, STILL, TAKEN]


def test_two_nonsenses_that_do_not_agree_confirm_nothing() -> None:
    found = watch("100", "50000", "70000", "20", "100.1")
    assert [verdict for _, _, verdict in found] == [TAKEN, DOUBTED, STILL, STILL, TAKEN]


def test_what_was_used_while_nobody_listened_is_no_jump() -> None:
    assert shown("100", "500", step=12 * 3600) == ["100", "500"]
    assert shown("100", "500", step=60) == ["100", "100"]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_changes_nothing(text: str) -> None:
    held = Counter(Decimal(5), NOON)
    assert weigh(held, Decimal(text), NOON + timedelta(seconds=1)) == (held, OLD)


def test_an_older_reading_changes_nothing() -> None:
    held = Counter(Decimal(5), NOON)
    assert weigh(held, Decimal(4), NOON) == (held, OLD)
    assert weigh(held, Decimal(4), NOON - timedelta(days=1)) == (held, OLD)


def test_a_known_change_of_the_meter_needs_no_second_reading() -> None:
    held, verdict = weigh(Counter(Decimal(4000), NOON), Decimal(7), NOON + timedelta(seconds=9))
    assert verdict is DOUBTED
    assert held is not None
    assert confirm(held) == Counter(Decimal(7), NOON + timedelta(seconds=9))


def test_a_dip_is_not_confirmed_as_a_change() -> None:
    held, _ = weigh(Counter(Decimal(4000), NOON), Decimal("3999.9"), NOON + timedelta(seconds=9))
    assert held is not None
    assert confirm(held) is held


@given(
    st.lists(
        st.decimals(0, 100_000, places=3, allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_comes_home_assistant_sees_no_fall_but_to_a_counter_that_began_again(
    values: list[Decimal],
) -> None:
    held: Counter | None = None
    before = Decimal(0)
    for number, value in enumerate(values):
        at = NOON + timedelta(seconds=10 * number)
        held, _ = weigh(held, value, at)
        assert held is not None
        if number and held.running < before:
            # A new cycle from 0, with no more on it than a house uses in that time.
            assert held.running < before * Decimal("0.9")
            assert held.running <= 10 + Decimal(100) * number * 10 / 3600
        elif number:
            assert held.running - before <= 10 + Decimal(100) * number * 10 / 3600
        before = held.running
