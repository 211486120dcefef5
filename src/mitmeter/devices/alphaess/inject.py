"""The rule `inject`: our commands reach the battery while the vendor's app goes on.

A command goes out right behind a server reply that was passed on, or after a moment of silence.
What the battery says to it (acknowledgement, command 3, command 4) is answered by us and never
reaches the cloud; everything else passes untouched. The cloud does not learn of the change and
overwrites it with its own next SetConfig. Source: fact sheet §10 [O].
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.alphaess.control import Refusal
from mitmeter.devices.alphaess.errand import (
    NOT_ALLOWED,
    STEP_SECONDS,
    STEP_TIMER,
    Act,
    Errand,
    Step,
    prepare,
    refused,
    requested,
)
from mitmeter.devices.alphaess.held import Held
from mitmeter.devices.alphaess.identity import device_of
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    Members,
    Message,
    Ready,
    Reply,
    ServerCommand,
)
from mitmeter.devices.alphaess.registers import decode_cmd_index, encode_cmd_index
from mitmeter.model import DeviceId, Side
from mitmeter.protocol import (
    Command,
    Decoded,
    Emit,
    HeadendContext,
    Identify,
    RuleAction,
    Send,
    SetTimer,
    Undecodable,
    Verdict,
)

SILENCE_TIMER = "command.silence"
SILENCE_SECONDS = 5.0

_DAY_MS = 86_400_000
_SUCCESS: Members = (("Status", "Success"),)
_READY_ACCEPTED = Reply(_SUCCESS, 0)
_REPORT_ACCEPTED = Reply(_SUCCESS, 4)

Actions = list[RuleAction[Message]]


class Inject:
    """Carries an operator's commands into one proxied conversation, one at a time."""

    __slots__ = (
        "_cloud_sets",
        "_context",
        "_device",
        "_errand",
        "_held",
        "_index",
        "_ready_given",
        "_waiting",
    )

    def __init__(self, context: HeadendContext) -> None:
        self._context = context
        self._device: DeviceId | None = None
        self._errand: Errand | None = None
        self._waiting = False  # for a place to inject
        self._ready_given = False
        self._cloud_sets = False  # the cloud's own SetConfig is under way
        self._index: str | None = None
        self._held = Held(context.recall)

    def judge(
        self, sender: Side, item: Decoded[Message] | Undecodable, now: datetime
    ) -> Verdict[Message]:
        if isinstance(item, Undecodable):
            return Verdict(item.raw)
        if sender is Side.HEADEND:
            return self._from_cloud(item, now)
        actions = self._identified(item.message)
        if isinstance(item.message, ConfigReport):
            self._held.reported(item.message.members)
        swallowed = self._swallowed(item.message, now)
        if swallowed is None:
            return Verdict(item.raw, "", tuple(actions))
        return Verdict(None, "part of our own command", (*actions, *swallowed))

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Message]]:
        if self._errand is None:
            return ()
        if name == SILENCE_TIMER and self._waiting:
            if self._cloud_sets:  # give its conversation the time a step may take, then go ahead
                self._cloud_sets = False
                return [SetTimer(SILENCE_TIMER, STEP_SECONDS)]
            return self._begin(self._errand, now)
        if name == STEP_TIMER and not self._waiting:
            return _spoken(self._errand.expired(now))
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Message]]:
        reason = self._reason_against(command)
        index = self._next_index(now)
        errand: Errand | Refusal = Refusal(reason)
        if not reason:
            errand = prepare(command, self._configuration(), index, self._context.zone, now)
        if isinstance(errand, Refusal):
            return [requested(command, now), *_spoken(refused(command, errand.reason, now))]
        self._errand = errand
        self._waiting = True
        self._ready_given = False
        self._index = index
        return [requested(command, now), SetTimer(SILENCE_TIMER, SILENCE_SECONDS)]

    # the cloud speaks

    def _from_cloud(self, item: Decoded[Message], now: datetime) -> Verdict[Message]:
        message = item.message
        if isinstance(message, ServerCommand):
            self._index = message.get("CmdIndex") or self._index
            self._cloud_sets = self._cloud_sets or message.get("Command") == "SetConfig"
        elif isinstance(message, ConfigReply):
            self._cloud_sets = False
            self._held.given(message.members)
        # Two SetConfigs at once could not be told apart: the cloud's goes first.
        quiet = isinstance(message, Reply | ConfigReply) and not self._cloud_sets
        if self._errand is None or not self._waiting or not quiet:
            return Verdict(item.raw)
        return Verdict(item.raw, "", tuple(self._begin(self._errand, now)))

    # the battery speaks

    def _identified(self, message: Message) -> Actions:
        device = device_of(message)
        if device is None or device == self._device:
            return []
        self._device = device
        return [Identify(device)]

    def _swallowed(self, message: Message, now: datetime) -> Actions | None:
        """Return what we do with a message that belongs to our command; None when it does not."""
        errand = self._errand
        if errand is None or self._waiting:
            return None
        if isinstance(message, Acknowledgement) and errand.owns(message):
            # A late one is ours all the same: the cloud never asked.
            return [*self._ready(errand), *_spoken(errand.acknowledged(message, now))]
        if not errand.has_settings:
            return None
        if isinstance(message, Ready):
            return self._ready(errand)
        if isinstance(message, ConfigRequest):
            # Ours has been fetched already: this one is for the cloud's own SetConfig.
            if errand.step is Step.REPORT and self._cloud_sets:
                return None
            return self._fetched(errand)
        if isinstance(message, ConfigReport) and errand.step is Step.REPORT:
            accepted = Emit(Side.DEVICE, _REPORT_ACCEPTED)
            return [accepted, *_spoken(errand.reported(message, now))]
        return None

    def _ready(self, errand: Errand) -> Actions:
        """Accept command 0 once.

        The implementation proven on real hardware sends this behind the acknowledgement, which
        suggests the battery says command 0 there, as after its login [I].
        """
        if self._ready_given or not errand.has_settings:
            return []
        self._ready_given = True
        return [Emit(Side.DEVICE, _READY_ACCEPTED)]

    # our command

    def _begin(self, errand: Errand, now: datetime) -> Actions:
        self._waiting = False
        return _spoken(errand.begin(now))

    def _fetched(self, errand: Errand) -> Actions | None:
        # Asked anew: the cloud may have changed something since the command was given.
        configuration = self._configuration()
        if configuration is None:
            return None
        reply = errand.settings(configuration)
        self._held.given(reply.members)
        return _spoken(errand.fetched(reply))

    def _configuration(self) -> Members | None:
        return None if self._device is None else self._held.whole(self._device)

    def _next_index(self, now: datetime) -> str:
        """Return the index after the last one seen, or the time of day when none was seen."""
        if self._index is None or decode_cmd_index(self._index) is None:
            return encode_cmd_index(now)
        return str((int(self._index) + 1) % _DAY_MS)

    def _reason_against(self, command: Command) -> str:
        if not self._context.control:
            return NOT_ALLOWED
        if command.name == "resume":
            return "resume is for a trap; behind this proxy the cloud asks for missing rows itself"
        if command.device != self._device:
            return f"{command.device} is not the battery on this connection"
        if self._errand is not None and self._errand.step is not Step.NOTHING:
            return "another command is still under way"
        return ""


def _spoken(acts: Iterable[Act]) -> Actions:
    """Say what an errand says to the battery, in the cloud's voice."""
    return [Emit(Side.DEVICE, act.message) if isinstance(act, Send) else act for act in acts]
