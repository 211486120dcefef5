"""The rule `redact`: the numbers of the owner's meters never reach the cloud.

Masks keep length and shape. The display's own identity stays by default, since without it the cloud
cannot tell whose readings it gets. What the cloud does with a masked MPAN is unknown [U].
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.glow.identity import device_of
from mitmeter.devices.glow.messages import Message
from mitmeter.devices.glow.options import choice
from mitmeter.devices.glow.redact import METER_NAMES, Private, edited
from mitmeter.model import DeviceId, Event, Severity, Side, printable
from mitmeter.protocol import (
    Command,
    Decoded,
    HeadendContext,
    Report,
    RuleAction,
    Undecodable,
    Verdict,
)

_WHY = "private text masked"
_WITHHELD = "what the display said cannot be redacted: withheld"


class RedactRule:
    """Masks what the display tells of its owner in one conversation.

    options: `serials`      `no` (default) or `yes`: mask what names the display as well.
             `undecodable`  `drop` (default) or `pass`: bytes of the display that are no message
                            cannot be redacted.
    Raises ConfigError for other values.
    """

    __slots__ = ("_device", "_drops_undecodable", "_private", "_said")

    def __init__(self, context: HeadendContext) -> None:
        serials = choice(context.options, "serials", "no", "yes")
        self._private = Private() if serials else Private(METER_NAMES, display=False)
        self._drops_undecodable = not choice(context.options, "undecodable", "drop", "pass")
        self._said = False
        self._device: DeviceId | None = None

    def judge(
        self, sender: Side, item: Decoded[Message] | Undecodable, now: datetime
    ) -> Verdict[Message]:
        if sender is not Side.DEVICE:
            return Verdict(item.raw)
        if isinstance(item, Undecodable):
            if self._drops_undecodable:
                return self._withheld(item, now)
            return Verdict(item.raw)
        self._device = device_of(item.message) or self._device
        masked = edited(item, self._private, _Mask())
        return Verdict(masked, "" if masked == item.raw else _WHY)

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Message]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Message]] | None:
        return None

    def _withheld(self, item: Undecodable, now: datetime) -> Verdict[Message]:
        if self._said:
            return Verdict(None, _WITHHELD)
        self._said = True
        event = Event(
            "mitmeter.glow.redact.withheld",
            now,
            f"{_WITHHELD} ({printable(item.reason)}); more of it is withheld without a word",
            Severity.WARNING,
            self._device,
            {"bytes": len(item.raw)},
        )
        return Verdict(None, _WITHHELD, (Report(event),))


class _Mask:
    """Stand-ins that tell nothing: digits become 0, letters X or x."""

    def text(self, value: str) -> str:
        return "".join(map(_mask, value))


def _mask(character: str) -> str:
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return character
