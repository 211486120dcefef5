"""How it goes with one sink: its state and counts, its waits, what is told of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mitmeter.errors import SinkError
from mitmeter.model import Field, Severity, printable
from mitmeter.sinks.backoff import Backoff
from mitmeter.sinks.reader import in_thread
from mitmeter.sinks.rows import micros
from mitmeter.sinks.sink import Later
from mitmeter.sinks.state import Condition, Counts, Mark, SinkState, Stream
from mitmeter.sinks.status import SinkStatus, State, describe
from mitmeter.store import Store

log = logging.getLogger("mitmeter")

# A destination that fails is told of once it has failed so often in a row.
_TOLD_AFTER = 3
# Refused rows are told of at once, and then so often at most.
_REFUSALS_EVERY = 3600.0
_REASON_LENGTH = 300


class Tell(Protocol):
    """Makes an event of what happened to a sink."""

    def __call__(
        self, eventid: str, message: str, severity: Severity, fields: Mapping[str, Field]
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How a sink is served.

    batch: rows sent at once. every: seconds between looking for new rows.
    first, most: seconds of the shortest and the longest wait after a failure.
    dead:  how many refused rows are kept; beyond them the sink waits until a person has looked.
    grace: seconds that a batch under way is given at the end.
    """

    batch: int = 1000
    every: float = 1.0
    first: float = 1.0
    most: float = 300.0
    dead: int = 100_000
    grace: float = 3.0


class Stopping(Exception):
    """The forwarder is to end; nothing more is begun."""


class Course:
    """What is known of a sink without asking the disk, and the waits, which a nudge ends."""

    def __init__(
        self,
        name: str,
        kind: str,
        pace: Pace,
        now: Callable[[], datetime],
        tell: Tell,
        chance: random.Random | None,
    ) -> None:
        self.name = name
        self.counts = Counts()
        self.dead = 0
        self.faults = 0
        self.marks: dict[Stream, Mark] = {}
        self.stopping = False
        self.state: SinkState | None = None
        self._kind = kind
        self._condition = Condition(str(State.NEW), kind=kind)
        self._now = now
        self._tell = tell
        self._backoff = Backoff(pace.first, pace.most, chance)
        self._wake = asyncio.Event()
        self._told = False
        self._untold = 0
        self._refusals_told = float("-inf")

    def status(self, store: Store) -> SinkStatus:
        """Put together how the sink is; reads the store, so it belongs into a thread."""
        return describe(
            self.name,
            store,
            dict(self.marks),
            self._condition,
            self.counts,
            self.dead,
            self._now(),
            self.faults,
        )

    @property
    def now_micros(self) -> int:
        return micros(self._now())

    @property
    def failures(self) -> int:
        """How often in a row it went wrong."""
        return self._backoff.failures

    @property
    def is_waiting(self) -> bool:
        return self._condition.state == State.WAITING

    # --- waits ------------------------------------------------------------------------------------

    def stop(self) -> None:
        self.stopping = True
        self._wake.set()

    def nudge(self) -> None:
        self._wake.set()

    def check(self) -> None:
        """Raise Stopping when it is time to end."""
        if self.stopping:
            raise Stopping

    async def pause(self, seconds: float) -> None:
        """Wait, unless somebody nudges. Raises Stopping."""
        self.check()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()
        self.check()

    async def wait(self, outcome: Later) -> None:
        """The destination cannot take anything now: wait, longer each time. Raises Stopping."""
        seconds = self._backoff.failed(outcome.seconds)
        reason = shortened(outcome.reason)
        await self.become(State.WAITING, reason)
        if self._backoff.failures >= _TOLD_AFTER and not self._told:
            self._told = True
            self._tell(
                "mitmeter.sink.failing",
                f"sink {self.name} cannot deliver, and keeps trying: {reason}",
                Severity.WARNING,
                {"sink": self.name, "reason": reason},
            )
        await self.pause(seconds)

    # --- what happened ----------------------------------------------------------------------------

    async def worked(self) -> None:
        """The destination took something."""
        self._backoff.succeeded()
        if self._told:
            self._told = False
            self._tell(
                "mitmeter.sink.recovered",
                f"sink {self.name} delivers again",
                Severity.NOTICE,
                {"sink": self.name},
            )
        if self._condition.state in (State.WAITING, State.STUCK):
            await self.become(State.CATCHING_UP)

    def fault(self, exc: Exception) -> str:
        """Our own code failed: count it and return it in words; the trace is for -v."""
        self.faults += 1
        log.debug("sink %s: fault", self.name, exc_info=exc)
        return f"mitmeter failed: {type(exc).__name__}: {exc}"

    def refused(self, count: int, reason: str) -> None:
        """Rows became dead letters: told at once, and then summed up every hour."""
        self.dead += count
        self._untold += count
        now = asyncio.get_running_loop().time()
        if now < self._refusals_told + _REFUSALS_EVERY:
            return
        self._tell(
            "mitmeter.sink.refused",
            f"sink {self.name}: {self._untold:,} rows were refused and are kept: {reason}",
            Severity.WARNING,
            {"sink": self.name, "rows": self._untold, "reason": reason},
        )
        self._untold, self._refusals_told = 0, now

    async def stuck(self) -> None:
        """No more refused rows can be kept."""
        reason = f"{self.dead:,} rows were refused and are kept; retry or forget them"
        if self._condition.state != State.STUCK:
            self._tell(
                "mitmeter.sink.stuck",
                f"sink {self.name} goes no further: {reason}",
                Severity.ALARM,
                {"sink": self.name, "dead": self.dead},
            )
        await self.become(State.STUCK, reason)

    async def become(self, state: State, reason: str = "") -> None:
        """Note the state, also on disk, for who looks from outside."""
        held = self._condition
        if (held.state, held.reason) == (state, reason):
            return
        since = held.since if held.state == state else self.now_micros
        self._condition = Condition(str(state), reason, since, self._kind)
        if self.state is not None:
            try:
                await in_thread(self.state.become, self._condition)
            except SinkError as exc:
                log.debug("sink %s: %s", self.name, exc)


def shortened(reason: str) -> str:
    """Return a destination's words safe for terminals and logs, and bounded."""
    return printable(reason, _REASON_LENGTH)
