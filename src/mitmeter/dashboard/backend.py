"""What the window asks of the daemon: everything that is not in the store.

Methods that are not `async` may take their time and are called from a thread, those marked *quick*
from the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, BinaryIO, Protocol

from mitmeter.model import Conversation, DeviceId, Reading, Side
from mitmeter.store import RecordedConversation, Store
from mitmeter.store.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Station:
    """One station at work. where: its endpoint. control: commands are allowed here."""

    name: str
    role: str
    protocol: str
    where: str
    conversations: int
    control: bool
    synthetic: bool


@dataclass(frozen=True, slots=True)
class CommandWords:
    """A command a protocol knows: how to write it, and what it does."""

    name: str
    arguments: str
    summary: str


@dataclass(frozen=True, slots=True)
class Speaks:
    """A protocol: its title, its commands, and whether its devices wait to be dialled."""

    title: str
    commands: tuple[CommandWords, ...]
    device_waits: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command, in a sentence."""

    accepted: bool
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message in a list, or bytes that are none.

    seq:   the chunk it ended in; index counts the messages that ended there, from 0.
    at:    when that chunk was read. size: of the message, in bytes.
    kind:  the message's type, "" for what is none; then `error` says why.
    readings: how many it brought.
    """

    seq: int
    index: int
    at: datetime
    sender: Side
    ours: bool
    size: int
    kind: str
    summary: str
    error: str
    readings: int


@dataclass(frozen=True, slots=True)
class Found:
    """One message whole. others: the indexes of what else ended in the same chunk."""

    line: Line
    raw: bytes
    decoded: Any
    readings: tuple[Reading, ...]
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages of a conversation are asked for, newest first.

    before: only what comes before this (seq, index). text: found in kind, summary or error,
    whatever the case. sender: None for both. decoded: True, False, or None for both.
    """

    before: tuple[int, int] | None = None
    limit: int = 100
    text: str = ""
    sender: Side | None = None
    decoded: bool | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """Messages, newest first. goes_on: from where there is more to look through, None at the
    beginning.
    """

    lines: tuple[Line, ...]
    goes_on: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Copy:
    """A conversation as a file, to be closed by who gets it."""

    file: BinaryIO
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Check:
    """One link of the chain from a device to its readings. ok: None where nothing is known."""

    chain: str
    name: str
    state: str
    ok: bool | None
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class SinkHealth:
    """How a destination stands. lag: rows it has not confirmed yet, None where not known."""

    name: str
    kind: str
    state: str
    lag: int | None
    delivered: int
    dead: int
    error: str


@dataclass(frozen=True, slots=True)
class Health:
    """written_bytes: to disk by this process within `uptime_seconds`, None where not told."""

    checks: tuple[Check, ...]
    stations: tuple[Station, ...]
    network: Mapping[str, str]
    journal_bytes: int
    journal_segments: int
    journal_oldest: str
    journal_unsaved: int
    written_bytes: int | None
    uptime_seconds: float
    sinks: tuple[SinkHealth, ...]
    memory_bytes: int
    faults: int


@dataclass(frozen=True, slots=True)
class House:
    """The site: its name, its zone, how fast its time goes, how energy is reckoned."""

    site: str
    zone: tzinfo
    speed: float = 1.0
    tariffs: tuple[Tariff, ...] = ()
    sources: Mapping[str, DeviceId] = field(default_factory=dict)


Hear = Callable[[Sequence[Line]], None]


class Backend(Protocol):
    """The daemon, as the window sees it."""

    @property
    def house(self) -> House: ...

    def now(self) -> datetime:
        """Return the house's time. Quick."""

    def open_store(self) -> Store:
        """Return a read-only store of its own. Raises StoreError."""

    def stations(self) -> tuple[Station, ...]:
        """Return the stations at work. Quick."""

    def speaks(self, protocol: str) -> Speaks | None:
        """Return what a protocol is like, None for one that is not installed. Quick."""

    def may_control(self, device: DeviceId) -> bool:
        """Tell whether the station a device is at takes commands for it. Quick."""

    async def command(self, device: DeviceId, name: str, arguments: Mapping[str, str]) -> Outcome:
        """Give a device a command and wait for what becomes of it."""

    def lines(self, about: RecordedConversation, wanted: Wanted) -> Lines:
        """Return messages of a conversation. Raises JournalError."""

    def message(
        self, store: Store, about: RecordedConversation, seq: int, index: int
    ) -> Found | None:
        """Return one message, None when there is none. Raises JournalError."""

    def copy(self, about: RecordedConversation, form: str) -> Copy:
        """Return a conversation as `pcapng`, `jsonl` or `redacted`. Raises MitmeterError."""

    def watch(self, conversation: Conversation, hear: Hear) -> Callable[[], None]:
        """Have `hear` called in the event loop with what is said from now on; returns how to
        stop. Quick.
        """

    def on_commit(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called in the event loop whenever the store has more; returns how to stop.
        Quick.
        """

    def health(self, store: Store) -> Health:
        """Return how everything stands. May take a second."""

    def metrics(self, store: Store) -> tuple[str, str]:
        """Return the exposition for Prometheus, and its content type."""
