"""Every message the protocol has, for hypothesis. Only tests import this module."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st

from mitmeter.devices.kamstrup import commands
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    CutOffReply,
    Entry,
    EventStatusReply,
    Formatted,
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
    Head,
    LoggerReply,
    LoggerSetupReply,
    Login,
    LoginReply,
    LogReply,
    Message,
    OtherReply,
    OtherRequest,
    PutRegister,
    RegisterReply,
    RegisterValue,
    SerialReply,
    SetClock,
    SetCutOffState,
    TypeReply,
)
from mitmeter.devices.kamstrup.registers import REGISTERS
from mitmeter.devices.kamstrup.replies import read_reply
from mitmeter.devices.kamstrup.requests import read_request
from mitmeter.devices.kamstrup.units import UNITS
from mitmeter.model import Secret, Side

_BYTE, _WORD, _LONG = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF)
# Bytes that are stuffed turn up far more often than by chance.
_STUFFED = st.sampled_from((0x06, 0x0D, 0x1B, 0x40, 0x80))
_ANY = _BYTE | _STUFFED
_ADDRESS = st.sampled_from((0x3F, 0x7F, 0xBF)) | _ANY
_ID = st.sampled_from(sorted(REGISTERS)) | _WORD
_IDS = st.lists(_ID, max_size=8).map(tuple)
_UNIT = st.sampled_from(sorted(UNITS)) | _BYTE
_SIGEXP = st.sampled_from((0x00, 0x41, 0x42, 0x43, 0x44, 0xC1, 0x03, 0x7F)) | _BYTE
_MOMENT = st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2255-12-31"))


def messages() -> st.SearchStrategy[tuple[Side, Message]]:
    """Return who says it and the message: ordinary, odd, and what nobody has described."""
    return st.one_of(
        requests().map(lambda message: (Side.HEADEND, message)),
        replies().map(lambda message: (Side.DEVICE, message)),
        requests().map(lambda message: (Side.DEVICE, message)),  # an optical head's echo
    )


def requests() -> st.SearchStrategy[Message]:
    """Return what a reader says."""
    logs = st.builds(
        GetLogByTime,
        _ADDRESS,
        st.booleans(),
        _BYTE,
        _IDS,
        _BYTE,
        _BYTE,
        _MOMENT.map(lambda at: at.replace(microsecond=0)),
    )
    return st.one_of(
        st.builds(GetType, _ADDRESS),
        st.builds(GetSerialNo, _ADDRESS),
        st.builds(GetCutOffState, _ADDRESS),
        st.builds(GetEventStatus, _ADDRESS),
        st.builds(GetRegister, _ADDRESS, _IDS | st.lists(_WORD, max_size=255).map(tuple)),
        st.builds(SetClock, _ADDRESS, _LONG, _LONG),
        st.builds(PutRegister, _ADDRESS, values()),
        st.builds(Login, _ADDRESS, _WORD.map(lambda pin: Secret(str(pin)))),
        st.builds(SetCutOffState, _ADDRESS, _BYTE),
        logs,
        st.builds(GetLogById, _ADDRESS, _BYTE, _IDS, _BYTE, _BYTE, _WORD),
        st.builds(GetLogLast, _ADDRESS, _BYTE, _IDS, st.binary(max_size=10)),
        st.builds(GetLoggerSetup, _ADDRESS, _BYTE),
        st.builds(GetLoggerFrom, _ADDRESS, _BYTE, _LONG, _WORD, _IDS),
        st.builds(GetLoggerNewest, _ADDRESS, _BYTE, _WORD, _WORD, _IDS),
        st.builds(read_request, _ADDRESS, _cids(), st.binary(max_size=40)),
        st.builds(OtherRequest, _ADDRESS, st.sampled_from((0x07, 0x85, 0x42)), st.binary()),
    )


def replies() -> st.SearchStrategy[Message]:
    """Return what a meter says."""
    cid = _cids().filter(lambda cid: cid != commands.GET_REGISTER)
    formatted = st.tuples(
        *(st.builds(Formatted, _BYTE, st.binary(min_size=n, max_size=n)) for n in (2, 2, 1, 1))
    )
    setups = st.builds(
        lambda address, logger, parts, depth, ids: LoggerSetupReply(
            address, logger, parts[0], parts[1], parts[2], parts[3], depth, ids
        ),
        _ADDRESS,
        _BYTE,
        formatted,
        _WORD,
        _IDS,
    )
    return st.one_of(
        st.builds(TypeReply, _ADDRESS, _WORD, _WORD),
        st.builds(SerialReply, _ADDRESS, _LONG),
        st.builds(RegisterReply, _ADDRESS, st.lists(values(), max_size=8).map(tuple)),
        st.builds(LoginReply, _ADDRESS, _BYTE),
        st.builds(CutOffReply, _ADDRESS, st.booleans(), _BYTE, _BYTE),
        st.builds(EventStatusReply, _ADDRESS, st.binary(max_size=8)),
        logs(),
        logger_entries(),
        setups,
        st.just(Acknowledgement()),
        st.builds(read_reply, _ADDRESS, cid, st.binary(max_size=60)),
        st.builds(OtherReply, _ADDRESS, st.sampled_from((0x07, 0x85, 0x42)), st.binary()),
    )


def values() -> st.SearchStrategy[RegisterValue]:
    """Return records of any unit with any bytes."""
    raw = st.lists(_ANY, max_size=20).map(bytes)
    plain = st.builds(RegisterValue, _ID, _UNIT, _SIGEXP, raw)
    date = st.builds(
        RegisterValue,
        st.sampled_from((1002, 1003)),
        st.sampled_from((47, 48)),
        st.just(0),
        st.integers(0, 240_000).map(lambda number: number.to_bytes(4, "big")),
    )
    return plain | date


def _cids() -> st.SearchStrategy[int]:
    return st.sampled_from(sorted(commands.NAMES)) | _BYTE


@st.composite
def logs(draw: st.DrawFn) -> LogReply:
    """Return replies of older loggers, empty and with entries."""
    count = draw(st.integers(0, 3))
    some = draw(st.integers(0, 4))
    heads = draw(_heads(count if some else 0))
    entries = tuple(Entry(draw(_WORD), draw(_raws(heads))) for _ in range(some))
    cid = draw(st.sampled_from((0xA0, 0xA1, 0xA2, 0xA3)))
    return LogReply(
        draw(_ADDRESS),
        cid,
        draw(_BYTE),
        count,
        heads,
        entries,
        draw(_WORD),
        draw(_WORD),
        draw(_BYTE),
    )


@st.composite
def logger_entries(draw: st.DrawFn) -> LoggerReply:
    """Return replies of newer loggers, empty and with entries."""
    count = draw(st.integers(1, 3))
    some = draw(st.integers(0, 4))
    heads = draw(_heads(count if some else 0))
    entries = tuple(draw(_raws(heads)) for _ in range(some))
    sub = draw(st.sampled_from((6, 7)))
    ids = (draw(_LONG), draw(_LONG), draw(_WORD))
    return LoggerReply(draw(_ADDRESS), sub, draw(_BYTE), count, *ids, heads, entries)


def _heads(count: int) -> st.SearchStrategy[tuple[Head, ...]]:
    # A log of values without bytes says nothing, and its entries could not be told apart.
    head = st.builds(Head, _ID, _UNIT, st.integers(1, 8), _SIGEXP)
    return st.lists(head, min_size=count, max_size=count).map(tuple)


def _raws(heads: tuple[Head, ...]) -> st.SearchStrategy[tuple[bytes, ...]]:
    return st.tuples(*(st.binary(min_size=h.length, max_size=h.length) for h in heads))
