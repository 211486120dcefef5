"""The rule `deny-writes`: the cloud may acknowledge and ask for the tariff, and nothing else.

Other command words may exist in its replies, to change a setting or the firmware [U]. A display
gets a plain acknowledgement in their place, so that it goes on reporting.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.glow.codec import encode
from mitmeter.devices.glow.happenings import ACKNOWLEDGED, CURRENT_PRICE
from mitmeter.devices.glow.headend import reply
from mitmeter.devices.glow.identity import device_of
from mitmeter.devices.glow.messages import Message, Reply
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

_ALLOWED = frozenset({ACKNOWLEDGED, CURRENT_PRICE, ""})
_PLAIN = encode(Side.HEADEND, reply(200, ACKNOWLEDGED))


class DenyWrites:
    """Refuses the cloud's unknown words in one conversation; bytes that are no reply as well."""

    __slots__ = ("_device", "_said")

    def __init__(self, context: HeadendContext) -> None:
        self._device: DeviceId | None = None
        self._said: set[str] = set()

    def judge(
        self, sender: Side, item: Decoded[Message] | Undecodable, now: datetime
    ) -> Verdict[Message]:
        if sender is Side.DEVICE:
            if isinstance(item, Decoded):
                self._device = device_of(item.message) or self._device
            return Verdict(item.raw)
        if isinstance(item, Undecodable):
            return self._refuse(None, "bytes that are no reply", now)
        message = item.message
        # A page that says what went wrong is no command: the display looks at replies of 200 only.
        if not isinstance(message, Reply) or message.status != 200:
            return Verdict(item.raw)
        if message.body.strip() in _ALLOWED:
            return Verdict(item.raw)
        return self._refuse(_PLAIN, f"the reply {printable(message.body, 60)!r}", now)

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Message]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Message]] | None:
        return None

    def _refuse(self, instead: bytes | None, what: str, now: datetime) -> Verdict[Message]:
        why = f"{what} of the cloud was refused"
        if what in self._said or len(self._said) >= 16:
            return Verdict(instead, why)
        self._said.add(what)
        event = Event(
            "mitmeter.glow.command.refused",
            now,
            why,
            Severity.NOTICE,
            self._device,
            {"reply": what},
        )
        return Verdict(instead, why, (Report(event),))
