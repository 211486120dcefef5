"""What a reader and a meter say to each other, as values.

A request has the fields its CID has on the wire; a reply too. Fields that are not given when a
message is made (`name`, `meaning`, `names`) are there to be shown, and no part of what is compared.
Numbers of two or four bytes are unsigned, big-endian. Source: public readers, and vendor documents
quoted in public test suites; each layout is marked where it is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache

from mitmeter.devices.kamstrup import commands, registers, units
from mitmeter.devices.kamstrup.values import Value, register_value, shown
from mitmeter.model import Secret

METER, TOP_MODULE, BASE_MODULE = 0x3F, 0x7F, 0xBF


# --- records ---


@dataclass(frozen=True, slots=True)
class RegisterValue:
    """One register's record: id, unit, sign/exponent and mantissa bytes, as transmitted.

    announced: the length on the wire where it is not that of `raw`: some electricity meters
               announce a wrong one for units 47 and 48, and four bytes follow [O].
    """

    id: int
    unit: int
    sigexp: int
    raw: bytes
    announced: int | None = None
    meaning: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "meaning", _meaning(self.id, self.unit, self.sigexp, self.raw))

    @property
    def value(self) -> Value:
        """What it holds, in the register's own unit (`units.symbol(unit)`)."""
        return register_value(self.unit, self.sigexp, self.raw)


@lru_cache(maxsize=4096)
def _meaning(id: int, unit: int, sigexp: int, raw: bytes) -> str:
    """Say what a record means: `Voltage L2: 231 V`."""
    value = shown(register_value(unit, sigexp, raw))
    return f"{registers.name_of(id)}: {value} {units.symbol(unit)}".rstrip()


@dataclass(frozen=True, slots=True)
class Head:
    """How all values of one register in a log reply are encoded: given once, in front."""

    id: int
    unit: int
    length: int
    sigexp: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an older logger: its id, and the mantissa bytes in the order of the heads."""

    log_id: int
    values: tuple[bytes, ...]


# --- requests ---


@dataclass(frozen=True, slots=True)
class GetType:
    """CID 01."""

    address: int = METER


@dataclass(frozen=True, slots=True)
class GetSerialNo:
    """CID 02."""

    address: int = METER


@dataclass(frozen=True, slots=True)
class SetClock:
    """CID 09: the numbers yymmdd and hhmmss [V]; answered by an acknowledgement."""

    address: int
    date: int
    time: int

    @property
    def moment(self) -> datetime | None:
        """The local date and time, None where the numbers are none."""
        day = register_value(units.DATE, 0, self.date.to_bytes(4, "big"))
        clock = register_value(units.CLOCK, 0, self.time.to_bytes(4, "big"))
        if isinstance(day, date) and isinstance(clock, time):
            return datetime.combine(day, clock)
        return None


@dataclass(frozen=True, slots=True)
class GetRegister:
    """CID 10: eight ids at most are allowed [V]; a sender may say more, up to 255."""

    address: int
    ids: tuple[int, ...]
    names: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(map(registers.name_of, self.ids)))


@dataclass(frozen=True, slots=True)
class PutRegister:
    """CID 11: one record in the layout of a reply [I]; answered by an acknowledgement [I]."""

    address: int
    value: RegisterValue


@dataclass(frozen=True, slots=True)
class Login:
    """CID 92: a PIN of 16 bits, here in decimal [V]. What a real meter replies is unknown [U]."""

    address: int
    pin: Secret


@dataclass(frozen=True, slots=True)
class SetCutOffState:
    """CID 97: 1 disconnect, 2 release for reconnection, 3 reconnect from release [O]."""

    address: int
    wish: int


@dataclass(frozen=True, slots=True)
class GetCutOffState:
    """CID 98."""

    address: int = METER


@dataclass(frozen=True, slots=True)
class GetEventStatus:
    """CID 9B."""

    address: int = METER


@dataclass(frozen=True, slots=True)
class GetLogByTime:
    """CID A0, or A3 with `past`: entries from a local time on, or back from it [O].

    count: how many entries; most: the longest reply wanted, in bytes.
    """

    address: int
    past: bool
    logger: int
    ids: tuple[int, ...]
    count: int
    most: int
    start: datetime


@dataclass(frozen=True, slots=True)
class GetLogById:
    """CID A2: entries from a log id on [O]; fields as in `GetLogByTime`."""

    address: int
    logger: int
    ids: tuple[int, ...]
    count: int
    most: int
    log_id: int


@dataclass(frozen=True, slots=True)
class GetLogLast:
    """CID A1: the newest entries; what follows the ids is not described [U]."""

    address: int
    logger: int
    ids: tuple[int, ...]
    rest: bytes


@dataclass(frozen=True, slots=True)
class GetLoggerSetup:
    """CID B8 05: how a logger of a newer meter is set up [O]."""

    address: int
    logger: int


@dataclass(frozen=True, slots=True)
class GetLoggerFrom:
    """CID B8 06: entries back from an absolute id [O]."""

    address: int
    logger: int
    first_id: int
    count: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GetLoggerNewest:
    """CID B8 07: entries back from the newest, `offset` of them left out [O]."""

    address: int
    logger: int
    offset: int
    count: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """A command without a public layout, or whose data does not fit the one it has.

    why: in words; empty for a known command whose data nobody has described.
    """

    address: int
    cid: int
    data: bytes
    why: str = field(default="", compare=False)
    name: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", commands.name_of(self.cid))


# --- replies ---


@dataclass(frozen=True, slots=True)
class TypeReply:
    """Reply to CID 01: `code` as in `identity.model`, software letter and number [O]."""

    address: int
    code: int
    revision: int


@dataclass(frozen=True, slots=True)
class SerialReply:
    """Reply to CID 02: the serial number [V]."""

    address: int
    serial: int


@dataclass(frozen=True, slots=True)
class RegisterReply:
    """Reply to CID 10: records in the order asked; ids the meter does not have are left out."""

    address: int
    values: tuple[RegisterValue, ...]


@dataclass(frozen=True, slots=True)
class LoginReply:
    """Reply to CID 92 of the public emulation: 0 accepted, 1 denied [H]."""

    address: int
    status: int


@dataclass(frozen=True, slots=True)
class CutOffReply:
    """Reply to CID 98, or to 97 with `setting`: the relays' state and feedback bits [O]."""

    address: int
    setting: bool
    state: int
    feedback: int


