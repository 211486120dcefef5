"""The engine behind every role: bytes in, effects out, sans-IO.

A `Talk` is a conversation in which we play one side; a `Relay` stands between two others. Both
return
effects in order: plain bytes-carrying `Transmit`s for the wire, and what else should happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from mitmeter.model import Side
from mitmeter.protocol import (
    Action,
    Answer,
    Close,
    Codec,
    Command,
    Decoded,
    Identify,
    Party,
    Progress,
    Report,
    Restart,
    Rule,
    Send,
    SendRaw,
    SetTimer,
    TakesLeave,
    Undecodable,
)
from mitmeter.roles.rewrite import Changed, Rewriter

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Transmit:
    """Write these bytes to the link on that side. `ours` is False for bytes passed on untouched."""

    to: Side
    data: bytes
    ours: bool


Effect = Transmit | SetTimer | Close | Restart | Progress | Identify | Report | Answer | Changed


class Talk(Generic[M]):
    """A conversation in which we play one side, through the party that knows how it behaves."""

    __slots__ = ("_codec", "_party", "_peer", "_plays", "decoded", "garbled_bytes", "held")

    def __init__(self, codec: Codec[M], party: Party[M], plays: Side) -> None:
        self._codec = codec
        self._party = party
        self._plays = plays
        self._peer = plays.other
        self.decoded = 0
        self.garbled_bytes = 0
        self.held = 0

    @property
    def takes_leave(self) -> bool:
        """Whether the party ends the conversation itself, some time after `leaving`."""
        return isinstance(self._party, TakesLeave)

    def opened(self, now: datetime) -> list[Effect]:
        return self._perform(self._party.opened(now))

    def received(self, data: bytes, now: datetime) -> list[Effect]:
        """Return what the peer's bytes lead to. `held` tells how many of them wait for more."""
        self.held += len(data)
        return self._take(self._codec.feed(self._peer, data), now)

    def ended(self, now: datetime) -> list[Effect]:
        """The peer's bytes have ended, or what is held has waited too long for the rest."""
        return self._take(self._codec.end(self._peer), now)

    def timer(self, name: str, now: datetime) -> list[Effect]:
        return self._perform(self._party.timer(name, now))

    def commanded(self, command: Command, now: datetime) -> list[Effect]:
        return self._perform(self._party.commanded(command, now))

    def leaving(self, now: datetime) -> list[Effect]:
        """We are about to end the conversation: return what the party still wants to do."""
        party = self._party
        return self._perform(party.leaving(now)) if isinstance(party, TakesLeave) else []

    def _take(self, items: list[Decoded[M] | Undecodable], now: datetime) -> list[Effect]:
        effects: list[Effect] = []
        party = self._party
        for item in items:
            self.held -= len(item.raw)
            if isinstance(item, Decoded):
                self.decoded += 1
                self.garbled_bytes = 0
                actions = party.received(item.message, now)
            else:
                self.garbled_bytes += len(item.raw)
                actions = party.garbled(item, now)
            self._perform(actions, effects)
        return effects

    def _perform(
        self, actions: Iterable[Action[M]], effects: list[Effect] | None = None
    ) -> list[Effect]:
        into: list[Effect] = [] if effects is None else effects
        for action in actions:
            if isinstance(action, Send):
                into.append(self._say(self._codec.encode(self._plays, action.message)))
            elif isinstance(action, SendRaw):
                into.append(self._say(action.data))
            else:
                into.append(action)
        return into

    def _say(self, data: bytes) -> Transmit:
        # Our own words pass it too: a codec that pairs requests with answers needs both.
        self._codec.feed(self._plays, data)
        return Transmit(self._peer, data, ours=True)


class Relay(Generic[M]):
    """A conversation between two others. Without rules, bytes pass as they come, undecoded."""

    __slots__ = ("_rewriter",)

    def __init__(self, make_codec: Callable[[], Codec[M]], rules: Sequence[Rule[M]]) -> None:
        self._rewriter = Rewriter(make_codec, rules) if rules else None

    def received(self, sender: Side, data: bytes, now: datetime) -> list[Effect]:
        if self._rewriter is None:
            return [Transmit(sender.other, data, ours=False)]
        return self._passed(self._rewriter.received(sender, data, now))

    def ended(self, sender: Side, now: datetime) -> list[Effect]:
        """That side has ended: what the rules still hold goes on as it is."""
        return [] if self._rewriter is None else self._passed(self._rewriter.flush(sender, now))

    def timer(self, name: str, now: datetime) -> list[Effect]:
        return [] if self._rewriter is None else self._passed(self._rewriter.timer(name, now))

    def commanded(self, command: Command, now: datetime) -> list[Effect]:
        if self._rewriter is None:
            return [
                Answer(
                    command.id, False, "this proxy has no rule that takes commands (--rule inject)"
                )
            ]
        return self._passed(self._rewriter.commanded(command, now))

    def bypass(self, on: bool) -> list[Effect]:
        """Let everything pass unjudged for a while, or judge again."""
        return [] if self._rewriter is None else self._passed(self._rewriter.bypass(on))

    def blind(self) -> dict[Side, bytes]:
        """Give up on rules for good; return what they still held, by sender."""
        rewriter, self._rewriter = self._rewriter, None
        return {} if rewriter is None else rewriter.held()

    @staticmethod
    def _passed(
        outcomes: Iterable[Changed | SetTimer | Identify | Report | Answer],
    ) -> list[Effect]:
        effects: list[Effect] = []
        for outcome in outcomes:
            if isinstance(outcome, Changed):
                if outcome.became is not None:
                    effects.append(
                        Transmit(outcome.to, outcome.became, ours=outcome.was != outcome.became)
                    )
                if outcome.was != outcome.became and outcome.was:
                    effects.append(outcome)
            else:
                effects.append(outcome)
        return effects
