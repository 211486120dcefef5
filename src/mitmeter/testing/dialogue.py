"""Our device talks to our head-end: in memory, in simulated time, through the codecs both ways."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import count
from typing import Any, Generic, Self, TypeVar

from mitmeter.errors import LocalProtocolError
from mitmeter.model import Chunk, Conversation, DeviceId, Event, Fact, Reading, Secret, Side
from mitmeter.model import nanoseconds as ns_of
from mitmeter.protocol import (
    Answer,
    Close,
    Command,
    Decoded,
    DeviceContext,
    HeadendContext,
    House,
    Identify,
    Party,
    Report,
    SetTimer,
    Spec,
    Undecodable,
)
from mitmeter.roles.conversation import Effect, Talk, Transmit
from mitmeter.testing.cutting import WHOLE, Chunking
from mitmeter.testing.house import SteadyHouse
from mitmeter.testing.memory import Memory
from mitmeter.testing.replay import Heard, Tap

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Line:
    """The simulated line between the two.

    latency_seconds:   from one end to the other.
    reconnect_seconds: from the end of a conversation to the next.
    cut:               how bytes said at once are cut into chunks.
    """

    latency_seconds: float = 0.02
    reconnect_seconds: float = 10.0
    cut: Chunking = WHOLE


@dataclass(frozen=True, slots=True)
class Closing:
    """A conversation that ended: when, and who wanted it; `by` is None when the line was cut."""

    at: datetime
    by: Side | None
    reason: str


@dataclass(slots=True)
class _Live(Generic[M]):
    """One open conversation: both ends of it, and the timers they have set."""

    conversation: Conversation
    talks: Mapping[Side, Talk[M]]
    seq: count[int] = field(default_factory=count)
    timers: dict[tuple[Side, str], int] = field(default_factory=dict)
    closing: bool = False


class Dialogue(Generic[M]):
    """Both parties of one protocol, and everything they have said so far.

    The record is what a trap's journal would hold: a device's chunk at the moment it arrives, the
    head-end's at the moment it is said. The device is one and the same from one conversation to the
    next; the head-end is made anew for each, and remembers through facts and readings only.
    """

    def __init__(
        self,
        spec: Spec[M],
        *,
        start: datetime,
        device: Party[M],
        headend: Callable[[], Party[M]],
        memory: Memory,
        line: Line,
    ) -> None:
        self.now = start
        self.chunks: list[Chunk] = []
        self.closings: list[Closing] = []
        self.answers: dict[str, Answer] = {}
        self.reports: list[Event] = []
        self.device: DeviceId | None = None
        self._spec = spec
        self._parties = {Side.DEVICE: lambda: device, Side.HEADEND: headend}
        self._memory = memory
        self._line = line
        self._tap = Tap(spec)
        self._learned = (0, 0)
        self._live: _Live[M] | None = None
        self._conversations = 0
        self._commands = 0
        self._order = count()
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._after(0.0, self._open)

    # what happens next

    def run(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> Self:
        """Let that much simulated time pass."""
        until = self.now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        due = self._due
        while due and due[0][0] <= until:
            self.now, _, happen = heapq.heappop(due)
            happen()
        self.now = until
        return self

    def command(self, name: str, **arguments: str) -> str:
        """Give the head-end an operator's command for the device; return the command's id.

        Its answer is in `answers` once it is known. Raises LocalProtocolError when nobody is there.
        """
        if self._live is None or self.device is None:
            raise LocalProtocolError("no device is connected and identified")
        self._commands += 1
        command = Command(f"command-{self._commands}", self.device, name, arguments)
        self._perform(Side.HEADEND, self._live.talks[Side.HEADEND].commanded(command, self.now))
        return command.id

    def disconnect(self, seconds: float | None = None) -> Self:
        """Cut the line now; it is mended after so many seconds (else after the usual delay)."""
        if self._live is not None:
            self._shut(self._live, None, "the line was cut", seconds)
        return self

    # what was said

    @property
    def items(self) -> list[Heard[M]]:
        """Everything decoded and everything that was not, in order, with who said it."""
        return self._tap.items

    @property
    def facts(self) -> list[Fact]:
        return self._tap.facts

    @property
    def events(self) -> list[Event]:
        """What the projection made of the messages; what the parties report is in `reports`."""
        return self._tap.events

    def said_by(self, side: Side) -> list[M]:
        """Return the messages one side has said, in order."""
        return [
            heard.item.message
            for heard in self._tap.items
            if heard.sender is side and isinstance(heard.item, Decoded)
        ]

    def undecodable(self) -> list[Undecodable]:
        """Return what neither side should have said."""
        return [each.item for each in self._tap.items if isinstance(each.item, Undecodable)]

    def readings(self, quantity: str | None = None) -> list[Reading]:
        """Return the readings in the order they were heard: all, or those of one quantity."""
        found = self._tap.readings
        return [each for each in found if quantity is None or each.quantity == quantity]

    # how it happens

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        at = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._due, (at, next(self._order), happen))

    def _open(self) -> None:
        self._conversations += 1
        conversation = Conversation(
            id=f"dialogue{self._conversations:08d}",
            protocol=self._spec.name,
            role="trap" if self._spec.dials is Side.DEVICE else "probe",
            station="dialogue",
            peer="192.0.2.1:40000",
            opened_ns=ns_of(self.now),
            synthetic=True,
        )
        talks = {
            side: Talk(self._spec.codec(), party(), side) for side, party in self._parties.items()
        }
        self._tap.restart()
        self._live = live = _Live(conversation, talks)
        for side in (self._spec.dials, self._spec.dials.other):
            if self._live is live:
                self._perform(side, talks[side].opened(self.now))

    def _perform(self, side: Side, effects: list[Effect]) -> None:
        """Carry out what the party on `side` wants, unless it has hung up already."""
        for effect in effects:
            live = self._live
            if isinstance(effect, Identify):
                self.device = effect.device
            elif isinstance(effect, Report):
                self.reports.append(effect.event)
            elif isinstance(effect, Answer):
                self.answers[effect.command_id] = effect
            elif live is None or live.closing:
                continue
            elif isinstance(effect, Transmit):
                self._transmit(live, side, effect.data)
            elif isinstance(effect, SetTimer):
                token = next(self._order)
                live.timers[side, effect.name] = token
                self._after(effect.seconds, partial(self._ring, live, side, effect.name, token))
            elif isinstance(effect, Close):
                live.closing = True
                shut = partial(self._shut, live, side, effect.reason)
                self._after(self._line.latency_seconds, shut)

    def _transmit(self, live: _Live[M], sender: Side, data: bytes) -> None:
        for part in self._line.cut(data):
            if sender is Side.HEADEND:
                self._record(live, sender, part)
            self._after(self._line.latency_seconds, partial(self._deliver, live, sender, part))

    def _deliver(self, live: _Live[M], sender: Side, data: bytes) -> None:
        if self._live is not live:
            return
        if sender is Side.DEVICE:
            self._record(live, sender, data)
        self._perform(sender.other, live.talks[sender.other].received(data, self.now))

    def _record(self, live: _Live[M], sender: Side, data: bytes) -> None:
        ours = sender is Side.HEADEND
        chunk = Chunk(live.conversation, next(live.seq), sender, ns_of(self.now), data, ours)
        self.chunks.append(chunk)
        self._tap.hear(chunk)
        self._learn()

    def _learn(self) -> None:
        readings, facts = self._learned
        self._memory.learn(self._tap.readings[readings:], self._tap.facts[facts:])
        self._learned = (len(self._tap.readings), len(self._tap.facts))

    def _ring(self, live: _Live[M], side: Side, name: str, token: int) -> None:
        # Timers that were replaced are still in the heap; only the newest of a name rings.
        if self._live is live and live.timers.get((side, name)) == token:
            del live.timers[side, name]
            self._perform(side, live.talks[side].timer(name, self.now))

    def _shut(
        self, live: _Live[M], by: Side | None, reason: str, seconds: float | None = None
    ) -> None:
        if self._live is not live:
            return
        live.closing = True
        for side in Side:
            self._perform(side, live.talks[side].ended(self.now))
        self._tap.end()
        self._learn()
        self.closings.append(Closing(self.now, by, reason))
        self._live = None
        self._after(self._line.reconnect_seconds if seconds is None else seconds, self._open)


def dialogue(
    spec: Spec[M],
    *,
    start: datetime,
    house: House | None = None,
    zone: tzinfo | None = None,
    control: bool = True,
    headend_options: Mapping[str, str] | None = None,
    device_options: Mapping[str, str] | None = None,
    persona: Mapping[str, Any] | None = None,
    user: str = "",
    password: str = "",
    seed: int = 1,
    line: Line | None = None,
) -> Dialogue[M]:
    """Return a dialogue of the protocol's own device and head-end, not yet begun: call `run`.

    start: aware UTC.  house: one where nothing changes, unless given.  zone: the site's.
    Raises LocalProtocolError when the protocol lacks one of the two.
    """
    make_headend, make_device = spec.headend, spec.device
    if make_headend is None or make_device is None:
        missing = "head-end" if make_headend is None else "device"
        raise LocalProtocolError(f"{spec.name} has no {missing} to talk to")
    memory = Memory()
    theirs = HeadendContext(memory.recall, memory.gaps, zone, control, headend_options or {})
    ours = DeviceContext(
        house=house or SteadyHouse(),
        persona=persona or {},
        user=user,
        password=Secret(password),
        zone=zone,
        seed=seed,
        options=device_options or {},
    )
    return Dialogue(
        spec,
        start=start,
        device=make_device(ours),
        headend=partial(make_headend, theirs),
        memory=memory,
        line=line or Line(),
    )
