"""An operator's commands to a meter: the requests they take, and what the replies mean in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from mitmeter.devices.kamstrup import identity
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    CutOffReply,
    GetCutOffState,
    Login,
    LoginReply,
    Reply,
    Request,
    SetClock,
    SetCutOffState,
)
from mitmeter.model import Secret
from mitmeter.protocol import CommandHelp

COMMANDS: tuple[CommandHelp, ...] = (
    CommandHelp(
        "set-clock",
        "[time=YYYY-MM-DDTHH:MM:SS]",
        "Set the meter's clock to local time, now unless given.",
    ),
    CommandHelp(
        "relays",
        "state=disconnect|release|reconnect",
        "Switch the relays; the answer tells their state twenty seconds later.",
    ),
)

# Relays take their time: head-ends wait this long before they read the state back [O].
RELAY_SECONDS = 20.0
_FEEDBACK_PENDING = 0x40


class Refusal(Exception):
    """A command that is not carried out; the text says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """One request of a command.

    delay: seconds to wait before it is said.
    last:  its reply is the command's answer; before, a refusal only.
    """

    request: Request
    delay: float = 0.0
    last: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reply means for the command."""

    accepted: bool
    text: str


def orders(
    name: str,
    arguments: Mapping[str, str],
    address: int,
    pin: Secret,
    now: datetime,
    zone: tzinfo | None,
) -> list[Order]:
    """Return what is to be said. Raises Refusal."""
    if name == "set-clock":
        found = [Order(_set_clock(arguments, address, now, zone))]
    elif name == "relays":
        wish = _wish(arguments)
        state = Order(GetCutOffState(address), delay=RELAY_SECONDS)
        found = [Order(SetCutOffState(address, wish), last=False), state]
    else:
        known = ", ".join(each.name for each in COMMANDS)
        raise Refusal(f"meters know no command {name!r}; there is {known}")
    if pin:
        found.insert(0, Order(Login(address, _pin(pin)), last=False))
    return found


def _set_clock(
    arguments: Mapping[str, str], address: int, now: datetime, zone: tzinfo | None
) -> SetClock:
    _only(arguments, "time")
    text = arguments.get("time")
    if text is None:
        if zone is None:
            raise Refusal("the site's time zone is not known; give time=YYYY-MM-DDTHH:MM:SS")
        at = now.astimezone(zone).replace(tzinfo=None)
    else:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise Refusal(f"{text!r} is no time, such as 2025-06-01T13:45:09") from None
    if at.tzinfo is not None or not 2000 <= at.year <= 2099:
        raise Refusal("a meter's time is local, without a zone, within 2000..2099")
    day = (at.year - 2000) * 10_000 + at.month * 100 + at.day
    return SetClock(address, day, at.hour * 10_000 + at.minute * 100 + at.second)


def _wish(arguments: Mapping[str, str]) -> int:
    _only(arguments, "state")
    for wish, word in identity.CUT_OFF_WISHES.items():
        if arguments.get("state") == word:
            return wish
    words = ", ".join(identity.CUT_OFF_WISHES.values())
    raise Refusal(f"give state=…, one of {words}")


def _only(arguments: Mapping[str, str], known: str) -> None:
    for name in arguments:
        if name != known:
            raise Refusal(f"{name!r} is no argument of it; there is {known}")


def _pin(pin: Secret) -> Secret:
    text = pin.reveal().strip()
    if not (text.isascii() and text.isdigit() and int(text) <= 0xFFFF):
        raise Refusal("the password is no pin: a number of 0..65535")
    return Secret(text)


def outcome(order: Order, reply: Reply) -> Outcome | None:
    """Return what a reply means for the command, None while that is open."""
    if isinstance(order.request, Login):
        denied = isinstance(reply, LoginReply) and reply.status
        return Outcome(False, "the meter denied the login") if denied else None
    if not order.last:
        return None
    if isinstance(reply, CutOffReply):
        pending = ", switching" if reply.feedback & _FEEDBACK_PENDING else ""
        return Outcome(True, f"the relays are: {identity.cut_off(reply.state)}{pending}")
    if isinstance(reply, Acknowledgement):
        return Outcome(True, "the meter acknowledged it")
    return Outcome(True, "the meter answered")
