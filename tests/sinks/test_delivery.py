"""A refused batch is taken apart until only the bad rows die."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mitmeter.sinks.delivery import Delivered, deliver
from mitmeter.sinks.sink import Accepted, Later, Outcome, Refused


async def no_wait(outcome: Later) -> None:
    raise AssertionError(outcome)


@given(bad=st.sets(st.integers(0, 63)), count=st.integers(0, 64))
async def test_exactly_the_bad_rows_die_and_the_others_arrive_in_order(
    bad: set[int], count: int
) -> None:
    taken: list[int] = []

    async def send(part: Sequence[int]) -> Outcome:
        if bad.intersection(part):
            return Refused("bad")
        taken.extend(part)
        return Accepted()

    done = await deliver(range(count), send, no_wait)
    assert set(done.dead) == {each for each in bad if each < count}
    assert taken == [each for each in range(count) if each not in bad]
    assert done.sent == len(taken)


async def test_one_bad_row_of_a_thousand_costs_some_twenty_requests() -> None:
    requests = 0

    async def send(part: Sequence[int]) -> Outcome:
        nonlocal requests
        requests += 1
        return Refused("bad") if 700 in part else Accepted()

    await deliver(range(1000), send, no_wait)
    assert requests < 25


async def test_a_part_that_has_to_wait_is_sent_again_and_nothing_else() -> None:
    sent: list[list[int]] = []
    answers: list[Outcome] = [Refused("half"), Accepted(), Later("busy"), Accepted()]
    waits: list[Later] = []

    async def send(part: Sequence[int]) -> Outcome:
        sent.append(list(part))
        return answers[len(sent) - 1]

    async def wait(outcome: Later) -> None:
        waits.append(outcome)

    await deliver([1, 2, 3, 4], send, wait)
    assert sent == [[1, 2, 3, 4], [1, 2], [3, 4], [3, 4]]
    assert waits == [Later("busy")]


async def test_rows_named_bad_are_counted_from_the_batchs_beginning() -> None:
    async def send(part: Sequence[int]) -> Outcome:
        if len(part) == 4:
            return Refused("half")
        return Accepted(skipped=0, bad={1: "second"}) if 2 in part else Accepted()

    done = await deliver([0, 1, 2, 3], send, no_wait)
    assert done == Delivered(sent=3, skipped=0, dead={3: "second"})


async def test_rows_without_a_place_are_skipped_not_sent() -> None:
    async def send(part: Sequence[int]) -> Outcome:
        return Accepted(skipped=2)

    assert await deliver([1, 2, 3], send, no_wait) == Delivered(sent=1, skipped=2)
