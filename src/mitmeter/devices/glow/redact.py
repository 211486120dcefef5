"""Messages made safe to share: private values replaced by stand-ins, everything else as sent.

The bytes themselves are edited, so lengths stay true. Private is what names the display (X-ID, the
MAC in host name and topic, `gid`), its owner's meters (MPAN, MPRN, serial numbers), its addresses,
and the names of room sensors, wherever they turn up in a message that says them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mitmeter.devices.glow.messages import Message, MqttOther, MqttReading, MqttState, Prices, Reply
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Pseudonyms, Undecodable

# Members by name, and attributes of the cluster Simple Metering by their place.
METER_NAMES = frozenset({b"mpan", b"mprn"})
METER_ATTRIBUTES = frozenset({(b"03", b"07"), (b"03", b"08")})
_DISPLAY_NAMES = frozenset(
    {b"gid", b"wifistamac", b"ethmac", b"eui", b"mac", b"ssid", b"advname", b"customname"}
)
ALL_NAMES = METER_NAMES | _DISPLAY_NAMES
_ROOM = b"glowsensorth1"

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LEADING = re.compile(rb"[\r\n]*")
_HEADER = re.compile(
    rb"^(?:x-id|cookie|set-cookie|authorization)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.M
)
_HOST = re.compile(rb"([0-9a-f.]+)(?=\.cad\.sensornet\.info)", re.IGNORECASE)
_CHUNKED = re.compile(rb"^transfer-encoding[ \t]*:[^\r\n]*chunked", re.IGNORECASE | re.M)
_CHUNK = re.compile(rb"([0-9a-f]+)[^\r\n]*\r?\n", re.IGNORECASE)

_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"?|(-?\d[\d.eE+-]*)|([{}\[\],])', re.DOTALL)
_COLON = re.compile(rb"\s*:")
# Values whose copies are looked for: real messages have a handful.
_MOST_TELLING = 32
_TELLING = re.compile(rb"(?=.*\d)[A-Za-z0-9:._-]{6,64}")

_ESCAPE = re.compile(rb"\\u....|\\.|\\\Z", re.DOTALL)
_NOT_PLAIN = re.compile(rb'[^ -~]|["\\]')


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where a private value stands."""

    start: int
    end: int
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Private:
    """What counts as private. display: what names the display counts as well."""

    names: frozenset[bytes] = ALL_NAMES
    display: bool = True


def redact(sender: Side, item: Decoded[Message] | Undecodable, pseudonyms: Pseudonyms) -> bytes:
    """Return the item's bytes, as many, with every private value replaced.

    Bytes that are no message are edited as far as names and values can be made out in them.
    """
    return edited(item, Private(), pseudonyms)


def edited(item: Decoded[Message] | Undecodable, private: Private, pseudonyms: Pseudonyms) -> bytes:
    """Return the item's bytes, as many, with what is private in this sense replaced."""
    raw = item.raw
    if isinstance(item, Undecodable):
        return _edit(raw, [*_in_head(raw, private), *_in_json(raw, private)], pseudonyms)
    message = item.message
    if isinstance(message, MqttReading | MqttState | MqttOther):
        start = raw.index(message.topic.encode())
        end = start + len(message.topic.encode())
        topic = list(_in_topic(raw, start, end)) if private.display else []
        return _edit(raw, [*topic, *_in_json(raw, private, end)], pseudonyms)
    begin = _body_begin(raw)
    head = _edit(raw[:begin], _in_head(raw[:begin], private), pseudonyms)
    if isinstance(message, Reply | Prices):
        return head + raw[begin:]
    pieces = list(_pieces(raw, begin))
    body = b"".join(raw[piece.start : piece.end] for piece in pieces)
    body = _edit(body, _in_json(body, private), pseudonyms)
    return head + _put_back(raw, begin, pieces, body)


# --- where private values stand ---


def _body_begin(raw: bytes) -> int:
    """Return where the body begins: behind the first blank line after the request line."""
    leading = _LEADING.match(raw)
    found = _BLANK_LINE.search(raw, leading.end() if leading else 0)
    return found.end() if found else len(raw)


def _pieces(raw: bytes, begin: int) -> Iterator[Span]:
    """Yield where the body's bytes lie: in one piece, or in chunks."""
    if not _CHUNKED.search(raw[:begin]):
        yield Span(begin, len(raw))
        return
    at = begin
    while found := _CHUNK.match(raw, at):
        size = int(found[1], 16)
        start, end = found.end(), min(found.end() + size, len(raw))
        if not size:
            return
        yield Span(start, end)
        line_end = raw.find(b"\n", end)
        at = line_end + 1 if line_end >= 0 else len(raw)


