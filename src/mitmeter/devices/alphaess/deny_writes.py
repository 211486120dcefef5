"""The rule `deny-writes`: what the cloud wants the battery to do is refused, unless it is allowed.

Readings go on as before. A configuration still reaches the battery when the battery itself asks for
it, as it does at every start; that answer can carry new settings, so `configuration=keep` withholds
it too: the battery then gets a plain Success and keeps what it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from mitmeter.devices.alphaess.configuration import is_configuration
from mitmeter.devices.alphaess.identity import device_of
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigRequest,
    Message,
    Other,
    ServerCommand,
    as_text,
)
from mitmeter.devices.alphaess.options import choice
from mitmeter.model import DeviceId, Event, Field, Severity, Side, printable
from mitmeter.protocol import (
    Command,
    Decoded,
    Emit,
    HeadendContext,
    Report,
    RuleAction,
    Undecodable,
    Verdict,
)

# How long after the battery's command 3 a configuration counts as its answer [A].
_PATIENCE = timedelta(seconds=60)


class DenyWrites:
    """Refuses the cloud's commands in one conversation.

    options: `allow`          command words that may pass, separated by commas, such as
                              `Resume,SyncTime`; none by default.
             `configuration`  `pass` (default) or `keep`, see above.
             `undecodable`    `drop` (default) or `pass`: bytes from the cloud that are no frame
                              could be a command in disguise.
    Raises ConfigError for other values.
    """

    __slots__ = ("_allowed", "_asked", "_device", "_drops_undecodable", "_keeps", "_said")

    def __init__(self, context: HeadendContext) -> None:
        options = context.options
        self._allowed = frozenset(
            word for each in options.get("allow", "").split(",") if (word := each.strip())
        )
        self._keeps = choice(options, "configuration", "pass", "keep")
        self._drops_undecodable = not choice(options, "undecodable", "drop", "pass")
        self._asked: datetime | None = None  # when the battery said its command 3
        self._said = False  # whether undecodable bytes have been reported
        self._device: DeviceId | None = None

    def judge(
        self, sender: Side, item: Decoded[Message] | Undecodable, now: datetime
    ) -> Verdict[Message]:
        if sender is Side.DEVICE:
            if isinstance(item, Decoded):
                self._listen(item.message, now)
            return Verdict(item.raw)
        if isinstance(item, Undecodable):
            return self._undecodable(item, now)
        message = item.message
        if isinstance(message, ServerCommand):
            return self._command(item.raw, message, now)
        if isinstance(message, Other) and message.type != 2:
            text = f"the cloud sent an unknown request (command {message.command}): refused"
            return self._refuse("unknown request", text, {"number": message.command}, now)
        if isinstance(message, ConfigReply):
            return self._configuration(item.raw, message, now)
        return Verdict(item.raw)

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Message]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Message]] | None:
        return None

    def _listen(self, message: Message, now: datetime) -> None:
        self._device = device_of(message) or self._device
        if isinstance(message, ConfigRequest):
            self._asked = now

    def _command(self, raw: bytes, message: ServerCommand, now: datetime) -> Verdict[Message]:
        # Every member that could be read as the command word counts: a battery may take the
        # second of two, or ignore case.
        words = [as_text(value) for name, value in message.members if name.casefold() == "command"]
        if words and all(word in self._allowed for word in words):
            return Verdict(raw)
        shown = printable(" and ".join(words) or f"something (command {message.command})")
        # Failed is never seen from a battery [U]; the cloud is told the truth [A].
        echoed = tuple(m for m in message.members if m[0] in ("Command", "CmdIndex"))
        answer = Acknowledgement(
            (*sorted(echoed, key=lambda m: m[0] != "Command"), ("Status", "Failed")),
            message.command,
        )
        text = f"the cloud asked the battery to {shown}: refused"
        return self._refuse(shown, text, {"command": shown}, now, answer)

    def _configuration(self, raw: bytes, message: ConfigReply, now: datetime) -> Verdict[Message]:
        asked = self._asked is not None and now - self._asked <= _PATIENCE
        self._asked = None
        if not is_configuration(message.members):
            return Verdict(raw)
        if not asked:
            text = "the cloud sent a configuration the battery had not asked for: refused"
            return self._refuse("configuration", text, {"command": "configuration"}, now)
        if not self._keeps:
            return Verdict(raw)
        report = self._event(
            "the cloud's configuration was withheld; the battery keeps its own",
            {"command": "configuration"},
            now,
        )
        plain = ConfigReply((("Status", "Success"),))
        return Verdict(None, "configuration kept", (Emit(Side.DEVICE, plain), report))

    def _undecodable(self, item: Undecodable, now: datetime) -> Verdict[Message]:
        if not self._drops_undecodable:
            return Verdict(item.raw)
        why = "bytes from the cloud that are no message: refused"
        if self._said:
            return Verdict(None, why)
        self._said = True
        text = f"{why} ({printable(item.reason)}); more of it is refused without a word"
        return Verdict(None, why, (self._event(text, {"bytes": len(item.raw)}, now),))

    def _refuse(
        self,
        what: str,
        text: str,
        fields: dict[str, Field],
        now: datetime,
        answer: Message | None = None,
    ) -> Verdict[Message]:
        report = self._event(text, fields, now)
        actions: tuple[RuleAction[Message], ...] = (report,)
        if answer is not None:
            actions = (Emit(Side.HEADEND, answer), report)
        return Verdict(None, f"{what} refused", actions)

    def _event(self, text: str, fields: dict[str, Field], now: datetime) -> Report:
        event = Event(
            "mitmeter.alphaess.write.refused", now, text, Severity.WARNING, self._device, fields
        )
        return Report(event)