@dataclass(frozen=True, slots=True)
class EventStatusReply:
    """Reply to CID 9B: status bytes, bits as in `identity.EVENT_BITS` [O]."""

    address: int
    status: bytes


@dataclass(frozen=True, slots=True)
class LogReply:
    """Reply to CIDs A0 to A3 [O].

    count: how many registers; heads: how each is encoded, none where there is no entry.
    info:  1 logger empty, 4 id or time outside the log, 8 the reply would be too long, 10 the end.
    """

    address: int
    cid: int
    logger: int
    count: int
    heads: tuple[Head, ...]
    entries: tuple[Entry, ...]
    last_id: int
    next_id: int
    info: int


@dataclass(frozen=True, slots=True)
class LoggerReply:
    """Reply to CID B8 06 and 07 [O]: entries without ids of their own.

    sub:      6 or 7.
    count:    how many registers; heads: how each is encoded, none where there is no entry.
    newest_id: the last id in the meter.
    info:     bits: 0 no entries, 1 out of range, 2 interval changed, 3 unsupported register,
              4 truncated, 5 format changed, 6 and 7 the two ends of the log are included, 8 memory
              error, 9 invalid request, 13 registers truncated.
    """

    address: int
    sub: int
    logger: int
    count: int
    first_id: int
    newest_id: int
    info: int
    heads: tuple[Head, ...]
    entries: tuple[tuple[bytes, ...], ...]


@dataclass(frozen=True, slots=True)
class Formatted:
    """A setting of a logger: a format byte and its bytes, which nobody has described further."""

    format: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class LoggerSetupReply:
    """Reply to CID B8 05 [O].

    date_1, date_2: two bytes; most, interval: one byte; depth: entries.
    """

    address: int
    logger: int
    date_1: Formatted
    date_2: Formatted
    most: Formatted
    interval: Formatted
    depth: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The single raw byte 06: the answer to commands that return no data [V]."""


@dataclass(frozen=True, slots=True)
class OtherReply:
    """A reply without a public layout, or whose data does not fit the one it has."""

    address: int
    cid: int
    data: bytes
    why: str = field(default="", compare=False)
    name: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", commands.name_of(self.cid))


LoggerRequest = GetLoggerSetup | GetLoggerFrom | GetLoggerNewest
LogRequest = GetLogByTime | GetLogById | GetLogLast
Request = (
    GetType
    | GetSerialNo
    | SetClock
    | GetRegister
    | PutRegister
    | Login
    | SetCutOffState
    | GetCutOffState
    | GetEventStatus
    | LogRequest
    | LoggerRequest
    | OtherRequest
)
Reply = (
    TypeReply
    | SerialReply
    | RegisterReply
    | LoginReply
    | CutOffReply
    | EventStatusReply
    | LogReply
    | LoggerReply
    | LoggerSetupReply
    | Acknowledgement
    | OtherReply
)
Message = Request | Reply

WRITES: tuple[type, ...] = (SetClock, PutRegister, SetCutOffState)


def changes(message: Message) -> bool:
    """Return whether a request would change something in the meter."""
    if isinstance(message, OtherRequest):
        return message.cid in commands.WRITING
    return isinstance(message, WRITES)
