"""Messages made safe to share: MACs, sensor ids, hashes and keys replaced, everything else as sent.

The bytes themselves are edited, digit by digit, so lengths, JSON and record checksums stay right
(the checksum of stored data does not cover the table of sensors). A MAC gets the same stand-in in
a host name and in an h1 body.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mitmeter.devices.efergy.bulk import HEADER_SIZE, SLOTS, TABLE_AT, sids_of
from mitmeter.devices.efergy.identity import host_of_mac
from mitmeter.devices.efergy.messages import Bulk, Message, Reply
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Pseudonyms, Undecodable

_PIPE = rb"(?:\||%7[Cc])"
_HEX = rb"[0-9A-Fa-f]"
# Ten and more hex digits cannot be told from a MAC or a hash, and nothing else is that long.
_LABELS = re.compile(
    rb"(?<![0-9A-Za-z])(%s{2})\.(%s{2})\.(%s{2})\.(%s{6})(?=\.)" % (_HEX, _HEX, _HEX, _HEX)
)
_MAC = re.compile(rb"(?<=json=)%s{12}(?=%s)" % (_HEX, _PIPE))
_HASHES = (
    re.compile(rb"(?<=[?&]h=)%s+" % _HEX),
    re.compile(rb"(?i:^X-Hash:[ \t]*)(%s+)" % _HEX, re.MULTILINE),
    re.compile(rb"\}%s(%s{16,64})(?=\s|\Z)" % (_PIPE, _HEX)),
    re.compile(rb"%%7[Dd]%s(%s{16,64})(?=\s|\Z)" % (_PIPE, _HEX)),
)
_ROW = re.compile(rb'(?:\[|%5[Bb])\s*([0-9]{1,7})(?=\s*(?:,|%2[Cc])\s*(?:"|%22)mA)')
_LINE = re.compile(rb"^([0-9]{1,7})(?=\|[^|\r\n]{0,8}\|)", re.MULTILINE)
_ALIVE = re.compile(rb"(?:\r?\n\r?\n|\|)([0-9]{1,7})(?=\||\s*\Z)")
_KEY = re.compile(rb"(?<=\r\n\r\n)[A-Z0-9]{2}\|([0-9A-Za-z]{13})(?=\s|\Z)")

Edit = Callable[[bytes], bytes]


def redact(sender: Side, item: Decoded[Message] | Undecodable, pseudonyms: Pseudonyms) -> bytes:
    """Return the item's bytes, as many, with every private value replaced; still the same kind.

    Bytes that are no message are edited as far as such values can be made out in them.
    """
    stand_in = _StandIns(pseudonyms)
    message = item.message if isinstance(item, Decoded) else None
    if isinstance(message, Reply):
        return _edit(item.raw, _KEY, stand_in.text)
    if isinstance(message, Bulk):
        # Binary: what looks like text in it is none.
        start = item.raw.find(message.body[:HEADER_SIZE])
        return _text(item.raw[:start], stand_in) + stand_in.table(item.raw[start:])
    return _edit(_text(item.raw, stand_in), _KEY, stand_in.text)


def _text(data: bytes, stand_in: _StandIns) -> bytes:
    data = _LABELS.sub(stand_in.labels, data)
    data = _MAC.sub(lambda found: stand_in.mac(found[0]), data)
    for pattern in _HASHES:
        data = _edit(data, pattern, stand_in.hex)
    for pattern in (_ROW, _LINE, *([_ALIVE] if b"eh-ping" in data else ())):
        data = _edit(data, pattern, stand_in.sid)
    return data


def _edit(data: bytes, pattern: re.Pattern[bytes], edit: Edit) -> bytes:
    """Replace the pattern's group (or all of it where it has none) by its stand-in."""
    group = pattern.groups
    parts: list[bytes] = []
    done = 0
    for found in pattern.finditer(data):
        start, end = found.span(group)
        parts += (data[done:start], edit(data[start:end]))
        done = end
    return b"".join((*parts, data[done:]))


class _StandIns:
    """Stand-ins of the same length and alphabet; the same value always gets the same one."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    def text(self, value: bytes) -> bytes:
        found = self._pseudonyms.text(value.decode("ascii")).encode("ascii", "replace")
        return found if len(found) == len(value) and found.isalnum() else b"x" * len(value)

    def hex(self, value: bytes) -> bytes:
        return bytes(map(_as_hex, self.text(value)))

    def sid(self, value: bytes) -> bytes:
        """Return other digits, never with a zero in front that was not there: JSON knows none."""
        if not value.strip(b"0"):
            return value
        found = self.text(value)
        if not found.isdigit():
            found = b"7" * len(value)
        return b"7" + found[1:] if found.startswith(b"0") else found

    def mac(self, value: bytes) -> bytes:
        found = self.hex(value.upper()).upper()
        return found if value.upper() == value else found.lower()

    def labels(self, found: re.Match[bytes]) -> bytes:
        last, middle, first, vendor = found.groups()
        mac = self.mac((vendor + first + middle + last).upper())
        labels = host_of_mac(mac.decode()).encode()
        return labels.upper() if found[0].upper() == found[0] else labels

    def table(self, body: bytes) -> bytes:
        """Return stored data with other sensor ids, empty slots left empty."""
        slots = [self._number(sid) for sid in sids_of(body)]
        table = b"".join(each.to_bytes(3, "little") for each in slots)
        return body[:TABLE_AT] + table[: 3 * SLOTS] + body[HEADER_SIZE:]

    def _number(self, sid: int) -> int:
        return int(self.sid(str(sid).encode())) & 0xFFFFFF or 1 if sid else 0


def _as_hex(letter: int) -> int:
    """Return a hex digit for any letter, everything else as it is."""
    character = chr(letter)
    if not character.isalpha() or character in "abcdefABCDEF":
        return letter
    found = "abcdef"[letter % 6]
    return ord(found.upper() if character.isupper() else found)
