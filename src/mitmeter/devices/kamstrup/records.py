"""Register records and lists of ids, as they stand in the data of several commands.

A record is id (2), unit, length, sign/exponent, mantissa; all big-endian [V].
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

from mitmeter.devices.kamstrup import units
from mitmeter.devices.kamstrup.messages import Head, RegisterValue
from mitmeter.errors import LocalProtocolError
from mitmeter.model import lean

HEAD = Struct(">HBBB")
_FORCED = frozenset({units.CLOCK, units.DATE})
_FORCED_LENGTH = 4


class Misfit(Exception):
    """Data that does not fit the layout of its command; the text says how."""


@lean
class Body:
    """What stands behind the address of a frame."""

    cid: int
    data: bytes


# --- ids ---


def read_ids(data: bytes, at: int) -> tuple[int, ...]:
    """Return the ids whose count stands at `at`. Raises Misfit when they are not all there."""
    count = data[at]
    end = at + 1 + 2 * count
    if end > len(data):
        raise Misfit(f"{count} registers announced, {len(data) - at - 1} bytes follow")
    return tuple(data[i] << 8 | data[i + 1] for i in range(at + 1, end, 2))


def ids_bytes(ids: tuple[int, ...]) -> bytes:
    """Return count and ids. Raises LocalProtocolError for what does not fit."""
    if len(ids) > 255:
        raise LocalProtocolError(f"{len(ids)} registers at once, 255 are the most a count can say")
    try:
        return bytes((len(ids),)) + b"".join(id.to_bytes(2, "big") for id in ids)
    except OverflowError:
        raise LocalProtocolError(f"register ids {ids} are not all within 0..65535") from None


# --- records ---


def read_records(data: bytes) -> tuple[RegisterValue, ...]:
    """Return the records the data consists of. Raises Misfit where it ends within one.

    Where the announced lengths lead nowhere, clocks and dates count as four bytes: some
    electricity meters announce a wrong length for them [O].
    """
    try:
        return _records(data, forced=False)
    except Misfit:
        if not any(unit in data for unit in _FORCED):
            raise
        try:
            return _records(data, forced=True)
        except Misfit:
            pass
        raise


def _records(data: bytes, *, forced: bool) -> tuple[RegisterValue, ...]:
    found: list[RegisterValue] = []
    at, size = 0, len(data)
    while at < size:
        if size - at < HEAD.size:
            raise Misfit(f"{size - at} bytes behind {len(found)} records, a record begins with 5")
        id, unit, length, sigexp = HEAD.unpack_from(data, at)
        at += HEAD.size
        announced = None
        if forced and unit in _FORCED and length != _FORCED_LENGTH:
            announced, length = length, _FORCED_LENGTH
        end = at + length
        if end > size:
            raise Misfit(f"register {id} announces {length} bytes, {size - at} follow")
        found.append(RegisterValue(id, unit, sigexp, data[at:end], announced))
        at = end
    return tuple(found)


def record(value: RegisterValue) -> bytes:
    """Return one record. Raises LocalProtocolError for what does not fit."""
    length = len(value.raw) if value.announced is None else value.announced
    return head(Head(value.id, value.unit, length, value.sigexp)) + value.raw


def records(values: Iterable[RegisterValue]) -> bytes:
    return b"".join(map(record, values))


# --- heads, as log replies have them ---


def head(of: Head) -> bytes:
    """Return the five bytes that say how a value is encoded."""
    try:
        return of.id.to_bytes(2, "big") + bytes((of.unit, of.length, of.sigexp))
    except (OverflowError, ValueError):
        raise LocalProtocolError(
            f"register {of.id}, unit {of.unit}, length {of.length}, sign/exponent {of.sigexp} do"
            " not all fit their bytes"
        ) from None
