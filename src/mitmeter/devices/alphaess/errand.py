"""One operator's command on its way through a battery, whoever carries it: the stand-in server or a
rule of a proxy.

SetConfig holds no values: the server says SetConfig, the battery acknowledges, fetches its
configuration (command 3) and reports it (command 4). Source: fact sheet §5.4 [O].
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from enum import Enum

from mitmeter.devices.alphaess import control
from mitmeter.devices.alphaess.configuration import changed, compare
from mitmeter.devices.alphaess.control import Refusal, Wish
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    Json,
    Members,
    Message,
    ServerCommand,
)
from mitmeter.devices.alphaess.registers import PRIVATE_FIELDS, format_time
from mitmeter.model import Event, Severity, printable
from mitmeter.protocol import Answer, Command, Report, Send, SetTimer

STEP_TIMER = "command.step"
STEP_SECONDS = 30.0

Act = Send[Message] | SetTimer | Report | Answer

NOT_ALLOWED = "commands are off for this station (control = true allows them)"
NOT_REPORTED = "the battery has not reported its configuration yet"
NO_ZONE = "the site's time zone is not known (site.timezone)"


class Step(Enum):
    """What the battery is to do next; the value completes `the battery did not …`."""

    ACKNOWLEDGE = "acknowledge it"
    FETCH = "fetch its configuration"
    REPORT = "report its configuration"
    NOTHING = "do anything"


class Errand:
    """A command being carried out. Every method returns what happens next; `step` is NOTHING at the
    end, and exactly one Answer has been given by then.
    """

    __slots__ = ("_changes", "_command", "_words", "ask", "step")

    def __init__(
        self,
        command: Command,
        ask: ServerCommand,
        words: str,
        changes: Mapping[str, Json] | None = None,
    ) -> None:
        self.ask = ask
        self.step = Step.ACKNOWLEDGE
        self._command = command
        self._words = words
        self._changes = dict(changes or {})

    def begin(self, now: datetime) -> list[Act]:
        return [
            _report("sent", self._command, now, f"{self._words}: sent to the battery"),
            Send(self.ask),
            SetTimer(STEP_TIMER, STEP_SECONDS),
        ]

    def owns(self, message: Acknowledgement) -> bool:
        """Tell whether this command is acknowledged: its word and its index come back [O]."""
        return all(message.get(name) == self.ask.get(name) for name in ("Command", "CmdIndex"))

    def acknowledged(self, message: Acknowledgement, now: datetime) -> list[Act]:
        if self.step is not Step.ACKNOWLEDGE:
            return []
        status = message.get("Status")
        # A failing status was never captured [U]; any other word than Success is taken as one [A].
        if status not in (None, "Success"):
            return self.fail(f"the battery answered {printable(status or '')}", now)
        accepted = _report("acknowledged", self._command, now, f"{self._words}: acknowledged")
        if not self._changes:
            return [accepted, *self._done("acknowledged by the battery", now)]
        self.step = Step.FETCH
        return [accepted, SetTimer(STEP_TIMER, STEP_SECONDS)]

    @property
    def has_settings(self) -> bool:
        """Tell whether the battery's next command 3 is for this command.

        It counts as an acknowledgement too, should that have been lost; asked again, it is answered
        again.
        """
        return bool(self._changes) and self.step is not Step.NOTHING

    def settings(self, configuration: Members) -> ConfigReply:
        """Return the answer to that command 3: the configuration as it is, with our changes."""
        return ConfigReply(changed(configuration, self._changes))

    def fetched(self, reply: ConfigReply) -> list[Act]:
        self.step = Step.REPORT
        return [Send(reply), SetTimer(STEP_TIMER, STEP_SECONDS)]

    def reported(self, message: ConfigReport, now: datetime) -> list[Act]:
        """Judge the battery's report; one before it fetched the configuration proves nothing."""
        if self.step is not Step.REPORT:
            return []
        found = compare(self._changes, message.members)
        if found.unlike:
            shown = ", ".join(
                each.name
                if each.name in PRIVATE_FIELDS
                else f"{each.name}={printable(each.reported)} instead of {printable(each.wished)}"
                for each in found.unlike
            )
            return self.fail(f"the battery took the configuration but reports {shown}", now)
        unchecked = ", ".join(found.unreported)
        return self._done(
            "reported back by the battery"
            + (f" (all but {unchecked}, which it never reports)" if unchecked else ""),
            now,
        )

    def expired(self, now: datetime) -> list[Act]:
        if self.step is Step.NOTHING:
            return []
        late = f"the battery did not {self.step.value} within {STEP_SECONDS:g} s"
        if self.step is Step.REPORT:
            late += "; it was given the new configuration and may follow it"
        return self.fail(late, now)

    def fail(self, reason: str, now: datetime) -> list[Act]:
        self.step = Step.NOTHING
        return [
            _report(
                "failed", self._command, now, f"{self._words}: failed, {reason}", Severity.WARNING
            ),
            Answer(self._command.id, False, f"{self._words}: {reason}"),
        ]

    def _done(self, how: str, now: datetime) -> list[Act]:
        self.step = Step.NOTHING
        return [
            _report("done", self._command, now, f"{self._words}: done, {how}", Severity.NOTICE),
            Answer(self._command.id, True, f"{self._words}: {how}"),
        ]


