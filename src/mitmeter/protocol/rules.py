"""What a proxy may do to the items that pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol

from mitmeter.model import Side
from mitmeter.protocol.actions import Answer, Command, Identify, M_co, Report, SetTimer
from mitmeter.protocol.items import Decoded, M, Undecodable


@dataclass(frozen=True, slots=True)
class Emit(Generic[M_co]):
    """Say a message of our own towards `to`, in the voice of the other side."""

    to: Side
    message: M_co


@dataclass(frozen=True, slots=True)
class EmitRaw:
    """Say exactly these bytes towards `to`, between two messages of the other side."""

    to: Side
    data: bytes


RuleAction = Emit[M] | EmitRaw | SetTimer | Identify | Report | Answer


@dataclass(frozen=True, slots=True)
class Verdict(Generic[M]):
    """What becomes of one item: `forward` is what goes on (None: nothing), `why` is for the
    journal.

    actions happen after the forwarded bytes.
    """

    forward: bytes | None
    why: str = ""
    actions: tuple[RuleAction[M], ...] = ()


class Rule(Protocol[M]):
    """One rule of a proxy; sees every item that the rules before it let pass."""

    def judge(self, sender: Side, item: Decoded[M] | Undecodable, now: datetime) -> Verdict[M]: ...

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[M]]: ...

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[M]] | None:
        """Return what to do, or None when this rule knows nothing of commands."""
        ...
