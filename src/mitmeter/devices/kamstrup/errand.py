"""One request a reader has to make, and what counts as its answer."""

from __future__ import annotations

from dataclasses import dataclass

from mitmeter.devices.kamstrup import commands
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    CutOffReply,
    GetCutOffState,
    GetRegister,
    GetSerialNo,
    GetType,
    Login,
    LoginReply,
    Message,
    OtherReply,
    RegisterReply,
    Request,
    SerialReply,
    SetClock,
    SetCutOffState,
    TypeReply,
)
from mitmeter.devices.kamstrup.orders import Order


@dataclass(frozen=True, slots=True)
class Errand:
    """One request, and why it is made.

    tries:    how often to ask at most.
    order:    the step of an operator's command it is; command: that command's id.
    optional: silence is no fault.
    scanned:  the ids of a scan it asks for; part: it asks again for a part of a batch.
    """

    request: Request
    tries: int = 10
    order: Order | None = None
    command: str = ""
    optional: bool = False
    scanned: tuple[int, ...] = ()
    part: bool = False


def answers(request: Request, reply: Message) -> bool:
    """Return whether this is the answer to that request: command, address, and ids asked for."""
    if isinstance(reply, Acknowledgement):
        return isinstance(request, SetClock | SetCutOffState | Login)
    if getattr(reply, "address", None) != request.address:
        return False
    match request:
        case GetRegister():
            return isinstance(reply, RegisterReply) and _asked_for(request.ids, reply)
        case GetSerialNo():
            return isinstance(reply, SerialReply)
        case GetType():
            return isinstance(reply, TypeReply)
        case SetCutOffState():
            return isinstance(reply, CutOffReply) and reply.setting
        case GetCutOffState():
            return isinstance(reply, CutOffReply) and not reply.setting
        case Login():
            other = isinstance(reply, OtherReply) and reply.cid == commands.LOGIN
            return other or isinstance(reply, LoginReply)
        case _:
            return False


def _asked_for(ids: tuple[int, ...], reply: RegisterReply) -> bool:
    asked = set(ids)
    return all(each.id in asked for each in reply.values)
