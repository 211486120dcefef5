"""Stores to forward from, sinks to forward to, and short ways to wait for them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from mitmeter.model import Conversation, DeviceId, Event, Field, Origin, Reading, Severity
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.course import Pace
from mitmeter.sinks.forwarder import Forwarder
from mitmeter.sinks.sink import Accepted, Look, Occurrence, Outcome, Sink
from mitmeter.sinks.status import SinkStatus
from mitmeter.store import Batch, Clock, Moment, Noted, Store

BATTERY = DeviceId("alphaess", "AL9900000000007")
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
TALK = "0197289abc000001"
QUICK = Pace(batch=100, every=0.01, first=0.01, most=0.05, grace=1.0)


def reading(
    number: int,
    value: Decimal | str | None = None,
    quantity: str = "battery.soc",
    talk: str = TALK,
    **other: object,
) -> Reading:
    """Return the reading that a battery sends 10 s after the one before, from noon on."""
    at = NOON + timedelta(seconds=10 * number)
    found = Decimal(number) / 10 if value is None else value
    return Reading(BATTERY, quantity, found, at, at=at, source=f"{talk}/{number}", **other)  # type: ignore[arg-type]  # origin only


def moments(readings: Sequence[Reading]) -> list[Moment]:
    return [
        Moment([each], each.at or each.received, Clock.RECEIVED, source=each.source)
        for each in readings
    ]


def event(number: int, eventid: str = "mitmeter.alphaess.login", **other: object) -> Event:
    at = NOON + timedelta(seconds=number)
    return Event(eventid, at, f"event {number}", **other)  # type: ignore[arg-type]  # by name


def noted(found: Event, talk: str = TALK) -> Noted:
    return Noted(found, "battery", talk, f"{talk}/0" if talk else "")


def conversation(talk: str = TALK) -> Conversation:
    opened = int(NOON.timestamp() * 1e9)
    return Conversation(talk, "alphaess", "trap", "battery", "192.0.2.7:40000", opened)


def make_store(path: Path, count: int = 0, start: int = 0) -> Store:
    """Open a store for writing and put `count` readings into it."""
    store = Store.open(path)
    add(store, range(start, start + count))
    return store


def add(store: Store, numbers: Sequence[int]) -> None:
    store.apply(Batch("", moments=moments([reading(each) for each in numbers])))


@dataclass(slots=True)
class Told:
    """Hears what a forwarder tells."""

    heard: list[tuple[str, Severity, Mapping[str, Field]]] = field(default_factory=list)

    def __call__(
        self, eventid: str, message: str, severity: Severity, fields: Mapping[str, Field]
    ) -> None:
        assert message
        self.heard.append((eventid, severity, fields))

    @property
    def ids(self) -> list[str]:
        return [eventid for eventid, _, _ in self.heard]


Reply = Callable[[Sequence[object]], Outcome]


class Recorder:
    """A destination in memory. `answer` decides what becomes of a batch; it may raise."""

    kind = "recorder"

    def __init__(
        self, answer: Reply | None = None, *, idempotent: bool = True, settles: float = 0.0
    ) -> None:
        self.idempotent = idempotent
        self.settles = settles
        self.answer: Reply = answer or (lambda batch: Accepted())
        self.got: list[object] = []
        self.batches: list[int] = []
        self.opened = 0
        self.closed = 0
        self.gate: asyncio.Event | None = None

    async def open(self, look: Look) -> None:
        self.opened += 1

    async def readings(self, batch: Sequence[Reading]) -> Outcome:
        return await self._take(batch)

    async def events(self, batch: Sequence[Occurrence]) -> Outcome:
        return await self._take(batch)

    async def close(self) -> None:
        self.closed += 1

    async def _take(self, batch: Sequence[object]) -> Outcome:
        self.batches.append(len(batch))
        if self.gate is not None:
            await self.gate.wait()
        outcome = self.answer(batch)
        if isinstance(outcome, Accepted):
            self.got += [each for row, each in enumerate(batch) if row not in outcome.bad]
        return outcome

    @property
    def values(self) -> list[object]:
        return [each.value for each in self.got if isinstance(each, Reading)]


def forward(
    folder: Path,
    sink: Sink,
    choice: Choice | None = None,
    pace: Pace = QUICK,
    tell: Told | None = None,
    name: str = "there",
) -> Forwarder:
    """Return a forwarder over `folder`'s store.db."""
    return Forwarder(
        name,
        sink,
        choice or Choice(),
        pace,
        store=folder / "store.db",
        state=folder / "sinks" / f"{name}.db",
        now=lambda: NOON + timedelta(days=1),
        tell=tell or Told(),
        chance=random.Random(1),
    )


async def until(check: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - many different things are waited for
            await asyncio.sleep(0.005)


async def until_status(
    forwarder: Forwarder, folder: Path, check: Callable[[SinkStatus], bool], seconds: float = 60.0
) -> SinkStatus:
    """Wait until the forwarder's status is so, and return it."""
    with Store.open(folder / "store.db", read_only=True) as store:
        await until(lambda: check(forwarder.status(store)), seconds)
        return forwarder.status(store)


SYNTHETIC = Origin.SYNTHETIC
