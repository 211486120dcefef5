"""The rule `deny-writes`: what would change the meter never reaches it, unless it is allowed.

The reader gets no answer, as of a meter that does not obey: an acknowledgement would be a lie, and
no refusal is known that every reader understands [U]. Reading goes on as before, a login too: with
nothing to write it opens no door.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.kamstrup import commands
from mitmeter.devices.kamstrup.messages import (
    Message,
    OtherRequest,
    PutRegister,
    Request,
    SetClock,
    SetCutOffState,
)
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

# Commands without a layout here that only read, and may be asked in a form we do not know.
_READING = frozenset(commands.NAMES) - commands.WRITING


class DenyWrites:
    """Holds a reader's writing commands back in one conversation.

    options: `allow`        names of commands that may pass, separated by commas, such as
                            `SetClock`; none by default.
             `undecodable`  `drop` (default) or `pass`: bytes of a reader that are no frame could be
                            a command in disguise.
    Raises ConfigError for other values.
    """

    __slots__ = ("_allowed", "_count", "_drops_undecodable")

    def __init__(self, context: HeadendContext) -> None:
        options = context.options
        names = [each.strip() for each in options.get("allow", "").split(",") if each.strip()]
        known = [commands.NAMES[cid] for cid in sorted(commands.WRITING)]
        for name in names:
            if name not in known:
                raise ConfigError(
                    "options.allow", f"{name!r} is no writing command; there is {', '.join(known)}"
                )
        undecodable = options.get("undecodable", "drop")
        if undecodable not in ("drop", "pass"):
            raise ConfigError("options.undecodable", f"{undecodable!r} is neither drop nor pass")
        self._allowed = frozenset(names)
        self._drops_undecodable = undecodable == "drop"
        self._count = 0

    def judge(
        self, sender: Side, item: Decoded[Message] | Undecodable, now: datetime
    ) -> Verdict[Message]:
        if sender is Side.DEVICE:
            return Verdict(item.raw)
        if isinstance(item, Undecodable):
            if not self._drops_undecodable:
                return Verdict(item.raw)
            return self._refuse("bytes that are no command", now)
        name = _written(item.message)
        if not name or name in self._allowed:
            return Verdict(item.raw)
        return self._refuse(printable(name), now)

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Message]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Message]] | None:
        return None

    def _refuse(self, what: str, now: datetime) -> Verdict[Message]:
        """Tell of the first, and then of every doubling: a reader asks again and again."""
        self._count += 1
        why = f"{what} refused"
        if self._count & (self._count - 1):
            return Verdict(None, why)
        again = f" ({self._count} so far in this conversation)" if self._count > 1 else ""
        event = Event(
            "mitmeter.kamstrup.write.refused",
            now,
            f"a reader says {what} to the meter: refused{again}",
            Severity.WARNING,
            fields={"command": what, "count": self._count},
        )
        return Verdict(None, why, (Report(event),))


def _written(message: Message) -> str:
    """Return what a reader's message is called if it may change the meter, else ""."""
    if isinstance(message, SetClock | PutRegister | SetCutOffState):
        return type(message).__name__
    if isinstance(message, OtherRequest) and message.cid not in _READING:
        return message.name
    return "" if isinstance(message, Request) else type(message).__name__
