"""What an emulated meter answers, and what it does when asked; None is silence.

There is no negative answer in the protocol: what a meter does not know, it does not answer [A].
"""

from __future__ import annotations

from datetime import datetime

from mitmeter.devices.kamstrup import commands
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    CutOffReply,
    EventStatusReply,
    GetCutOffState,
    GetEventStatus,
    GetLogById,
    GetLogByTime,
    GetLogLast,
    GetRegister,
    GetSerialNo,
    GetType,
    Login,
    LoginReply,
    LogReply,
    LogRequest,
    Message,
    OtherRequest,
    PutRegister,
    RegisterReply,
    RegisterValue,
    Reply,
    SerialReply,
    SetClock,
    SetCutOffState,
    TypeReply,
)
from mitmeter.devices.kamstrup.meter import Meter

CLEAR_EVENT_STATUS = 0x9C
# Billing, four kinds of events, load profile, billing twice more, and three for analysis [O].
LOGGERS = frozenset((*range(1, 9), 0x0A, 0x0B, 0x0C))
_EMPTY = 0x01
_ACCEPTED, _DENIED = 0x00, 0x01


def is_for(meter: Meter, message: Message) -> bool:
    """Tell whether this meter answers such a thing at all, after some time; else it is silence."""
    if isinstance(message, Acknowledgement) or message.address != meter.persona.address:
        return False
    if isinstance(message, OtherRequest):
        # Clearing takes no data that anybody has described, and returns none: acknowledged [A].
        return message.cid == CLEAR_EVENT_STATUS
    if isinstance(message, Login):
        return meter.persona.login == "status"
    if isinstance(message, GetType):
        return meter.persona.type is not None
    if isinstance(message, GetSerialNo):
        return meter.persona.serial is not None
    if isinstance(message, GetLogByTime | GetLogById | GetLogLast):
        return message.logger in LOGGERS
    return isinstance(message, _ANSWERED)


_ANSWERED = (
    SetClock,
    GetRegister,
    PutRegister,
    SetCutOffState,
    GetCutOffState,
    GetEventStatus,
)


def reply(meter: Meter, request: Message, now: datetime) -> Reply | None:
    """Return the answer to what `is_for` let pass, and do what it asks for."""
    persona = meter.persona
    address = persona.address
    match request:
        case GetRegister():
            return _registers(meter, request, now)
        case GetType():
            kind = int.from_bytes(persona.type or b"", "big")
            return TypeReply(address, kind, int.from_bytes(persona.revision, "big"))
        case GetSerialNo():
            return SerialReply(address, persona.serial or 0)
        case SetClock():
            told = request.moment
            if told is not None:  # numbers that are no time change nothing [A]
                meter.set_clock(told, now)
            return Acknowledgement()
        case PutRegister():
            put = request.value
            taken = meter.put(put.id, put.unit, put.raw)
            return Acknowledgement() if taken else None
        case Login():
            right = request.pin.reveal() == str(persona.pin)
            return LoginReply(address, _ACCEPTED if right else _DENIED)
        case SetCutOffState():
            return CutOffReply(address, True, *meter.order(request.wish, now))
        case GetCutOffState():
            return CutOffReply(address, False, *meter.cut_off(now))
        case GetEventStatus():
            return EventStatusReply(address, meter.events())
        case GetLogByTime() | GetLogById() | GetLogLast():
            return _log(address, request)
        case _:
            meter.clear_events()
            return Acknowledgement()


def _registers(meter: Meter, request: GetRegister, now: datetime) -> RegisterReply:
    """Return the records in the order asked; what the meter does not have is left out [O]."""
    moment = meter.moment(now)
    known = meter.persona.registers
    found = [known[number] for number in request.ids if number in known]
    records = tuple(
        RegisterValue(each.id, each.unit, each.sigexp, meter.raw(each, moment), each.announced)
        for each in found
    )
    return RegisterReply(meter.persona.address, records)


def _log(address: int, request: LogRequest) -> LogReply:
    """Return a log without entries: what would be in them is not known well enough to make up."""
    if isinstance(request, GetLogByTime):
        cid = commands.LOG_TIME_PAST if request.past else commands.LOG_TIME_PRESENT
    else:
        by_id = isinstance(request, GetLogById)
        cid = commands.LOG_ID_PRESENT if by_id else commands.LOG_LAST_PRESENT
    return LogReply(address, cid, request.logger, len(request.ids), (), (), 0, 0, _EMPTY)
