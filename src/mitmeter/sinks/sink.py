"""The contract of a destination.

A sink is told what to send and says what became of it; when to send, what to send again and what
to give up is the forwarder's business. To write one:

- `readings` and `events` send one batch and return only when the destination has *confirmed* it:
  the cursor moves on their word. A batch is never empty, and is in the order of the store.
- Whatever a sink holds beyond one batch is lost at a crash, so it holds nothing back.
- Answers are values: `Accepted`, `Refused` (the data is at fault), `Later` (the destination is).
  A `SinkError`, an `OSError` or a timeout raised means `Later` too. Anything else raised is a
  fault of ours: it is counted and tried again, and after a few times the batch is taken apart until
  only what breaks the sink is left.
- A refused batch comes again in halves until the bad rows stand alone. So `Refused` means that
  nothing of it was taken, or that taking it twice does no harm (`idempotent`).
- A lost connection is made again by the sink, inside the next call. `open` is called once, before
  anything else, and again only if it raised. `close` is called once, also if `open` never worked.
- Calls never overlap. All happen in the event loop's thread: what takes longer than a millisecond
  belongs into `asyncio.to_thread`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from mitmeter.model import Event, Reading
from mitmeter.store import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event as a sink gets it: with where it happened.

    number:       grows, and is the cursor; another one after a rebuild of the store.
    conversation: its id, or "". protocol, role, peer, started_ns: of that conversation where known.
    peer:         `host:port`, as in `192.0.2.7:40000` or `[2001:db8::7]:40000`.
    """

    number: int
    event: Event
    station: str = ""
    conversation: str = ""
    source: str = ""
    protocol: str = ""
    role: str = ""
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The destination holds the batch, but for the rows in `bad`, which become dead letters.

    skipped: how many rows the destination has no place for, by its nature: counted, not kept.
    bad:     row of the batch, counted from 0 → the reason.
    anew:    the connection is another than the last batch's, so the destination may have been
             started again meanwhile; of use where `Sink.settles` is above 0.
    """

    skipped: int = 0
    bad: Mapping[int, str] = field(default_factory=dict)
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The destination will never take this batch as it is; nobody says which rows are bad."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """The destination cannot take anything now. seconds: how long it asks to be left alone."""

    reason: str
    seconds: float | None = None


Outcome = Accepted | Refused | Later


class Look(Protocol):
    """Runs a function on a read-only store, in a thread: `await look(lambda store: …)`."""

    def __call__(self, function: Callable[[Store], T]) -> Awaitable[T]: ...


class Sink(Protocol):
    """One destination.

    kind:       what it is, in a word, for people: "influx".
    idempotent: whether sending the same row twice leaves it there once.
    settles:    after how many seconds a row that was confirmed survives a crash of the destination;
                0 when its word is enough. After a failure everything younger is sent again, so
                above 0 is for idempotent sinks only.
    """

    @property
    def kind(self) -> str: ...

    @property
    def idempotent(self) -> bool: ...

    @property
    def settles(self) -> float: ...

    async def open(self, look: Look) -> None:
        """Make ready. Raises SinkError when that has to be tried again later."""

    async def readings(self, batch: Sequence[Reading]) -> Outcome:
        """Send readings; every one has its corrected time in `at`."""

    async def events(self, batch: Sequence[Occurrence]) -> Outcome:
        """Send events."""

    async def close(self) -> None:
        """Let go of everything; never raises, never waits long."""
