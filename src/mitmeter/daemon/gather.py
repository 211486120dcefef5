"""What one stretch of the journal came to, gathered into one batch for the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mitmeter.daemon.strangers import is_honeypot
from mitmeter.journal.position import Position
from mitmeter.model import (
    Chunk,
    Conversation,
    DeviceId,
    Event,
    Reading,
    Severity,
    Side,
    instant,
    printable,
)
from mitmeter.protocol import Projected
from mitmeter.store import (
    Batch,
    ClockBook,
    Closed,
    Known,
    Moment,
    Noted,
    Pending,
    Progress,
)


class Gathering:
    """Collects one batch. `known` is the set of devices met before, and grows.

    records: how many records of the journal it is made of.
    """

    def __init__(self, clocks: ClockBook, known: set[DeviceId]) -> None:
        self.records = 0
        self._position: Position | None = None
        self._clocks = clocks
        self._known = known
        self._moments: list[Moment] = []
        self._events: list[Noted] = []
        self._facts: list[Known] = []
        self._opened: list[Conversation] = []
        self._closed: list[Closed] = []
        self._pending: list[Pending] = []
        self._progress: dict[str, list[int]] = {}

    def reached(self, position: Position) -> None:
        """Count one more record, with the place behind it."""
        self.records += 1
        self._position = position

    def opened(self, conversation: Conversation) -> None:
        self._opened.append(conversation)
        if is_honeypot(conversation):
            return  # told of, and counted, by its station
        to = f", for {printable(conversation.upstream)}" if conversation.upstream else ""
        what = "from" if conversation.role == "import" else "connection from"
        event = Event(
            "mitmeter.conversation.opened",
            instant(conversation.opened_ns),
            f"{conversation.role} {conversation.protocol}: "
            f"{what} {printable(conversation.peer)}{to}",
            fields={"protocol": conversation.protocol, "peer": printable(conversation.peer)},
        )
        self.noted(event, conversation.station, conversation.id)

    def closed(
        self, conversation: str, reason: str, ns: int, station: str, *, silent: bool = False
    ) -> None:
        """Take a conversation's end; silent: its station tells of it."""
        self._closed.append(Closed(conversation, reason, ns))
        if silent:
            return
        event = Event(
            "mitmeter.conversation.closed",
            instant(ns),
            f"connection closed: {printable(reason)}",
            fields={"reason": printable(reason)},
        )
        self.noted(event, station, conversation)

    def progressed(self, chunk: Chunk) -> None:
        name = chunk.conversation.id
        counts = self._progress.get(name)
        if counts is None:
            counts = self._progress[name] = [chunk.seq, 0, 0, 0]
        counts[1] += 1
        counts[2 if chunk.sender is Side.DEVICE else 3] += len(chunk.data)

    def add(
        self, found: list[Projected], conversation: Conversation, source: str, at: datetime
    ) -> None:
        """Take what the messages that ended in one chunk came to."""
        readings: list[Reading] = []
        met: DeviceId | None = None
        for each in found:
            if isinstance(each, Reading):
                readings.append(each)
            elif isinstance(each, Event):
                self._events.append(Noted(each, conversation.station, conversation.id, source))
            else:
                self._facts.append(Known(each, at, source))
            device = each.device
            # Looked up only where it changes: a message brings dozens of readings of one device.
            if device is not met and device is not None:
                met = device
                if device not in self._known:
                    self._meet(device, conversation, source, at)
        if readings:
            dated = self._clocks.date(readings, source)
            self._moments += dated.moments
            self._events += (
                Noted(each, conversation.station, conversation.id, source) for each in dated.events
            )

    def noted(self, event: Event, station: str, conversation: str) -> None:
        self._events.append(Noted(event, station, conversation))

    def holding(self, conversation: str, held: dict[str, bytes], before: set[str]) -> None:
        """Write down the half messages of a conversation; streams no longer held are forgotten."""
        for stream, data in held.items():
            self._pending.append(Pending(conversation, stream, data))
        for stream in before - held.keys():
            self._pending.append(Pending(conversation, stream, b""))

    def batch(self) -> Batch:
        return Batch(
            position="" if self._position is None else str(self._position),
            moments=self._moments,
            events=self._events,
            facts=self._facts,
            opened=self._opened,
            progress=[
                Progress(name, first, chunks, device, headend)
                for name, (first, chunks, device, headend) in self._progress.items()
            ],
            closed=self._closed,
            pending=self._pending,
            clocks=self._clocks.changed(),
        )

    def heard(self) -> tuple[list[Event], list[Reading]]:
        """Return the events, and the readings with their corrected times, for who listens."""
        readings = [
            replace(each, at=moment.at, source=moment.source)
            for moment in self._moments
            for each in moment.readings
        ]
        return [each.event for each in self._events], readings

    def _meet(
        self, device: DeviceId, conversation: Conversation, source: str, at: datetime
    ) -> None:
        self._known.add(device)
        event = Event(
            "mitmeter.device.seen",
            at,
            f"{device} is heard for the first time",
            Severity.NOTICE,
            device,
        )
        self._events.append(Noted(event, conversation.station, conversation.id, source))