def _put_back(raw: bytes, begin: int, pieces: Iterable[Span], body: bytes) -> bytes:
    parts: list[bytes] = []
    done, used = begin, 0
    for piece in pieces:
        size = piece.end - piece.start
        parts += (raw[done : piece.start], body[used : used + size])
        done, used = piece.end, used + size
    return b"".join((*parts, raw[done:]))


def _in_head(head: bytes, private: Private) -> Iterator[Span]:
    if private.display:
        for found in _HEADER.finditer(head):
            yield Span(*found.span(1))
        for found in _HOST.finditer(head):
            yield Span(*found.span(1))


def _in_topic(raw: bytes, start: int, end: int) -> Iterator[Span]:
    """Yield the MAC, and the name of a room sensor behind it."""
    parts = raw[start:end].split(b"/")
    at = start
    for place, part in enumerate(parts):
        after = parts[place + 1] if place + 1 < len(parts) else b""
        mac = after == b"SENSOR" or (after == b"STATE" and place + 2 == len(parts))
        if (mac and part != b"SENSOR") or (place and parts[place - 1] == _ROOM):
            yield Span(at, at + len(part))
        at += len(part) + 1


def _in_json(data: bytes, private: Private, start: int = 0) -> Iterator[Span]:
    """Yield the private values of JSON text, and other copies of what they say."""
    telling: set[bytes] = set()
    for span in _private_values(data, private, start):
        yield span
        value = data[span.start : span.end]
        if not span.is_number and len(telling) < _MOST_TELLING and _TELLING.fullmatch(value):
            telling.add(value)
    if telling:
        yield from _copies(data, telling, start)


def _private_values(data: bytes, private: Private, start: int) -> Iterator[Span]:
    """Walk the tokens; yield values under a private name or attribute, and room sensors' names."""
    name = b""
    path: list[bytes] = []
    for token in _TOKEN.finditer(data, max(data.find(b"{", start), start)):
        text, _, mark = token.groups()
        if text is not None and _COLON.match(data, token.end()):
            name = text.strip()
            if private.display and path and path[-1] == _ROOM:
                yield Span(*token.span(1))
            continue
        above = path[-1] if path else b""
        is_private = name.lower() in private.names or (above, name) in METER_ATTRIBUTES
        if mark is None and is_private:
            yield Span(*token.span(2 if text is None else 1), is_number=text is None)
        elif mark in (b"{", b"["):
            path.append(name)
        elif mark in (b"}", b"]") and path:
            path.pop()
        name = b""


def _copies(data: bytes, values: Iterable[bytes], start: int) -> Iterator[Span]:
    """Yield where the values stand inside any other text, escapes apart."""
    copy = re.compile(b"|".join(map(re.escape, sorted(values, key=len, reverse=True))))
    for token in _TOKEN.finditer(data, start):
        text = token[1]
        if text is not None and b"\\" not in text:
            for found in copy.finditer(text):
                yield Span(token.start(1) + found.start(), token.start(1) + found.end())


# --- stand-ins ---


def _edit(data: bytes, spans: Iterable[Span], pseudonyms: Pseudonyms) -> bytes:
    """Return the data with the spans replaced; of spans that overlap the first counts."""
    parts: list[bytes] = []
    done = 0
    for span in sorted(spans):
        if span.start < done:
            continue
        parts += (data[done : span.start], _stand_in(data[span.start : span.end], span, pseudonyms))
        done = span.end
    return b"".join((*parts, data[done:]))


def _stand_in(value: bytes, span: Span, pseudonyms: Pseudonyms) -> bytes:
    if span.is_number:
        # Its digits before an exponent: a number it stays, of the same size.
        mantissa = re.split(rb"[eE]", value, maxsplit=1)[0]
        return re.sub(rb"\d", b"7", mantissa) + value[len(mantissa) :]
    # Escapes and characters beyond ASCII would not keep their length: they become letters first.
    plain = _ESCAPE.sub(lambda escape: b"x" * len(escape[0]), value)
    plain = _NOT_PLAIN.sub(b"x", plain)
    found = pseudonyms.text(plain.decode("ascii")).encode("ascii", "replace")
    if len(found) != len(value) or _NOT_PLAIN.search(found):
        return b"x" * len(value)
    return found
