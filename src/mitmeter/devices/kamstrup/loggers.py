"""The data of log replies ⇄ messages, of older (A0 to A3) and newer meters (B8) [O].

The first entry carries each value's head of five bytes in front of it, later ones the bytes only.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from mitmeter.devices.kamstrup.messages import (
    Entry,
    Formatted,
    Head,
    LoggerReply,
    LoggerSetupReply,
    LogReply,
    OtherReply,
    Reply,
)
from mitmeter.devices.kamstrup.records import HEAD, Misfit, head, ids_bytes, read_ids
from mitmeter.errors import LocalProtocolError

_TAIL = Struct(">HHB")  # last id read, next id, info
_LOGGER = Struct(">BBHBIIH")  # sub-command, logger, entries, registers, first id, newest id, info
_SETUP, _FROM, _NEWEST = 5, 6, 7

Values = tuple[bytes, ...]


@dataclass(slots=True)
class _Cursor:
    """Where we are in the data; what is taken moves it on. Raises Misfit at the end."""

    data: bytes
    at: int
    heads: tuple[Head, ...] = ()

    def take(self, size: int, what: str) -> bytes:
        raw = self.data[self.at : self.at + size]
        if len(raw) < size:
            raise Misfit(f"{what} takes {size} bytes, {len(raw)} follow")
        self.at += size
        return raw

    def entry(self, count: int, *, first: bool) -> Values:
        """Take the values of one entry, and the heads with the first."""
        if not first:
            return tuple(self.take(each.length, f"register {each.id}") for each in self.heads)
        values = []
        for _ in range(count):
            each = Head(*HEAD.unpack(self.take(HEAD.size, "a head")))
            self.heads += (each,)
            values.append(self.take(each.length, f"register {each.id}"))
        return tuple(values)

    @property
    def left(self) -> int:
        return len(self.data) - self.at


def read_log(address: int, cid: int, data: bytes) -> Reply:
    """Read a reply to A0 to A3; how many entries it has follows from its length. Raises Misfit."""
    end = len(data) - _TAIL.size
    if end < 2:
        raise Misfit(f"{len(data)} data bytes, expected at least {2 + _TAIL.size}")
    logger, count = data[0], data[1]
    cursor = _Cursor(data[:end], 2)
    entries: list[Entry] = []
    while cursor.left:
        log_id = int.from_bytes(cursor.take(2, "an entry's id"), "big")
        entries.append(Entry(log_id, cursor.entry(count, first=not entries)))
    tail = _TAIL.unpack_from(data, end)
    return LogReply(address, cid, logger, count, cursor.heads, tuple(entries), *tail)


def read_logger(address: int, cid: int, data: bytes) -> Reply:
    """Read a reply to B8. Raises Misfit."""
    if not data:
        raise Misfit("no sub-command")
    if data[0] == _SETUP:
        return _read_setup(address, data)
    if data[0] not in (_FROM, _NEWEST):
        return OtherReply(address, cid, data, f"sub-command {data[0]} is not described")
    if len(data) < _LOGGER.size:
        raise Misfit(f"{len(data)} data bytes, expected at least {_LOGGER.size}")
    sub, logger, entries, count, first, newest, info = _LOGGER.unpack_from(data)
    if entries and not count:
        raise Misfit(f"{entries} entries of no register")
    cursor = _Cursor(data, _LOGGER.size)
    found = tuple(cursor.entry(count, first=not step) for step in range(entries))
    if cursor.left:
        raise Misfit(f"{cursor.left} bytes behind {entries} entries")
    return LoggerReply(address, sub, logger, count, first, newest, info, cursor.heads, found)


def _read_setup(address: int, data: bytes) -> Reply:
    # Sub-command, logger, four settings of 3, 3, 2 and 2 bytes, depth, then the ids.
    if len(data) < 15:
        raise Misfit(f"{len(data)} data bytes, expected at least 15")
    date_1, date_2, most, interval = (Formatted(data[i], data[i + 1 : j]) for i, j in _SETTINGS)
    ids = read_ids(data, 14)
    left = len(data) - 15 - 2 * len(ids)
    if left:
        raise Misfit(f"{left} bytes behind the ids")
    depth = data[12] << 8 | data[13]
    return LoggerSetupReply(address, data[1], date_1, date_2, most, interval, depth, ids)


_SETTINGS = ((2, 5), (5, 8), (8, 10), (10, 12))


# --- encoding ---


def log_data(message: LogReply) -> bytes:
    """Return the data of a reply to A0 to A3."""
    parts = [bytes((message.logger, message.count))]
    for step, entry in enumerate(message.entries):
        parts.append(entry.log_id.to_bytes(2, "big"))
        parts += _values(message.heads, entry.values, first=not step)
    parts.append(_TAIL.pack(message.last_id, message.next_id, message.info))
    return b"".join(parts)


def logger_data(message: LoggerReply | LoggerSetupReply) -> bytes:
    """Return the data of a reply to B8."""
    if isinstance(message, LoggerSetupReply):
        settings = (message.date_1, message.date_2, message.most, message.interval)
        parts = [bytes((_SETUP, message.logger))]
        parts += (bytes((each.format,)) + each.raw for each in settings)
        parts.append(message.depth.to_bytes(2, "big") + ids_bytes(message.ids))
        return b"".join(parts)
    begin = _LOGGER.pack(
        message.sub,
        message.logger,
        len(message.entries),
        message.count,
        message.first_id,
        message.newest_id,
        message.info,
    )
    parts = [begin]
    for step, values in enumerate(message.entries):
        parts += _values(message.heads, values, first=not step)
    return b"".join(parts)


def _values(heads: tuple[Head, ...], values: Values, *, first: bool) -> list[bytes]:
    if len(heads) != len(values):
        raise LocalProtocolError(f"{len(values)} values for {len(heads)} heads")
    if not first:
        return list(values)
    return [head(each) + raw for each, raw in zip(heads, values, strict=True)]
