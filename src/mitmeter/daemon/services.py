"""What all conversations of a daemon share: clock, journal, who is connected, what happened."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mitmeter.daemon.clock import Clock
from mitmeter.errors import JournalError
from mitmeter.journal.commit import GroupCommit
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Chunk, Conversation, DeviceId, Event, Field, Severity, Side, printable
from mitmeter.protocol import Answer, Command

log = logging.getLogger("mitmeter")

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
Watcher = Callable[[Chunk], None]
# Hears of a conversation's end: its id, why, and when.
Leaver = Callable[[str, str, int], None]
# Events that wait for a journal that is full; beyond these the oldest are given up.
_MOST_UNNOTED = 1000


class Commandable(Protocol):
    """A live conversation that can be given an operator's command."""

    def commanded(self, command: Command) -> None: ...


def new_id(ns: int) -> str:
    """Return a conversation id: 16 characters, the first ten sort by time, the rest are random."""
    number = (ns // 1_000_000 << 30) | secrets.randbits(30)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(75, -5, -5))


@dataclass(slots=True)
class Services:
    """Shared by the stations of one daemon. Journal faults are counted here and never raised."""

    clock: Clock
    writer: JournalWriter
    commit: GroupCommit
    data: Path
    watchers: list[Watcher] = field(default_factory=list)
    leavers: list[Leaver] = field(default_factory=list)
    present: dict[DeviceId, Commandable] = field(default_factory=dict)
    unrecorded_bytes: int = 0
    held_bytes: int = 0
    faults: int = 0
    _asked: dict[str, tuple[asyncio.Future[Answer], Commandable]] = field(default_factory=dict)
    _unnoted: deque[tuple[Event, str, str]] = field(
        default_factory=lambda: deque(maxlen=_MOST_UNNOTED)
    )

    def note(self, event: Event, conversation: str = "", station: str = "") -> None:
        """Journal an event; it reaches the store by the same road as the bytes."""
        if event.severity in (Severity.WARNING, Severity.ALARM):
            log.warning("%s%s", f"{station}: " if station else "", event.message)
        try:
            self.writer.note(event, conversation, station)
        except JournalError as exc:
            log.warning("event not recorded yet: %s", exc)
            self._unnoted.append((event, conversation, station))

    def note_refused(self, _: object = None) -> None:
        """The journal has been saved: events it had refused before are noted now."""
        while self._unnoted:
            try:
                self.writer.note(*self._unnoted[0])
            except JournalError:
                return
            self._unnoted.popleft()

    def happened(
        self,
        eventid: str,
        message: str,
        *,
        severity: Severity = Severity.INFO,
        conversation: str = "",
        station: str = "",
        device: DeviceId | None = None,
        fields: Mapping[str, Field] | None = None,
    ) -> None:
        event = Event(eventid, self.clock.now(), message, severity, device, fields or {})
        self.note(event, conversation, station)

    def opened(self, conversation: Conversation) -> bool:
        """Journal a conversation's opening; False when the journal cannot take it."""
        try:
            self.writer.open(conversation)
        except JournalError as exc:
            log.warning("%s: %s", conversation.station, exc)
            return False
        return True

    def closed(self, conversation: Conversation, reason: str) -> None:
        """Journal a conversation's end; one whose opening was refused has none."""
        ns = self.clock.now_ns()
        for leaver in self.leavers:
            leaver(conversation.id, reason, ns)
        try:
            self.writer.close(conversation.id, reason, ns)
        except JournalError as exc:
            log.debug("%s: %s", conversation.station, exc)

    def record(
        self, conversation: Conversation, seq: int, sender: Side, ns: int, data: bytes, ours: bool
    ) -> bool:
        """Append bytes to the journal; False when it could not take them, counted."""
        try:
            self.writer.data(conversation.id, seq, sender, ns, data, ours)
        except JournalError:
            self.unrecorded_bytes += len(data)
            return False
        if self.watchers:
            chunk = Chunk(conversation, seq, sender, ns, data, ours)
            for watcher in self.watchers:
                watcher(chunk)
        return True

    def fault(self, where: str, exc: Exception, conversation: str, station: str) -> None:
        """Our own code failed: count it, keep the daemon up, leave the trace for -v."""
        self.faults += 1
        log.debug("%s: fault in %s", station, where, exc_info=exc)
        self.happened(
            "mitmeter.fault",
            f"mitmeter failed in {where}: {type(exc).__name__}: {printable(str(exc))}",
            severity=Severity.WARNING,
            conversation=conversation,
            station=station,
        )

    # commands

    async def command(self, command: Command, timeout: float = 150.0) -> Answer:
        """Give a device a command and wait for what becomes of it."""
        conversation = self.present.get(command.device)
        if conversation is None:
            return self._refused(command, f"{command.device} is not connected")
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[command.id] = (waiting, conversation)
        try:
            conversation.commanded(command)
            async with asyncio.timeout(self.clock.real(timeout)):
                return await waiting
        except TimeoutError:
            return self._refused(command, f"no answer within {timeout:g} s")
        finally:
            self._asked.pop(command.id, None)

    def answered(self, answer: Answer) -> None:
        asked = self._asked.get(answer.command_id)
        if asked is not None and not asked[0].done():
            asked[0].set_result(answer)

    def gone(self, conversation: Commandable, device: DeviceId | None) -> None:
        """A conversation is over: it takes no commands any more, and answers none."""
        if device is not None and self.present.get(device) is conversation:
            del self.present[device]
        for name, (_, where) in list(self._asked.items()):
            if where is conversation:
                self.answered(Answer(name, False, "the connection was lost on the way"))

    def _refused(self, command: Command, reason: str) -> Answer:
        self.happened(
            "mitmeter.command.refused",
            f"command {printable(command.name)} for {command.device} refused: {reason}",
            severity=Severity.NOTICE,
            device=command.device,
            fields={"command": printable(command.name), "reason": reason},
        )
        return Answer(command.id, False, reason)
