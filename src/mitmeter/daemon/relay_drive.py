"""The I/O loop for a conversation between two others: whatever goes wrong here, the bytes go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mitmeter.daemon.drive import BACKLOG_LIMIT
from mitmeter.daemon.services import Services
from mitmeter.daemon.timers import Timers
from mitmeter.model import Conversation, DeviceId, Severity, Side, instant
from mitmeter.protocol import Answer, Command, Identify, Report, SetTimer
from mitmeter.roles.conversation import Effect, Relay, Transmit
from mitmeter.roles.rewrite import Changed
from mitmeter.transport import Link

# Above this much unwritten journal we do not wait for the usual moment to write it.
_EARLY = 2 << 20


class _Leg:
    """One of a relay's two links."""

    __slots__ = ("_drive", "ended_", "link", "side")

    def __init__(self, drive: RelayDrive, side: Side) -> None:
        self._drive = drive
        self.side = side
        self.link: Link | None = None
        self.ended_ = False

    def received(self, data: bytes) -> None:
        self._drive.received(self.side, data)

    def ended(self) -> None:
        self.ended_ = True
        self._drive.ended(self.side)

    def lost(self, reason: str) -> None:
        self.link = None
        self._drive.lost(self.side, reason)

    def congested(self, full: bool) -> None:
        self._drive.congested(self.side.other, full)


