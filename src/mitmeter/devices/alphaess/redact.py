"""Frames made safe to share: private values replaced by stand-ins, same length, valid checksum.

The bytes themselves are edited, so everything else stays exactly as it was sent. Private is what
`registers.PRIVATE_FIELDS` lists, the SN column of history rows, MAC addresses, and serial numbers
wherever they turn up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from mitmeter.devices.alphaess.codec import CRC_SIZE, HEAD_SIZE, sealed
from mitmeter.devices.alphaess.messages import History, Message
from mitmeter.devices.alphaess.registers import PRIVATE_FIELDS
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Pseudonyms, Undecodable

_PRIVATE = frozenset(name.lower().encode() for name in PRIVATE_FIELDS)
_SERIAL_NAMES = frozenset({b"sn", b"username"})
# What is looked for elsewhere in the frame: nothing that could be part of a JSON number or a word.
_TELLING = re.compile(rb"(?=.*[A-DF-Za-df-z])(?=.*\d)[A-Za-z0-9._-]{6,64}")

_SERIAL = re.compile(rb"AL\d{13}")
_MAC = re.compile(rb"MAC: *([0-9A-Fa-f]{2}(?:[ :-]?[0-9A-Fa-f]{2}){5})")
_TEXT = rb'"((?:[^"\\]|\\.)*)'
_TOKEN = re.compile(_TEXT + rb'"?|(-?\d[\d.eE+-]*)|([{}\[\],])', re.DOTALL)
_COLON = re.compile(rb"\s*:")
# Finds members even where broken text has put the quotes out of step.
_MEMBER = re.compile(rb'"(%s)"\s*:\s*' % b"|".join(sorted(_PRIVATE)) + _TEXT, re.DOTALL | re.I)

_ESCAPE = re.compile(rb"\\u....|\\.|\\\Z", re.DOTALL)
_NOT_PLAIN = re.compile(rb'[^ -~]|["\\]')
_DIGITS = re.compile(rb"\d+")


@dataclass(frozen=True, slots=True, order=True)
class _Span:
    """Where a private value stands; `shape` is "text", "number" or "mac"."""

    start: int
    end: int
    shape: str = "text"


def redact(sender: Side, item: Decoded[Message] | Undecodable, pseudonyms: Pseudonyms) -> bytes:
    """Return the item's bytes, as many, with every private value replaced and a valid checksum.

    Bytes that are no frame are edited as far as names and values can be made out in them; they stay
    no frame.
    """
    if isinstance(item, Undecodable):
        return _edited(item.raw, _in_json(item.raw), pseudonyms)
    head, payload = item.raw[:HEAD_SIZE], item.raw[HEAD_SIZE:-CRC_SIZE]
    named = _in_rows(payload) if isinstance(item.message, History) else _in_json(payload)
    return sealed(head + _edited(payload, named, pseudonyms))


def _edited(data: bytes, named: Iterable[_Span], pseudonyms: Pseudonyms) -> bytes:
    """Return the data with the named spans, and all that looks private by itself, replaced."""
    spans = list(named)
    spans += (_Span(*each.span()) for each in _SERIAL.finditer(data))
    spans += (_Span(*each.span(1), "mac") for each in _MAC.finditer(data))
    parts: list[bytes] = []
    done = 0
    for span in sorted(spans):
        if span.start < done:
            continue
        parts += (data[done : span.start], _stand_in(data[span.start : span.end], span, pseudonyms))
        done = span.end
    return b"".join((*parts, data[done:]))


# --- where private values stand ---


def _in_json(data: bytes) -> Iterator[_Span]:
    """Yield the private values of JSON text, nested ones too, and other copies of the serial."""
    serials: set[bytes] = set()
    for name, span in _private_values(data):
        yield span
        value = data[span.start : span.end]
        if name in _SERIAL_NAMES and _TELLING.fullmatch(value):
            serials.add(value)
    for match in _MEMBER.finditer(data):
        yield _Span(*match.span(2))
    for serial in serials:
        yield from _occurrences(data, serial)


def _private_values(data: bytes) -> Iterator[tuple[bytes, _Span]]:
    """Walk the tokens; yield values under a private name, or inside a container under one."""
    name = b""
    enclosing: list[bytes] = []
    for token in _TOKEN.finditer(data, max(data.find(b"{"), 0)):
        text, _, mark = token.groups()
        if text is not None and _COLON.match(data, token.end()):
            name = _plain_name(text)
            continue
        owner = name if name in _PRIVATE else (enclosing[-1] if enclosing else b"")
        if mark is None and owner:
            shape = "text" if text is not None else "number"
            yield owner, _Span(*token.span(1 if text is not None else 2), shape)
        elif mark in (b"{", b"["):
            enclosing.append(owner)
        elif mark in (b"}", b"]") and enclosing:
            enclosing.pop()
        name = b""


def _plain_name(text: bytes) -> bytes:
    if b"\\" in text:
        with suppress(ValueError):  # a broken name is compared as it stands
            text = str(json.loads(b'"%s"' % text)).encode("utf-8", "replace")
    return text.strip().lower()


def _in_rows(data: bytes) -> Iterator[_Span]:
    """Yield the cells of the SN columns, and other copies of those serials."""
    header, *lines = data.split(b"\n")
    columns = [name.strip().lower() for name in header.split(b",")]
    serials: set[bytes] = set()
    at = len(header) + 1
    for line in lines:
        start = at
        for name, cell in zip(columns, line.split(b","), strict=False):
            if name in _PRIVATE:
                value = cell.rstrip(b"\r")
                yield _Span(start, start + len(value))
                if _TELLING.fullmatch(value):
                    serials.add(value)
            start += len(cell) + 1
        at += len(line) + 1
    for serial in serials:
        yield from _occurrences(data, serial)


def _occurrences(data: bytes, value: bytes) -> Iterator[_Span]:
    at = data.find(value)
    while at >= 0:
        yield _Span(at, at + len(value))
        at = data.find(value, at + len(value))


# --- stand-ins ---


def _stand_in(value: bytes, span: _Span, pseudonyms: Pseudonyms) -> bytes:
    if span.shape == "number":
        return _number_stand_in(value, pseudonyms)
    # Escapes and characters beyond ASCII would not keep their length: they become letters first.
    plain = _ESCAPE.sub(lambda escape: b"x" * len(escape[0]), value)
    plain = _NOT_PLAIN.sub(b"x", plain)
    found = pseudonyms.text(plain.decode("ascii")).encode("ascii", "replace")
    if len(found) != len(value) or _NOT_PLAIN.search(found):
        found = b"x" * len(value)
    return bytes(map(_as_hex, found)) if span.shape == "mac" else found


def _number_stand_in(value: bytes, pseudonyms: Pseudonyms) -> bytes:
    """Replace the digits of a JSON number; its exponent stays, and it stays a number."""
    mantissa, mark, exponent = re.split(rb"([eE]|\Z)", value, maxsplit=1)
    text = _DIGITS.sub(
        lambda digits: pseudonyms.text(digits[0].decode()).encode("ascii", "replace"), mantissa
    )
    if len(text) != len(mantissa) or not re.fullmatch(rb"-?\d+(\.\d+)?", text):
        text = _DIGITS.sub(lambda digits: b"7" * len(digits[0]), mantissa)
    if re.match(rb"-?0\d", text):
        text = text.replace(b"0", b"7", 1)
    return text + mark + exponent


def _as_hex(letter: int) -> int:
    """Return a hexadecimal digit for any letter, everything else as it is."""
    character = chr(letter)
    if not character.isalpha():
        return letter
    found = "abcdef"[letter % 6]
    return ord(found.upper() if character.isupper() else found)
