"""One batch until nothing of it is left: sent, skipped, or refused row by row."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from mitmeter.sinks.sink import Accepted, Later, Outcome, Refused

T = TypeVar("T")


@dataclass(slots=True)
class Delivered:
    """What became of a batch. dead: its row → the reason."""

    sent: int = 0
    skipped: int = 0
    dead: dict[int, str] = field(default_factory=dict)


async def deliver(
    batch: Sequence[T],
    send: Callable[[Sequence[T]], Awaitable[Outcome]],
    wait: Callable[[Later], Awaitable[None]],
) -> Delivered:
    """Send a batch; halve what is refused until the bad rows stand alone, in the batch's order.

    send: the sink's method, raising nothing. wait: returns when it is time to try again.
    """
    done = Delivered()
    left = deque([(0, len(batch))]) if batch else deque()
    while left:
        first, end = left[0]
        part = batch if (first, end) == (0, len(batch)) else batch[first:end]
        outcome = await send(part)
        match outcome:
            case Later():
                await wait(outcome)
            case Accepted(skipped=skipped, bad=bad):
                left.popleft()
                done.skipped += skipped
                done.sent += end - first - skipped - len(bad)
                done.dead |= {first + row: reason for row, reason in bad.items()}
            case Refused(reason) if end - first == 1:
                left.popleft()
                done.dead[first] = reason
            case Refused():
                middle = (first + end) // 2
                left.popleft()
                left.extendleft([(middle, end), (first, middle)])
    return done
