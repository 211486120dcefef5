"""The data of replies ⇄ messages. What does not fit the layout of its command is `OtherReply`.

A reply names its CID and describes its own records, so no request is needed to read it. Only a list
of registers that ends within a record is no message at all: that reply is invalid, and nothing of
it may be believed [V].
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from mitmeter.devices.kamstrup import commands as cids
from mitmeter.devices.kamstrup.loggers import (
    log_data,
    logger_data,
    read_log,
    read_logger,
)
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    CutOffReply,
    EventStatusReply,
    LoggerReply,
    LoggerSetupReply,
    LoginReply,
    LogReply,
    OtherReply,
    RegisterReply,
    Reply,
    SerialReply,
    TypeReply,
)
from mitmeter.devices.kamstrup.records import Body, Misfit, read_records, records
from mitmeter.errors import LocalProtocolError

_TYPE = Struct(">HH")
_SERIAL = Struct(">I")

Reader = Callable[[int, int, bytes], Reply]


def read_reply(address: int, cid: int, data: bytes) -> Reply:
    """Return what a sound reply frame says. Raises Misfit for a broken list of registers."""
    if cid == cids.GET_REGISTER:
        return RegisterReply(address, read_records(data))
    reader = _READERS.get(cid)
    if reader is None:
        why = "" if cid in cids.NAMES else f"command {cid:02X} has never been described"
        return OtherReply(address, cid, data, why)
    try:
        return reader(address, cid, data)
    except Misfit as misfit:
        return OtherReply(address, cid, data, str(misfit))


def _type(address: int, cid: int, data: bytes) -> Reply:
    _size(data, 4)
    return TypeReply(address, *_TYPE.unpack(data))


def _serial(address: int, cid: int, data: bytes) -> Reply:
    _size(data, 4)
    return SerialReply(address, _SERIAL.unpack(data)[0])


def _login(address: int, cid: int, data: bytes) -> Reply:
    _size(data, 1)
    return LoginReply(address, data[0])


def _cut_off(address: int, cid: int, data: bytes) -> Reply:
    _size(data, 2)
    return CutOffReply(address, cid == cids.SET_CUT_OFF, data[0], data[1])


def _event_status(address: int, cid: int, data: bytes) -> Reply:
    return EventStatusReply(address, data)


def _size(data: bytes, size: int) -> None:
    if len(data) != size:
        raise Misfit(f"{len(data)} data bytes, expected {size}")


_READERS: dict[int, Reader] = {
    cids.GET_TYPE: _type,
    cids.GET_SERIAL: _serial,
    cids.LOGIN: _login,
    cids.SET_CUT_OFF: _cut_off,
    cids.GET_CUT_OFF: _cut_off,
    cids.GET_EVENT_STATUS: _event_status,
    cids.LOG_TIME_PRESENT: read_log,
    cids.LOG_LAST_PRESENT: read_log,
    cids.LOG_ID_PRESENT: read_log,
    cids.LOG_TIME_PAST: read_log,
    cids.LOGGER: read_logger,
}


# --- encoding ---


def reply_body(message: Reply) -> Body:
    """Return CID and data. Raises LocalProtocolError (or struct's error) for what does not fit."""
    match message:
        case RegisterReply():
            return Body(cids.GET_REGISTER, records(message.values))
        case SerialReply():
            return Body(cids.GET_SERIAL, _SERIAL.pack(message.serial))
        case TypeReply():
            return Body(cids.GET_TYPE, _TYPE.pack(message.code, message.revision))
        case LoginReply():
            return Body(cids.LOGIN, bytes((message.status,)))
        case CutOffReply():
            cid = cids.SET_CUT_OFF if message.setting else cids.GET_CUT_OFF
            return Body(cid, bytes((message.state, message.feedback)))
        case EventStatusReply():
            return Body(cids.GET_EVENT_STATUS, message.status)
        case LogReply():
            return Body(message.cid, log_data(message))
        case LoggerReply() | LoggerSetupReply():
            return Body(cids.LOGGER, logger_data(message))
        case OtherReply():
            return Body(message.cid, message.data)
        case Acknowledgement():
            raise LocalProtocolError("an acknowledgement has no frame")
