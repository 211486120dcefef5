"""Rules at work: a whole message passes every rule and comes out as it was, changed, or not at all.

Bytes of an unfinished message are held back; they go on unchanged when the rest does not come in
time, so that a rule can delay a device but never silence it. While the rules are bypassed, bytes go
on as they come and only the codec listens, so that it knows where it is when they are back.
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
    EmitRaw,
    Identify,
    Report,
    Rule,
    RuleAction,
    SetTimer,
    Settles,
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

    __slots__ = ("_bypassed", "_codec", "_gone", "_held", "_make_codec", "_rules", "_waiting")

    def __init__(self, make_codec: Callable[[], Codec[M]], rules: Sequence[Rule[M]]) -> None:
        self._make_codec = make_codec
        self._codec = make_codec()
        self._rules = tuple(rules)
        self._held: dict[Side, bytearray] = {Side.DEVICE: bytearray(), Side.HEADEND: bytearray()}
        # How many of the bytes held have gone on already, while the rules were bypassed.
        self._gone = dict.fromkeys(Side, 0)
        # Whether the timer of a half message runs.
        self._waiting = dict.fromkeys(Side, False)
        self._bypassed = False

    def received(self, sender: Side, data: bytes, now: datetime) -> list[Outcome]:
        held = self._held[sender]
        held += data
        codec = self._codec
        items = codec.feed(sender, data)
        if isinstance(codec, Settles):
            items = [*items, *codec.settle(sender)]
        if self._bypassed:
            del held[: sum(len(item.raw) for item in items)]
            self._gone[sender] = len(held)
            return [Changed(sender.other, data, data)]
        outcomes = self._judge_all(sender, items, now)
        if not held:
            self._waiting[sender] = False
        elif items or not self._waiting[sender]:
            # From the first byte of a message, so that one that comes in drips is waited for alike.
            self._waiting[sender] = True
            outcomes.append(SetTimer(_HOLD + sender, HOLD_SECONDS))
        return outcomes

    def flush(self, sender: Side, now: datetime) -> list[Outcome]:
        """Let go of what is held of that side: its message will not be completed."""
        self._waiting[sender] = False
        return self._judge_all(sender, self._codec.end(sender), now)

    def held(self) -> dict[Side, bytes]:
        """Return what has not gone on yet."""
        held = {side: bytes(data[self._gone[side] :]) for side, data in self._held.items()}
        return {side: data for side, data in held.items() if data}

    def bypass(self, on: bool) -> list[Outcome]:
        """Let everything pass unjudged, or judge again, from the next message on."""
        self._bypassed = on
        passed: list[Outcome] = []
        for side, data in self.held().items() if on else ():
            passed.append(Changed(side.other, data, data))
            self._gone[side] = len(self._held[side])
        return passed

    def timer(self, name: str, now: datetime) -> list[Outcome]:
        if name.startswith(_HOLD):
            sender = Side(name.removeprefix(_HOLD))
            return self.flush(sender, now) if self._held[sender] else []
        index, _, inner = name.partition(":")
        outcomes = list(self._perform(int(index), self._rules[int(index)].timer(inner, now)))
        if self._bypassed:
            # The rule may go on with its own affairs, but says nothing.
            return [each for each in outcomes if not isinstance(each, Changed)]
        return outcomes

    def commanded(self, command: Command, now: datetime) -> list[Outcome]:
        if self._bypassed:
            return [Answer(command.id, False, "the rules of this proxy are bypassed just now")]
        for index, rule in enumerate(self._rules):
            actions = rule.commanded(command, now)
            if actions is not None:
                return list(self._perform(index, actions))
        return [Answer(command.id, False, "no rule of this proxy takes commands (--rule inject)")]

    def _judge_all(
        self, sender: Side, items: list[Decoded[M] | Undecodable], now: datetime
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        gone = self._gone[sender]
        for item in items:
            if gone:
                # It began while the rules were bypassed, and its beginning has gone on.
                rest = item.raw[gone:]
                gone = max(0, gone - len(item.raw))
                outcomes += [Changed(sender.other, rest, rest)] if rest else []
                continue
            outcomes.extend(self._judge(sender, item, now))
        # Only now: should a rule fail, everything not yet passed on is still in `held()`.
        del self._held[sender][: sum(len(item.raw) for item in items)]
        self._gone[sender] = gone
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
            elif isinstance(action, EmitRaw):
                yield Changed(action.to, b"", action.data, "ours")
            elif isinstance(action, SetTimer):
                yield SetTimer(f"{index}:{action.name}", action.seconds)
            else:
                yield action
