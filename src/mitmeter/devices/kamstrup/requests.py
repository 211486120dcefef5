"""The data of requests ⇄ messages. What does not fit the layout of its command is `OtherRequest`.

Every layout is read strictly, so a message gives back exactly the data it was read from.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from struct import Struct, error

from mitmeter.devices.kamstrup import commands as cids
from mitmeter.devices.kamstrup.messages import (
    GetCutOffState,
    GetEventStatus,
    GetLogById,
    GetLogByTime,
    GetLoggerFrom,
    GetLoggerNewest,
    GetLoggerSetup,
    GetLogLast,
    GetRegister,
    GetSerialNo,
    GetType,
    Login,
    OtherRequest,
    PutRegister,
    Request,
    SetClock,
    SetCutOffState,
)
from mitmeter.devices.kamstrup.records import (
    Body,
    Misfit,
    ids_bytes,
    read_ids,
    read_records,
    record,
)
from mitmeter.devices.kamstrup.values import plain_time
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Secret

_TWO = Struct(">H")
_CLOCK = Struct(">II")
_LOG_TAIL = Struct(">BB8s")
_LOG_ID_TAIL = Struct(">BBH")
_FROM_HEAD = Struct(">BIHB")
_NEWEST_HEAD = Struct(">BHHB")
_SETUP, _FROM, _NEWEST = 5, 6, 7

Reader = Callable[[int, int, bytes], Request]


def read_request(address: int, cid: int, data: bytes) -> Request:
    """Return what a sound request frame asks. Total."""
    reader = _READERS.get(cid)
    if reader is None:
        why = "" if cid in cids.NAMES else f"command {cid:02X} has never been described"
        return OtherRequest(address, cid, data, why)
    try:
        return reader(address, cid, data)
    except Misfit as misfit:
        return OtherRequest(address, cid, data, str(misfit))


def _empty(kind: type[GetType | GetSerialNo | GetCutOffState | GetEventStatus]) -> Reader:
    def read(address: int, cid: int, data: bytes) -> Request:
        _size(data, 0)
        return kind(address)

    return read


def _set_clock(address: int, cid: int, data: bytes) -> Request:
    _size(data, 8)
    return SetClock(address, *_CLOCK.unpack(data))


def _get_register(address: int, cid: int, data: bytes) -> Request:
    if not data:
        raise Misfit("no count of registers")
    ids = read_ids(data, 0)
    _size(data, 1 + 2 * len(ids))
    return GetRegister(address, ids)


def _put_register(address: int, cid: int, data: bytes) -> Request:
    values = read_records(data)
    if len(values) != 1:
        raise Misfit(f"{len(values)} records, expected one")
    return PutRegister(address, values[0])


def _login(address: int, cid: int, data: bytes) -> Request:
    _size(data, 2)
    return Login(address, Secret(str(_TWO.unpack(data)[0])))


def _set_cut_off(address: int, cid: int, data: bytes) -> Request:
    _size(data, 1)
    return SetCutOffState(address, data[0])


def _log(address: int, cid: int, data: bytes) -> Request:
    if len(data) < 2:
        raise Misfit(f"{len(data)} bytes, expected logger and count of registers")
    logger = data[0]
    ids = read_ids(data, 1)
    rest = data[2 + 2 * len(ids) :]
    if cid == cids.LOG_LAST_PRESENT:
        return GetLogLast(address, logger, ids, rest)
    if cid == cids.LOG_ID_PRESENT:
        _size(rest, _LOG_ID_TAIL.size, "behind the ids")
        return GetLogById(address, logger, ids, *_LOG_ID_TAIL.unpack(rest))
    _size(rest, _LOG_TAIL.size, "behind the ids")
    count, most, start = _LOG_TAIL.unpack(rest)
    past = cid == cids.LOG_TIME_PAST
    return GetLogByTime(address, past, logger, ids, count, most, _moment(start))


def _moment(raw: bytes) -> datetime:
    """Return YY MM DD hh mm ss, plain binary, two zero bytes behind."""
    if any(raw[6:]):
        raise Misfit(f"time {raw.hex(' ')} does not end in two zero bytes")
    try:
        return plain_time(raw[:6])
    except ValueError:
        raise Misfit(f"{raw.hex(' ')} is no time") from None


def _logger(address: int, cid: int, data: bytes) -> Request:
    sub = data[0] if data else None
    if sub == _SETUP:
        _size(data, 2)
        return GetLoggerSetup(address, data[1])
    head = {_FROM: _FROM_HEAD, _NEWEST: _NEWEST_HEAD}.get(sub or 0)
    if head is None:
        raise Misfit("no sub-command" if sub is None else f"sub-command {sub} is not described")
    try:
        logger, first, count, _ = head.unpack_from(data, 1)
    except error:
        raise Misfit(f"{len(data)} bytes, expected at least {1 + head.size}") from None
    ids = read_ids(data, head.size)
    _size(data, head.size + 1 + 2 * len(ids))
    if sub == _FROM:
        return GetLoggerFrom(address, logger, first, count, ids)
    return GetLoggerNewest(address, logger, first, count, ids)


def _size(data: bytes, size: int, where: str = "") -> None:
    if len(data) != size:
        raise Misfit(f"{len(data)} data bytes {where}".rstrip() + f", expected {size}")


_READERS: dict[int, Reader] = {
    cids.GET_TYPE: _empty(GetType),
    cids.GET_SERIAL: _empty(GetSerialNo),
    cids.GET_CUT_OFF: _empty(GetCutOffState),
    cids.GET_EVENT_STATUS: _empty(GetEventStatus),
    cids.SET_CLOCK: _set_clock,
    cids.GET_REGISTER: _get_register,
    cids.PUT_REGISTER: _put_register,
    cids.LOGIN: _login,
    cids.SET_CUT_OFF: _set_cut_off,
    cids.LOG_TIME_PRESENT: _log,
    cids.LOG_TIME_PAST: _log,
    cids.LOG_ID_PRESENT: _log,
    cids.LOG_LAST_PRESENT: _log,
    cids.LOGGER: _logger,
}


# --- encoding ---


def request_body(message: Request) -> Body:
    """Return CID and data. Raises LocalProtocolError (or struct's error) for what does not fit."""
    match message:
        case GetType():
            return Body(cids.GET_TYPE, b"")
        case GetSerialNo():
            return Body(cids.GET_SERIAL, b"")
        case GetCutOffState():
            return Body(cids.GET_CUT_OFF, b"")
        case GetEventStatus():
            return Body(cids.GET_EVENT_STATUS, b"")
        case GetRegister():
            return Body(cids.GET_REGISTER, ids_bytes(message.ids))
        case SetClock():
            return Body(cids.SET_CLOCK, _CLOCK.pack(message.date, message.time))
        case PutRegister():
            return Body(cids.PUT_REGISTER, record(message.value))
        case Login():
            return Body(cids.LOGIN, _pin(message.pin))
        case SetCutOffState():
            return Body(cids.SET_CUT_OFF, bytes((message.wish,)))
        case OtherRequest():
            return Body(message.cid, message.data)
        case GetLoggerSetup() | GetLoggerFrom() | GetLoggerNewest():
            return Body(cids.LOGGER, _logger_data(message))
        case _:
            return _log_body(message)


def _pin(pin: Secret) -> bytes:
    text = pin.reveal()
    if not (text.isascii() and text.isdigit() and int(text) <= 0xFFFF):
        raise LocalProtocolError("the pin is not a number of 0..65535")
    return _TWO.pack(int(text))


def _log_body(message: GetLogByTime | GetLogById | GetLogLast) -> Body:
    head = bytes((message.logger,)) + ids_bytes(message.ids)
    if isinstance(message, GetLogLast):
        return Body(cids.LOG_LAST_PRESENT, head + message.rest)
    if isinstance(message, GetLogById):
        tail = _LOG_ID_TAIL.pack(message.count, message.most, message.log_id)
        return Body(cids.LOG_ID_PRESENT, head + tail)
    at = message.start
    parts = (at.year - 2000, at.month, at.day, at.hour, at.minute, at.second, 0, 0)
    tail = _LOG_TAIL.pack(message.count, message.most, bytes(parts))
    return Body(cids.LOG_TIME_PAST if message.past else cids.LOG_TIME_PRESENT, head + tail)


def _logger_data(message: GetLoggerSetup | GetLoggerFrom | GetLoggerNewest) -> bytes:
    if isinstance(message, GetLoggerSetup):
        return bytes((_SETUP, message.logger))
    ids = ids_bytes(message.ids)
    if isinstance(message, GetLoggerFrom):
        first, head, sub = message.first_id, _FROM_HEAD, _FROM
    else:
        first, head, sub = message.offset, _NEWEST_HEAD, _NEWEST
    return bytes((sub,)) + head.pack(message.logger, first, message.count, ids[0]) + ids[1:]
