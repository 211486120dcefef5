"""Rules at work: a whole message passes every rule and comes out as it was, changed, or not at all.

Bytes of an unfinished message are held back; they go on unchanged when the rest does not come in
time,
so that a rule can delay a device but never silence it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from mitmeter.model import Side
from mitmeter.protocol import (
    Answer,
    Codec,
    Command,
    Decoded,
    Emit,
    Identify,
    Report,
    Rule,
    RuleAction,
    SetTimer,
    Undecodable,
)

M = TypeVar("M")

HOLD_SECONDS = 5.0
_HOLD = "rewrite.hold:"


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of one message on its way to `to`.

    was:    its bytes as received; b"" for a message of our own.
    became: its bytes as they go on; None when a rule dropped it.
    why:    the rule's words; "" when nothing was changed.
    """

    to: Side
    was: bytes
    became: bytes | None
    why: str = ""


Outcome = Changed | SetTimer | Identify | Report | Answer


class Rewriter(Generic[M]):
    """Holds one proxied conversation's codec and rules."""

    __slots__ = ("_codec", "_held", "_make_codec", "_rules")

    def __init__(self, make_codec: Callable[[], Codec[M]], rules: Sequence[Rule[M]]) -> None:
        self._make_codec = make_codec
        self._codec = make_codec()
        self._rules = tuple(rules)
        self._held: dict[Side, bytearray] = {Side.DEVICE: bytearray(), Side.HEADEND: bytearray()}

    def received(self, sender: Side, data: bytes, now: datetime) -> list[Outcome]:
        held = self._held[sender]
        held += data
        outcomes = self._judge_all(sender, self._codec.feed(sender, data), now)
        if held:
            outcomes.append(SetTimer(_HOLD + sender, HOLD_SECONDS))
        return outcomes

    def flush(self, sender: Side, now: datetime) -> list[Outcome]:
        """Let go of what is held of that side: its message will not be completed."""
        return self._judge_all(sender, self._codec.end(sender), now)

    def held(self) -> dict[Side, bytes]:
        return {side: bytes(data) for side, data in self._held.items() if data}

    def timer(self, name: str, now: datetime) -> list[Outcome]:
        if name.startswith(_HOLD):
            sender = Side(name.removeprefix(_HOLD))
            return self.flush(sender, now) if self._held[sender] else []
        index, _, inner = name.partition(":")
        return list(self._perform(int(index), self._rules[int(index)].timer(inner, now)))

    def commanded(self, command: Command, now: datetime) -> list[Outcome]:
        for index, rule in enumerate(self._rules):
            actions = rule.commanded(command, now)
            if actions is not None:
                return list(self._perform(index, actions))
        return [Answer(command.id, False, "no rule of this proxy takes commands (--rule inject)")]

    def _judge_all(
        self, sender: Side, items: list[Decoded[M] | Undecodable], now: datetime
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for item in items:
            outcomes.extend(self._judge(sender, item, now))
        # Only now: should a rule fail, everything not yet passed on is still in `held()`.
        del self._held[sender][: sum(len(item.raw) for item in items)]
        return outcomes

    def _judge(
        self, sender: Side, item: Decoded[M] | Undecodable, now: datetime
    ) -> Iterator[Outcome]:
        current, reasons = item, []
        later: list[Outcome] = []
        for index, rule in enumerate(self._rules):
            verdict = rule.judge(sender, current, now)
            later.extend(self._perform(index, verdict.actions))
            if verdict.forward is None:
                yield Changed(sender.other, item.raw, None, verdict.why)
                yield from later
                return
            if verdict.forward != current.raw:
                reasons.append(verdict.why)
                current = self._again(sender, current, verdict.forward)
        yield Changed(sender.other, item.raw, current.raw, "; ".join(reasons))
        yield from later

    def _again(
        self, sender: Side, was: Decoded[M] | Undecodable, data: bytes
    ) -> Decoded[M] | Undecodable:
        """Decode a changed message for the rules that follow, beside the stream's own codec."""
        codec = self._make_codec()
        items = [*codec.feed(sender, data), *codec.end(sender)]
        return items[0] if len(items) == 1 else Undecodable(data, "changed by a rule")

    def _perform(self, index: int, actions: Iterable[RuleAction[M]]) -> Iterator[Outcome]:
        for action in actions:
            if isinstance(action, Emit):
                yield Changed(
                    action.to, b"", self._codec.encode(action.to.other, action.message), "ours"
                )
            elif isinstance(action, SetTimer):
                yield SetTimer(f"{index}:{action.name}", action.seconds)
            else:
                yield action