class RelayDrive:
    """Drives a conversation between two others. Nothing that goes wrong here stops the bytes.

    known_as: the name by which operator's commands find it, beside the device's own.
    """

    def __init__(
        self,
        services: Services,
        conversation: Conversation,
        relay: Relay[Any],
        *,
        transparent: bool,
        over: Callable[[RelayDrive, str], None],
        known_as: DeviceId | None = None,
    ) -> None:
        self.conversation = conversation
        self.heard_ns = conversation.opened_ns
        self.legs = {side: _Leg(self, side) for side in Side}
        self._services = services
        self._relay = relay
        self._transparent = transparent
        self._over = over
        self._known_as = known_as
        self._sequence = 0
        self._opened = False
        self._unrecorded = 0
        self._device: DeviceId | None = None
        self._timers = Timers(services, self._timer)
        self._closing = ""
        self._gone = False
        # Two reasons not to read on: the disk is behind; a peer does not take what the other says.
        self._behind = False
        self._saving = False
        self._deaf = dict.fromkeys(Side, False)

    def start(self, side: Side, link: Link) -> _Leg:
        """The first leg is there; it is not read until `join` brings the second."""
        self._opened = self._services.opened(self.conversation)
        self.legs[side].link = link
        link.pause()
        if self._known_as is not None:
            self._services.present[self._known_as] = self
        return self.legs[side]

    def join(self, side: Side, link: Link) -> _Leg:
        if self._gone or self._closing:
            link.abort()
        self.legs[side].link = link
        return self.legs[side]

    def resume(self) -> None:
        for side, leg in self.legs.items():
            if leg.link is not None and not self._behind and not self._deaf[side]:
                leg.link.resume()

    # what the links tell us

    def received(self, side: Side, data: bytes) -> None:
        self.heard_ns = ns = self._services.clock.now_ns()
        if self._transparent:
            self._write(side.other, data)
            self._record(side, ns, data, ours=False)
            self._wait_for_disk()
            return
        self._record(side, ns, data, ours=False)
        self._wait_for_disk()
        now = instant(ns)
        self._run(lambda: self._relay.received(side, data, now))

    def congested(self, speaker: Side, full: bool) -> None:
        """The listener of that side is full, or has room again."""
        self._deaf[speaker] = full
        link = self.legs[speaker].link
        if link is None:
            return
        if full:
            link.pause()
        elif not self._behind:
            link.resume()

    def _wait_for_disk(self) -> None:
        """Read on only while the disk keeps up: what passes is to be on it."""
        services = self._services
        unsaved = services.writer.unsaved
        if unsaved <= _EARLY:
            return
        if not self._saving:
            # Before it is too much, so that the disk is at work while more is read.
            self._saving = True
            services.commit.durable(self._saved)
        if unsaved > BACKLOG_LIMIT and not self._behind and not services.writer.failure:
            self._behind = True
            for leg in self.legs.values():
                if leg.link is not None:
                    leg.link.pause()

    def _saved(self, durable: bool) -> None:
        self._saving = False
        # A disk that fails is told of, but stops nobody.
        if self._behind and (not durable or self._services.writer.unsaved <= BACKLOG_LIMIT):
            self._behind = False
            if all(leg.link is not None for leg in self.legs.values()):
                self.resume()
        if durable and not self._gone:
            self._wait_for_disk()

    def ended(self, side: Side) -> None:
        now = self._services.clock.now()
        if not self._transparent:
            self._run(lambda: self._relay.ended(side, now))
        other = self.legs[side.other]
        if other.ended_:
            self.close(f"closed by the {side}")
        elif other.link is not None:
            other.link.finish()

    def lost(self, side: Side, reason: str) -> None:
        if self._gone:
            return
        other = self.legs[side.other].link
        self._closing = self._closing or f"the {side}'s link: {reason}"
        if other is not None:
            other.close()
            return
        self._gone = True
        self._timers.cancel()
        services = self._services
        services.gone(self, self._device)
        services.gone(self, self._known_as)
        if self._unrecorded:
            services.happened(
                "mitmeter.journal.lost",
                f"{self._unrecorded} bytes were forwarded but could not be recorded",
                severity=Severity.ALARM,
                conversation=self.conversation.id,
                station=self.conversation.station,
                fields={"bytes": self._unrecorded},
            )
        services.closed(self.conversation, self._closing)
        self._over(self, self._closing)

    # what the station and the operator tell us

    def commanded(self, command: Command) -> None:
        now = self._services.clock.now()
        self._run(lambda: self._relay.commanded(command, now))

    def bypass(self, on: bool) -> None:
        """Let everything pass as it is for a while, or have the rules back."""
        if not self._transparent:
            self._run(lambda: self._relay.bypass(on))

    def close(self, reason: str) -> None:
        self._closing = self._closing or reason
        links = [leg.link for leg in self.legs.values() if leg.link is not None]
        for link in links:
            link.close()
        if not links:
            self.lost(Side.DEVICE, reason)

    def abort(self, reason: str) -> None:
        self._closing = self._closing or reason
        for leg in self.legs.values():
            if leg.link is not None:
                leg.link.abort()

    # effects

    def _run(self, step: Callable[[], list[Effect]]) -> None:
        try:
            effects = step()
        except Exception as exc:
            self._go_blind(exc)
            return
        for effect in effects:
            self._perform(effect)

    def _go_blind(self, exc: Exception) -> None:
        """A rule or decoder failed: pass on what it held, and from now on every byte as it is."""
        self._transparent = True
        for side, held in self._relay.blind().items():
            self._write(side.other, held)
        self._services.fault(
            "a rule; forwarding goes on without rules",
            exc,
            self.conversation.id,
            self.conversation.station,
        )

    def _perform(self, effect: Effect) -> None:
        services = self._services
        if isinstance(effect, Transmit):
            if effect.ours:
                self._record(effect.to.other, services.clock.now_ns(), effect.data, ours=True)
            self._write(effect.to, effect.data)
        elif isinstance(effect, SetTimer):
            self._timers.arm(effect)
        elif isinstance(effect, Identify):
            self._device = effect.device
            services.present[effect.device] = self
        elif isinstance(effect, Report):
            services.note(effect.event, self.conversation.id, self.conversation.station)
        elif isinstance(effect, Answer):
            services.answered(effect)
        elif isinstance(effect, Changed):
            self._note_change(effect)

    def _note_change(self, changed: Changed) -> None:
        dropped = changed.became is None
        self._services.happened(
            "mitmeter.rule.dropped" if dropped else "mitmeter.rule.changed",
            f"a message to the {changed.to} was {'not passed on' if dropped else 'changed'}: "
            f"{changed.why or 'by a rule'}",
            conversation=self.conversation.id,
            station=self.conversation.station,
            fields={"to": str(changed.to), "bytes": len(changed.was), "why": changed.why},
        )

    def _timer(self, name: str) -> None:
        now = self._services.clock.now()
        self._run(lambda: self._relay.timer(name, now))

    def _write(self, to: Side, data: bytes) -> None:
        link = self.legs[to].link
        if link is not None:
            link.write(data)

    def _record(self, sender: Side, ns: int, data: bytes, *, ours: bool) -> None:
        if not self._opened and not self._services.writer.failure:
            # The disk was full when the conversation began, and is no longer.
            self._opened = self._services.opened(self.conversation)
        if self._services.record(self.conversation, self._sequence, sender, ns, data, ours):
            self._sequence += 1
        else:
            self._unrecorded += len(data)
