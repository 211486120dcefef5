"""The stand-in server: answers everything a battery says, fills gaps, carries out commands.

Source: fact sheet §3 (what is answered), §5 (conversations) [O].
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.alphaess import control
from mitmeter.devices.alphaess.backfill import CHECK_TIMER, ROWS_TIMER, Backfill
from mitmeter.devices.alphaess.control import Refusal
from mitmeter.devices.alphaess.errand import (
    NOT_ALLOWED,
    STEP_TIMER,
    Errand,
    Step,
    prepare,
    refused,
    requested,
)
from mitmeter.devices.alphaess.held import Held
from mitmeter.devices.alphaess.identity import PROTOCOL, serial_of
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    History,
    Login,
    Members,
    Message,
    Notice,
    Other,
    Ready,
    Reply,
    ServerCommand,
    Status,
    Telemetry,
)
from mitmeter.devices.alphaess.registers import encode_cmd_index, parse_time
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import DeviceId, Event, Severity, printable
from mitmeter.protocol import (
    Action,
    Command,
    HeadendContext,
    Identify,
    Report,
    Send,
    Undecodable,
)

Act = Action[Message]

_SUCCESS_MEMBERS: Members = (("Status", "Success"),)
_BARE_CONFIGURATION: tuple[Act, ...] = (Send(ConfigReply(_SUCCESS_MEMBERS)),)


def success(number: int) -> Reply | ConfigReply:
    """Return the ordinary answer to request `number`: 29 bytes, always the same [O]."""
    return ConfigReply(_SUCCESS_MEMBERS) if number == 3 else Reply(_SUCCESS_MEMBERS, number)


# Answers are constants: a busy trap gives thousands of them a second.
_SUCCESS: tuple[tuple[Act, ...], ...] = tuple((Send(success(n)),) for n in range(256))
_STATUS_ACCEPTED = _SUCCESS[16]
_REQUESTS: dict[type, int] = {
    Ready: 0,
    Login: 2,
    ConfigReport: 4,
    Telemetry: 5,
    Notice: 9,
    History: 12,
    Status: 16,
}

# A battery has one serial number. Who names ever new ones is not followed any further.
_MOST_SERIALS = 16


class Headend:
    """Plays the server of one conversation."""

    __slots__ = (
        "_backfill",
        "_checked",
        "_context",
        "_device",
        "_device_time",
        "_errand",
        "_held",
        "_seen",
        "_serial",
        "_serials",
    )

    def __init__(self, context: HeadendContext) -> None:
        self._context = context
        self._serial: str | None = None
        self._serials = 0
        self._device: DeviceId | None = None
        self._backfill: Backfill | None = None
        self._checked = False  # whether a live status has started the search for gaps
        self._device_time: str | None = None
        self._seen: datetime | None = None
        self._errand: Errand | None = None
        self._held = Held(context.recall)

    def opened(self, now: datetime) -> Iterable[Act]:
        return ()

    def received(self, message: Message, now: datetime) -> Iterable[Act]:
        if type(message) is Status and self._checked and message.get("SN") == self._serial:
            self._device_time = message.get("Time")
            self._seen = now
            return _STATUS_ACCEPTED
        actions: list[Act] = []
        serial = serial_of(message)
        if serial is not None and serial != self._serial:
            actions += self._named(serial, now)
        actions += self._answered(message)
        actions += self._followed(message, now)
        return actions

    def timer(self, name: str, now: datetime) -> Iterable[Act]:
        if name == STEP_TIMER and self._errand is not None:
            return self._errand.expired(now)
        if self._backfill is None:
            return ()
        if name == ROWS_TIMER:
            return self._backfill.silent(now)
        if name == CHECK_TIMER:
            return self._check(now)
        return ()

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Act]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[Act]:
        actions: list[Act] = [requested(command, now)]
        reason = self._reason_against(command)
        if reason:
            return [*actions, *refused(command, reason, now)]
        if command.name == "resume":
            return [*actions, *self._resume(command, now)]
        errand = prepare(
            command, self._configuration(), encode_cmd_index(now), self._context.zone, now
        )
        if isinstance(errand, Refusal):
            return [*actions, *refused(command, errand.reason, now)]
        self._errand = errand
        return [*actions, *errand.begin(now)]

    # who

    def _named(self, serial: str, now: datetime) -> list[Act]:
        """The battery names itself: for the first time, or otherwise than before."""
        actions: list[Act] = []
        previous, self._serial = self._device, serial
        if self._errand is not None and self._errand.step is not Step.NOTHING:
            actions += self._errand.fail("the battery named another serial number", now)
        self._forget()
        self._serials += 1
        if self._serials > _MOST_SERIALS:
            return actions
        try:
            device = DeviceId(PROTOCOL, serial)
        except RemoteProtocolError:
            return actions  # the projection says so; such a battery is answered like any other
        if previous is not None:
            text = f"the battery on this connection was {previous.serial} and is now {serial}"
            event = Event(
                "mitmeter.alphaess.identity.changed",
                now,
                printable(text),
                Severity.WARNING,
                device,
                {"was": previous.serial, "is": serial},
            )
            actions.append(Report(event))
        self._device = device
        self._backfill = Backfill(device, self._context.gaps)
        return [*actions, Identify(device)]

    def _forget(self) -> None:
        self._device = None
        self._backfill = None
        self._checked = False
        self._errand = None
        self._held = Held(self._context.recall)

    # what is answered

    def _answered(self, message: Message) -> Iterable[Act]:
        number = _REQUESTS.get(type(message))
        if number is not None:
            return _SUCCESS[number]
        if isinstance(message, ConfigRequest):
            return self._configuration_asked()
        if isinstance(message, Other) and message.type == 1:
            return _SUCCESS[message.command & 0xFF]
        if isinstance(message, ServerCommand):  # a battery that commands: a request like any other
            return _SUCCESS[message.command & 0xFF]
        return ()  # replies and acknowledgements are never answered [O]

    def _configuration_asked(self) -> Iterable[Act]:
        """Answer command 3: with what is being set, with what is known, or with plain Success.

        A whole configuration is also how settings change, so a station without control never sends
        one; plain Success keeps the battery streaming [O].
        """
        known = self._configuration() if self._context.control else None
        if known is None:
            return _BARE_CONFIGURATION
        if self._errand is None or not self._errand.has_settings:
            return (Send(ConfigReply(known)),)
        reply = self._errand.settings(known)
        self._held.given(reply.members)
        return self._errand.fetched(reply)

    def _configuration(self) -> Members | None:
        return None if self._device is None else self._held.whole(self._device)

    # what follows

    def _followed(self, message: Message, now: datetime) -> Iterable[Act]:
        if isinstance(message, Status):
            return self._live(message, now)
        if isinstance(message, History) and self._backfill is not None:
            return self._backfill.rows(message, now)
        if isinstance(message, Acknowledgement):
            return self._acknowledged(message, now)
        if isinstance(message, ConfigReport) and self._context.control:
            self._held.reported(message.members)
            if self._errand is not None:
                return self._errand.reported(message, now)
        return ()

    def _live(self, message: Status, now: datetime) -> Iterable[Act]:
        self._device_time = message.get("Time")
        self._seen = now
        if self._checked or self._backfill is None:
            return ()
        self._checked = True
        return self._check(now)

    def _acknowledged(self, message: Acknowledgement, now: datetime) -> Iterable[Act]:
        if self._errand is not None and self._errand.owns(message):
            return self._errand.acknowledged(message, now)
        if self._backfill is not None and self._backfill.owns(message):
            return self._backfill.acknowledged(message, now)
        return ()

    # back-fill

    def _check(self, now: datetime) -> Iterable[Act]:
        clock = self._device_clock(now)
        if clock is None or self._backfill is None:
            # Without the battery's own time a gap cannot be named; the next status may tell it.
            self._checked = False
            return ()
        return self._backfill.check(clock, now)

    def _device_clock(self, now: datetime) -> datetime | None:
        """Return what the battery's own clock shows; None when its last status told no time."""
        if self._device_time is None or self._seen is None:
            return None
        told = parse_time(self._device_time)
        if told is None or not 2000 <= told.year < 2100:
            return None
        return told + (now - self._seen)

    # commands

    def _reason_against(self, command: Command) -> str:
        if not self._context.control:
            return NOT_ALLOWED
        if command.device != self._device:
            return f"{command.device} is not the battery on this connection"
        if self._errand is not None and self._errand.step is not Step.NOTHING:
            return "another command is still under way"
        return ""

    def _resume(self, command: Command, now: datetime) -> Iterable[Act]:
        wished = control.rows(command.arguments)
        if isinstance(wished, Refusal):
            return refused(command, wished.reason, now)
        if self._backfill is None or self._backfill.busy:
            return refused(command, "rows are being fetched already", now)
        return self._backfill.wished(command, wished, now)
