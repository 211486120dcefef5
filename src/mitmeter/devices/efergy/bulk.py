"""What an h3 hub has stored: 4096 bytes ⇄ records.

    0   4    base time, little-endian, Unix seconds
    4   5×3  five SIDs, 24 bits, little-endian, 0 is an empty slot
    19  …    records, then 0xFF

A record: one byte with type (bits 7-5), place in the table (4-1) and bit 16 of the time (0); the
time's low 16 bits, big-endian, seconds after base; float32 values, little-endian; a checksum, the
sum of all bytes before it modulo 256. Confirmed with the checksums of public dumps [O]. Two public
parsers read it otherwise (a header of 20 bytes; 65537 for the time's high bit) and give other
values and times than the checksums allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from struct import Struct, pack, unpack

from mitmeter.devices.efergy.messages import Odd, StoredRecord
from mitmeter.devices.efergy.registers import CLAMP, CLIMATE, OVERFLOW
from mitmeter.errors import LocalProtocolError

SIZE = 4096
SLOTS = 5
TABLE_AT = 4
HEADER_SIZE = TABLE_AT + 3 * SLOTS
MOST_SECONDS = 0x1FFFF  # after base: 17 bits

_HEAD = Struct(">BH")
_KINDS = {1: (CLAMP, ("P1",)), 3: (CLIMATE, ("M", "T", "L"))}
_END = 7
_OVERFLOW = float(OVERFLOW)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stored:
    """One body: base in Unix seconds, sound records, and what was dropped."""

    base: int
    records: tuple[StoredRecord, ...]
    odd: tuple[Odd, ...]


def record_size(kind: str) -> int:
    """Return the bytes a record of that kind takes."""
    return _HEAD.size + 4 * (1 if kind == CLAMP else 3) + 1


def parse_bulk(body: bytes) -> Stored | str:
    """Return what a body of stored data says, or why it says nothing. Total.

    A body of another size than 4096 is read as far as it goes; a last record cut short is normal.
    """
    if len(body) < HEADER_SIZE:
        return f"{len(body)} bytes of stored data, the header alone takes {HEADER_SIZE}"
    base = int.from_bytes(body[:TABLE_AT], "little")
    table = tuple(sids_of(body))
    records: list[StoredRecord] = []
    odd: list[Odd] = []
    at = HEADER_SIZE
    while at + _HEAD.size <= len(body):
        lead, low = _HEAD.unpack_from(body, at)
        kind = lead >> 5
        if kind == _END:
            break
        if kind not in _KINDS:
            odd.append(Odd(body[at : at + 16].hex(), f"type {kind} of unknown length, stopped"))
            break
        name, values = _KINDS[kind]
        raw = body[at : at + record_size(name)]
        at += record_size(name)
        if len(raw) < record_size(name):
            break
        moment = _EPOCH + timedelta(seconds=base + ((lead & 1) << 16 | low))
        found = _record(raw, lead >> 1 & 0x0F, table, moment, name, values)
        if isinstance(found, StoredRecord):
            records.append(found)
        else:
            odd.append(Odd(raw.hex(), found))
    return Stored(base, tuple(records), tuple(odd))


def sids_of(body: bytes) -> list[int]:
    """Return the five slots of the sensor table."""
    ends = range(TABLE_AT, HEADER_SIZE, 3)
    return [int.from_bytes(body[at : at + 3], "little") for at in ends]


def _record(
    raw: bytes, slot: int, table: Sequence[int], at: datetime, kind: str, names: Sequence[str]
) -> StoredRecord | str:
    """Return the record, or why it is dropped."""
    computed = sum(raw[:-1]) & 0xFF
    if computed != raw[-1]:
        return f"checksum {raw[-1]:02x}, expected {computed:02x}"
    if slot >= SLOTS or table[slot] == 0:
        return f"place {slot} of the sensor table is empty"
    floats = unpack(f"<{len(names)}f", raw[_HEAD.size : -1])
    values: list[tuple[str, Decimal]] = []
    for name, value in zip(names, floats, strict=True):
        if not abs(value) < _OVERFLOW:  # NaN is not below anything
            return "a value is NaN, infinite or an overflow"
        values.append((name, _decimal(value)))
    return StoredRecord(table[slot], at, kind, tuple(values))


def _decimal(value: float) -> Decimal:
    """Return the shortest number that is this float32: what a hub that writes decimals means."""
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        if unpack("<f", pack("<f", float(text)))[0] == value:
            break
    else:
        text = f"{value:.9g}"
    return Decimal(f"{Decimal(text):f}")  # without an exponent


def bulk_body(base: int, records: Iterable[StoredRecord]) -> bytes:
    """Return 4096 bytes that say these records; their SIDs fill the table in order of appearance.

    Raises LocalProtocolError for more than five SIDs, a time out of reach, or too many records.
    """
    table: list[int] = []
    parts: list[bytes] = []
    for record in records:
        if record.sid not in table:
            table.append(record.sid)
        parts.append(_written(record, table.index(record.sid), base))
    if len(table) > SLOTS:
        raise LocalProtocolError(f"{len(table)} sensors, a body has room for {SLOTS}")
    slots = b"".join(sid.to_bytes(3, "little") for sid in table + [0] * (SLOTS - len(table)))
    body = base.to_bytes(4, "little") + slots + b"".join(parts)
    if len(body) > SIZE:
        raise LocalProtocolError(f"{len(body)} bytes of stored data, a body has {SIZE}")
    return body + b"\xff" * (SIZE - len(body))


def _written(record: StoredRecord, slot: int, base: int) -> bytes:
    number = 1 if record.kind == CLAMP else 3
    seconds = int((record.at - _EPOCH).total_seconds()) - base
    if not 0 <= seconds <= MOST_SECONDS:
        raise LocalProtocolError(f"a record {seconds} s after its base, 0 to {MOST_SECONDS} fit")
    lead = number << 5 | slot << 1 | seconds >> 16
    floats = pack(f"<{len(record.values)}f", *(float(value) for _, value in record.values))
    raw = _HEAD.pack(lead, seconds & 0xFFFF) + floats
    return raw + bytes((sum(raw) & 0xFF,))
