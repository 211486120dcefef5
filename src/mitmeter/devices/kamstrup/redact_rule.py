"""The rule `redact`: the meter's numbers and names never reach the reader.

What stands in their place has as many bytes, and the frame is encoded anew, so checksums stay
valid. What the reader says passes unchanged: the meter has to understand it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.kamstrup.messages import Message
from mitmeter.devices.kamstrup.redact import redact
from mitmeter.errors import ConfigError
from mitmeter.model import Event, Severity, Side, printable
from mitmeter.protocol import (
    Command,
    Decoded,
    HeadendContext,
    Report,
    RuleAction,
    Undecodable,
    Verdict,
)


class RedactRule:
    """Masks what a meter tells of itself and its owner in one conversation.

    options: `undecodable`  `drop` (default) or `pass`: bytes of the meter that are no frame cannot
                            be redacted.
    Raises ConfigError for other values.
    """

    __slots__ = ("_drops_undecodable", "_said")

    def __init__(self, context: HeadendContext) -> None:
        undecodable = context.options.get("undecodable", "drop")
        if undecodable not in ("drop", "pass"):
            raise ConfigError("options.undecodable", f"{undecodable!r} is neither drop nor pass")
        self._drops_undecodable = undecodable == "drop"
        self._said = False

    def judge(
        self, sender: Side, item: Decoded[Message] | Undecodable, now: datetime
    ) -> Verdict[Message]:
        if sender is not Side.DEVICE:
            return Verdict(item.raw)
        if isinstance(item, Undecodable):
            return self._withheld(item, now) if self._drops_undecodable else Verdict(item.raw)
        masked = redact(sender, item, _Masks())
        return Verdict(masked, "" if masked == item.raw else "private numbers masked")

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Message]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Message]] | None:
        return None

    def _withheld(self, item: Undecodable, now: datetime) -> Verdict[Message]:
        why = "what the meter said cannot be redacted: withheld"
        if self._said:
            return Verdict(None, why)
        self._said = True
        event = Event(
            "mitmeter.kamstrup.redact.withheld",
            now,
            f"{why} ({printable(item.reason)}); more of it is withheld without a word",
            Severity.WARNING,
            fields={"bytes": len(item.raw)},
        )
        return Verdict(None, why, (Report(event),))


class _Masks:
    """Stand-ins that tell nothing: zeros for digits, X for letters."""

    def text(self, value: str) -> str:
        return "".join("0" if c.isdigit() else "X" if c.isalpha() else c for c in value)
