"""The plainest rule and the plainest pseudonyms, for the laws about proxies and redaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from mitmeter.model import Side
from mitmeter.protocol import Command, Decoded, RuleAction, Undecodable, Verdict


class PassAll:
    """A rule that forwards every item as it came, and knows nothing of commands."""

    def judge(self, sender: Side, item: Decoded[Any] | Undecodable, now: datetime) -> Verdict[Any]:
        return Verdict(item.raw)

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Any]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Any]] | None:
        return None


class ShapeKeeper:
    """Pseudonyms that only keep the shape: digits become 7, letters x or X, the rest stays."""

    def text(self, value: str) -> str:
        return "".join(map(self._stand_in, value))

    @staticmethod
    def _stand_in(character: str) -> str:
        if not character.isascii():
            return character
        if character.isdigit():
            return "7"
        if character.isalpha():
            return "X" if character.isupper() else "x"
        return character
