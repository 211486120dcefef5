"""The I/O loop for a conversation in which we play one side: sockets meet codecs here.

A trap's answers wait here until the journal that holds their cause is on disk. `relay_drive` is the
same for a conversation between two others; nowhere else do the two worlds touch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from mitmeter.daemon.services import Services
from mitmeter.daemon.timers import Timers
from mitmeter.model import Conversation, DeviceId, Severity, Side, instant
from mitmeter.protocol import (
    Answer,
    Close,
    Command,
    Identify,
    Progress,
    Report,
    Restart,
    SetTimer,
)
from mitmeter.roles.conversation import Effect, Talk, Transmit
from mitmeter.transport import Link

# A peer that sends this much nonsense without one good message is not speaking our protocol.
GARBLED_LIMIT = 262_144
# Above this much unwritten journal we stop reading until the disk has caught up.
BACKLOG_LIMIT = 16 << 20
# Above this much of unfinished messages, all conversations together, the latest is not waited for.
HELD_LIMIT = 64 << 20
# Noted when the rest of a message is waited for no longer: who reads the journal does the same.
HALF_MESSAGE = "mitmeter.conversation.half_message"

# What a party wants that is not its conversation's to do.
Wish = Restart | Progress


def nobody_grants(drive: TalkDrive, wish: Wish) -> None:
    """Only emulated units restart, and only a probe has somebody who waits for it."""


class TalkDrive:
    """Drives one conversation in which we play one side.

    hold: answers wait for the disk (a trap); an emulator speaks at once.
    wish: hears what the party wants of the station.
    heard_bytes, said_bytes: so far, by the peer and by us.
    """

    __slots__ = (
        "_behind",
        "_closing",
        "_counted",
        "_deaf",
        "_device",
        "_gone",
        "_hold",
        "_left",
        "_link",
        "_over",
        "_peer",
        "_plays",
        "_sequence",
        "_services",
        "_shut",
        "_talk",
        "_timers",
        "_waiting",
        "_wish",
        "conversation",
        "heard_bytes",
        "heard_ns",
        "held_ns",
        "said_bytes",
    )

    def __init__(
        self,
        services: Services,
        conversation: Conversation,
        link: Link,
        talk: Talk[Any],
        plays: Side,
        *,
        hold: bool,
        over: Callable[[TalkDrive, str], None],
        wish: Callable[[TalkDrive, Wish], None] = nobody_grants,
    ) -> None:
        self.conversation = conversation
        self.heard_ns = conversation.opened_ns
        self.held_ns = 0
        self.heard_bytes = 0
        self.said_bytes = 0
        self._services = services
        self._link = link
        self._talk = talk
        self._plays = plays
        self._peer = plays.other
        self._hold = hold
        self._over = over
        self._wish = wish
        self._sequence = 0
        self._waiting: deque[tuple[bytes, Close | None]] = deque()
        self._timers: Timers | None = None
        self._device: DeviceId | None = None
        self._closing = ""
        self._counted = 0
        self._gone = False
        self._shut = False
        self._left = False
        # Two reasons not to read on: the disk is behind; the peer does not take what we say.
        self._behind = False
        self._deaf = False

    def start(self) -> None:
        if not self._services.opened(self.conversation) and self._hold:
            self.abort("the journal cannot be written, so nothing can be answered")
            return
        self._run("opening", lambda now: self._talk.opened(now))

    # what the link tells us

    def received(self, data: bytes) -> None:
        services = self._services
        ns = services.clock.now_ns()
        recorded = services.record(self.conversation, self._sequence, self._peer, ns, data, False)
        self._sequence += recorded
        self.heard_bytes += len(data)
        if self._closing:
            return
        if not recorded and self._hold:
            self.abort("the journal cannot be written, so nothing can be answered")
            return
        talk = self._talk
        before = talk.decoded
        try:
            effects = talk.received(data, instant(ns))
        except Exception as exc:
            self._failed("receiving", exc)
            return
        if talk.decoded != before:
            self.heard_ns = ns
            self.held_ns = ns if talk.held else 0
        elif not talk.held:
            self.held_ns = 0
        elif not self.held_ns:
            self.held_ns = ns
        if effects:
            self._perform(effects)
        if talk.held or self._counted:
            self._count_held()
            if services.held_bytes > HELD_LIMIT and talk.held:
                self.flush_held()
        if talk.garbled_bytes > GARBLED_LIMIT:
            self.close(f"{talk.garbled_bytes} bytes without one sound message")
        if services.writer.unsaved > BACKLOG_LIMIT:
            self._behind = True
            self._link.pause()
            services.commit.durable(self._caught_up)

    def ended(self) -> None:
        if not self._closing:
            self._run("ending", lambda now: self._talk.ended(now))
            self.close("closed by peer")

    def lost(self, reason: str) -> None:
        if self._gone:
            return
        self._gone = True
        services = self._services
        if self._talk.held and not self._closing:
            self._run("ending", lambda now: self._talk.ended(now))
        services.held_bytes -= self._counted
        if self._timers is not None:
            self._timers.cancel()
        services.gone(self, self._device)
        reason = self._closing or reason
        services.closed(self.conversation, reason)
        self._over(self, reason)

    def congested(self, full: bool) -> None:
        self._deaf = full
        if full:
            self._link.pause()
        elif not self._behind:
            self._link.resume()

    @property
    def decoded(self) -> int:
        """Return how many whole messages the peer has said."""
        return self._talk.decoded

    @property
    def garbled_bytes(self) -> int:
        """Return how many bytes of nonsense came since the peer's last whole message."""
        return self._talk.garbled_bytes

    # what the station and the operator tell us

    def waits_since(self, seconds: float, now_ns: int) -> bool:
        """Tell whether half a message has waited longer than that for its rest."""
        return self.held_ns > 0 and now_ns - self.held_ns > seconds * 1e9

    def flush_held(self) -> None:
        """The rest of a half-received message has not come in time: take what is there as it is."""
        self.held_ns = 0
        self._services.happened(
            HALF_MESSAGE,
            f"the rest of a message has not come: {self._talk.held} bytes are taken as they are",
            severity=Severity.NOTICE,
            conversation=self.conversation.id,
            station=self.conversation.station,
            fields={"bytes": self._talk.held},
        )
        self._run("flushing", lambda now: self._talk.ended(now))
        self._count_held()

    def _count_held(self) -> None:
        """Keep the sum of what all conversations hold of unfinished messages."""
        if not self._gone:
            self._services.held_bytes += self._talk.held - self._counted
            self._counted = self._talk.held

    def commanded(self, command: Command) -> None:
        self._run("a command", lambda now: self._talk.commanded(command, now))

    def close(self, reason: str) -> None:
        """End the conversation once everything already said is out.

        A party that takes its leave is left a moment for that: the next call ends it.
        """
        if not self._closing and not self._left:
            self._left = True
            self._run("taking leave", lambda now: self._talk.leaving(now))
            if self._talk.takes_leave:
                return
        if not self._closing:
            self._closing = reason
            self._send(b"", Close(reason))

    def abort(self, reason: str) -> None:
        self._closing = self._closing or reason
        self._link.abort()

    # effects

    def _run(self, what: str, step: Callable[[Any], list[Effect]]) -> None:
        try:
            effects = step(self._services.clock.now())
        except Exception as exc:
            self._failed(what, exc)
        else:
            self._perform(effects)

    def _failed(self, what: str, exc: Exception) -> None:
        station = self.conversation.station
        self._services.fault(what, exc, self.conversation.id, station)
        self.abort(f"mitmeter failed in {what}")

    def _perform(self, effects: list[Effect]) -> None:
        out: list[bytes] = []
        closing: Close | None = None
        wishes: list[Wish] | None = None
        for effect in effects:
            if isinstance(effect, Transmit):
                out.append(effect.data)
            elif isinstance(effect, Close):
                closing = effect
                self._closing = effect.reason
            elif isinstance(effect, Wish):
                wishes = [*(wishes or ()), effect]
            else:
                self._other(effect)
        if out or closing is not None:
            self._send(out[0] if len(out) == 1 else b"".join(out), closing)
        if wishes is not None:
            # A unit restarts once everything said before has been sent.
            for wish in wishes:
                self._wish(self, wish)

    def _other(self, effect: Effect) -> None:
        services = self._services
        if isinstance(effect, SetTimer):
            if self._gone:
                return
            if self._timers is None:
                self._timers = Timers(services, self._timer)
            self._timers.arm(effect)
        elif isinstance(effect, Identify):
            self._device = effect.device
            services.present[effect.device] = self
        elif isinstance(effect, Report):
            services.note(effect.event, self.conversation.id, self.conversation.station)
        elif isinstance(effect, Answer):
            services.answered(effect)

    def _timer(self, name: str) -> None:
        self._run(f"timer {name}", lambda now: self._talk.timer(name, now))

    def _send(self, data: bytes, closing: Close | None) -> None:
        if not self._hold:
            self._write(data, closing)
        else:
            self._waiting.append((data, closing))
            self._services.commit.durable(self._release)

    def _release(self, durable: bool) -> None:
        data, closing = self._waiting.popleft()
        if durable:
            self._write(data, closing)
        else:
            self.abort("the journal cannot be written, so nothing can be answered")

    def _write(self, data: bytes, closing: Close | None) -> None:
        if self._gone or self._shut:
            return
        if data:
            services = self._services
            ns = services.clock.now_ns()
            self._sequence += services.record(
                self.conversation, self._sequence, self._plays, ns, data, True
            )
            self._link.write(data)
            self.said_bytes += len(data)
        if closing is not None:
            self._shut = True
            self._link.close()

    def _caught_up(self, durable: bool) -> None:
        self._behind = False
        if not durable:
            self.abort("the journal cannot be written")
        elif not self._deaf:
            self._link.resume()
