"""How a sink is, for screens, health checks and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from mitmeter.model import instant
from mitmeter.sinks.resume import oldest_waiting, total
from mitmeter.sinks.state import Condition, Counts, Mark, SinkState, Stream
from mitmeter.store import Store


class State(StrEnum):
    NEW = "new"
    """Never ran."""
    LIVE = "live"
    """All there is has been sent, or is about to be."""
    CATCHING_UP = "catching up"
    WAITING = "waiting"
    """The destination failed; it is tried again."""
    STUCK = "stuck"
    """Too many rows were refused: a person has to decide."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """One sink now.

    reason:      why it waits or is stuck, or what failed last; "" when nothing is wrong.
    since:       when it came to be in this state.
    behind:      rows of the store not sent yet, readings and events.
    waiting:     how long the oldest of them waits, in seconds; 0 when there is none.
    sent, skipped, refused: rows, since the sink was set up.
    dead:        refused rows that are kept.
    faults:      errors of our own, since the daemon started.
    """

    name: str
    kind: str
    state: State
    reason: str
    since: datetime | None
    behind: int
    waiting: float
    sent: int
    skipped: int
    refused: int
    dead: int
    faults: int = 0


def describe(
    name: str,
    store: Store,
    marks: dict[Stream, Mark],
    condition: Condition,
    counts: Counts,
    dead: int,
    now: datetime,
    faults: int = 0,
) -> SinkStatus:
    """Put together what the sink says of itself with what the store holds by now."""
    behind, waiting = 0, 0.0
    for stream, mark in marks.items():
        here = mark if mark.identity == store.identity else Mark(store.identity)
        held = oldest_waiting(store, stream, here)
        if held is not None:
            behind += max(1, total(store, stream) - here.passed)
            waiting = max(waiting, (now - held).total_seconds())
    return SinkStatus(
        name,
        condition.kind,
        State(condition.state),
        condition.reason,
        instant(condition.since * 1000) if condition.since else None,
        behind,
        waiting,
        counts.sent,
        counts.skipped,
        counts.refused,
        dead,
        faults,
    )


def recorded(path: Path, store: Store, now: datetime) -> SinkStatus:
    """Return how the sink of a state file was, last it said so. Raises SinkError, StoreError."""
    state = SinkState.open(path, read_only=True)
    try:
        marks = {each: mark for each in Stream if (mark := state.tip(each)) is not None}
        return describe(
            path.stem,
            store,
            marks,
            state.condition(),
            state.counts(),
            state.dead_count(),
            now,
        )
    finally:
        state.close()