def prepare(
    command: Command,
    configuration: Members | None,
    index: str,
    zone: tzinfo | None,
    now: datetime,
) -> Errand | Refusal:
    """Return the errand that carries a command out, or why it is refused.

    configuration: the whole configuration as it is, in the server's form; None when not known.
    index: the CmdIndex to send.
    """
    local = None if zone is None else now.astimezone(zone).replace(tzinfo=None)
    if command.name == "sync-time":
        return _sync_time(command, index, local)
    if command.name not in ("charge-from-grid", "set"):
        return control.unknown_command(command.name)
    if configuration is None:
        return Refusal(NOT_REPORTED)
    wish = control.wish(command.name, command.arguments, configuration, local)
    if not isinstance(wish, Wish):
        return wish
    return Errand(
        command,
        ServerCommand((("Command", "SetConfig"), ("CmdIndex", index))),
        wish.words,
        wish.changes,
    )


def refused(command: Command, reason: str, now: datetime) -> list[Act]:
    """Return the refusal as the operator and the event log get it."""
    text = f"command {printable(command.name)} refused: {reason}"
    return [
        _report("refused", command, now, text, Severity.WARNING, reason),
        Answer(command.id, False, reason),
    ]


def requested(command: Command, now: datetime) -> Report:
    """Return the event of a command having been given; its values may be private, so names only."""
    names = " ".join(f"{printable(name)}=…" for name in command.arguments)
    return _report("requested", command, now, f"command {printable(command.name)} {names}".strip())


def _sync_time(command: Command, index: str, local: datetime | None) -> Errand | Refusal:
    """SyncTime with the time in Parameter1: only the first two members were ever seen [O], the
    parameter and its format are assumed [A].
    """
    if command.arguments:
        return Refusal("sync-time takes no arguments")
    if local is None:
        return Refusal(NO_ZONE)
    shown = format_time(local)
    return Errand(
        command,
        ServerCommand((("Command", "SyncTime"), ("CmdIndex", index), ("Parameter1", shown))),
        f"set the clock to {shown}",
    )


def _report(
    what: str,
    command: Command,
    now: datetime,
    message: str,
    severity: Severity = Severity.INFO,
    reason: str = "",
) -> Report:
    fields = {"command": printable(command.name), "command_id": command.id}
    if reason:
        fields["reason"] = reason
    return Report(
        Event(f"mitmeter.command.{what}", now, message, severity, command.device, dict(fields))
    )
