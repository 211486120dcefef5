"""Frames made safe to share: serial numbers, meter numbers and pins replaced, same length, sound.

Stuffing makes length depend on the bytes, checksum included, so a stand-in is looked for that
travels in exactly as many. A serial number's is chosen so that it fits the frames it usually comes
in; where a frame needs another, its other private numbers give way first. So one meter keeps one
name through a recording, but for rare frames of many values.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mitmeter.devices.kamstrup import framing, units
from mitmeter.devices.kamstrup.identity import SERIAL_REGISTER
from mitmeter.devices.kamstrup.messages import (
    Login,
    Message,
    PutRegister,
    RegisterReply,
    RegisterValue,
    SerialReply,
)
from mitmeter.devices.kamstrup.records import HEAD
from mitmeter.devices.kamstrup.registers import Role, register
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Pseudonyms, Undecodable
from mitmeter.wire.checksum import crc16_xmodem

_PRIVATE = (Role.PRIVATE, Role.UNREAD)
# About nine of ten candidates fit; where the checksum needs escapes, one of 25 or of 2500 does.
_MOST_TRIES = 16_384
_MOST_NEAR = 256
_MOST_EACH = 128  # of one number, where a frame has several

_RESERVED = bytes((0x06, 0x0D, 0x1B, 0x40, 0x80))
_UNRESERVED = bytes(byte for byte in range(256) if byte not in _RESERVED)
_LETTERS = b"0123456789ABCDEFGHJKLMNP"

# The frames a serial number usually comes in: the reply to GetSerialNo, and register 1001 alone.
_USUAL = (bytes.fromhex("3F02"), bytes.fromhex("3F1003E9330400"))

Make = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a private value stands in the data of a frame."""

    start: int
    raw: bytes
    text: bool = False
    serial: bool = False


def redact(sender: Side, item: Decoded[Message] | Undecodable, pseudonyms: Pseudonyms) -> bytes:
    """Return the item's bytes, as many, with every private number replaced; still the same kind.

    Bytes that are no sound frame are blotted out where they could be a record or a serial number.
    """
    if isinstance(item, Undecodable):
        return _blotted(item.raw)
    spans = _spans(item.message)
    if not spans:
        return item.raw
    frame = framing.judge(item.raw)
    if not isinstance(frame, framing.Frame):
        return _blotted(item.raw)
    names = _StandIns(pseudonyms)
    makers = [names.maker(span) for span in spans]
    head = bytes((frame.address, frame.cid))
    wanted = _weight(head + frame.data)
    for chosen in itertools.islice(_choices(makers), _MOST_TRIES):
        body = head + _replaced(frame.data, spans, chosen)
        if _weight(body) == wanted:
            return framing.frame(frame.request, frame.address, frame.cid, body[2:])
    return _blotted(item.raw)


# --- where private values stand ---


def _spans(message: Message) -> list[_Span]:
    """Return the private values of a message; serial numbers first."""
    if isinstance(message, SerialReply):
        return [_Span(0, message.serial.to_bytes(4, "big"), serial=True)]
    if isinstance(message, Login):
        return [_Span(0, int(message.pin.reveal()).to_bytes(2, "big"))]
    if isinstance(message, PutRegister):
        return _in_records((message.value,))
    if isinstance(message, RegisterReply):
        return sorted(_in_records(message.values), key=lambda span: not span.serial)
    return []


def _in_records(values: Sequence[RegisterValue]) -> list[_Span]:
    found: list[_Span] = []
    at = 0
    for value in values:
        at += HEAD.size
        known = register(value.id)
        if known is not None and known.role in _PRIVATE and any(value.raw):
            serial = value.id == SERIAL_REGISTER and len(value.raw) == 4
            found.append(_Span(at, value.raw, value.unit == units.TEXT, serial))
        at += len(value.raw)
    return found


def _replaced(data: bytes, spans: Sequence[_Span], chosen: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for span, raw in zip(spans, chosen, strict=True):
        changed[span.start : span.start + len(raw)] = raw
    return bytes(changed)


def _weight(body: bytes) -> int:
    """Return how many bytes of a body and its checksum are escaped."""
    whole = body + crc16_xmodem(body).to_bytes(2, "big")
    return len(whole) - len(whole.translate(None, _RESERVED))


# --- stand-ins ---


def _choices(makers: Sequence[Make]) -> Iterator[tuple[bytes, ...]]:
    """Yield one candidate for each; the last one changes first."""
    if len(makers) == 1:
        yield from ((raw,) for raw in makers[0]())
        return
    for first in itertools.islice(makers[0](), _MOST_EACH):
        for others in itertools.islice(_choices(makers[1:]), _MOST_EACH):
            yield (first, *others)


class _StandIns:
    """Candidates for stand-ins, the same ones in the same order for the same value."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._known: dict[str, str] = {}

    def maker(self, span: _Span) -> Make:
        if span.text:
            return lambda: self._texts(span.raw)
        # A number of four bytes may be the serial number under another name.
        if len(span.raw) == 4:
            return lambda: self._serials(span.raw)
        return lambda: self._numbers(span.raw)

    def _serials(self, raw: bytes) -> Iterator[bytes]:
        """Yield numbers of four bytes; first those that fit the frames serial numbers come in."""
        wanted = [_weight(head + raw) for head in _USUAL]
        usual = (
            each
            for each in self._numbers(raw)
            if all(
                _weight(head + each) == weight for head, weight in zip(_USUAL, wanted, strict=True)
            )
        )
        return itertools.chain(usual, self._numbers(raw))

    def _numbers(self, raw: bytes) -> Iterator[bytes]:
        """Yield the stand-in of a number and those behind it, then any stuffed like it."""
        number = int.from_bytes(raw, "big")
        text = self._text(str(number))
        first = int(text) if text.isascii() and text.isdigit() else 7 * number
        size = 256 ** len(raw)
        near = (((first + step) % size).to_bytes(len(raw), "big") for step in range(_MOST_NEAR))
        stuffed = len(framing.stuffed(raw))
        alike = (each for each in near if len(framing.stuffed(each)) == stuffed)
        others = itertools.chain(alike, _stuffed_alike(raw, first))
        return (each for each in others if each != raw)

    def _texts(self, raw: bytes) -> Iterator[bytes]:
        """Yield the stand-in of a text, then with other letters at its end, then any bytes."""
        text = self._text(raw.decode("latin-1")).encode("ascii", "replace")
        if len(framing.stuffed(text)) == len(framing.stuffed(raw)) and len(text) == len(raw):
            yield text
            for ending in itertools.product(_LETTERS, repeat=min(2, len(raw))):
                yield text[: len(raw) - len(ending)] + bytes(ending)
        yield from _stuffed_alike(raw, len(raw))

    def _text(self, value: str) -> str:
        if value not in self._known:
            self._known[value] = self._pseudonyms.text(value)
        return self._known[value]


def _stuffed_alike(raw: bytes, seed: int) -> Iterator[bytes]:
    """Yield as many bytes with reserved ones in the same places, counting up from the seed."""
    alphabets = [_RESERVED if byte in _RESERVED else _UNRESERVED for byte in reversed(raw)]
    for step in range(_MOST_TRIES):
        number = seed + step
        found = bytearray()
        for letters in alphabets:
            number, place = divmod(number, len(letters))
            found.append(letters[place])
        yield bytes(reversed(found))


# --- what is no frame ---


def _blotted(raw: bytes) -> bytes:
    """Return the bytes with everything behind start, address and CID as 00, boundaries kept."""
    head = raw[:3]
    return head + bytes(byte if byte in _RESERVED else 0 for byte in raw[len(head) :])
