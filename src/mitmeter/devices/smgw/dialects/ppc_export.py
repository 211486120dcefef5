"""A PPC gateway's signed export: DER (or BER) around an XML profile, walked without trusting it.

The signature is not checked: it is made with the metering operators' own keys. Source: gateway fact
sheet §3.5 [O].
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from mitmeter.devices.smgw.legaltime import parse_instant
from mitmeter.devices.smgw.metered import Value
from mitmeter.devices.smgw.obis import LogicalName, logical_name, scale, scaled, whole
from mitmeter.devices.smgw.status import Ptb
from mitmeter.errors import RemoteProtocolError

_SEQUENCE, _OID, _OCTETS, _CONTEXT_0 = 0x30, 0x06, 0x04, 0xA0
_CONSTRUCTED = 0x20
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_MOST_DEPTH = 16
_MOST_ELEMENTS = 100_000
_MOST_XML_DEPTH = 32
_MOST_TEXT = 4096

# Another code than that of the pages.
_ABSENT = 3
_STATUS = {0: Ptb.OK, 4: Ptb.UNUSABLE}


@dataclass(frozen=True, slots=True)
class Export:
    """The values of one file. name: of the profile. odd: entries that could not be read."""

    name: str
    values: tuple[Value, ...]
    odd: int


def is_export(body: bytes) -> bool:
    """Tell whether a body may be a signed file rather than a page."""
    return body[:1] == b"\x30" and len(body) > 64


def parse_export(body: bytes) -> Export:
    """Return the values of a signed file. Raises RemoteProtocolError, in words, otherwise."""
    return parse_profile(signed_content(body))


# --- the envelope ---


@dataclass(frozen=True, slots=True)
class _Element:
    """One element: its tag, and where its content lies."""

    tag: int
    start: int
    end: int


def signed_content(data: bytes) -> bytes:
    """Return what a PKCS#7 SignedData envelope holds, pieces of a split string joined."""
    outer = _first(data, 0, len(data), _SEQUENCE)
    parts = _children(data, outer)
    kind = _expect(parts, _OID)
    if data[kind.start : kind.end] != _SIGNED_DATA:
        raise RemoteProtocolError("a DER file that is no signed data")
    wrapped = _expect(parts, _CONTEXT_0)
    signed = _first(data, wrapped.start, wrapped.end, _SEQUENCE)
    content = next((each for each in _children(data, signed) if each.tag == _SEQUENCE), None)
    if content is None:
        raise RemoteProtocolError("signed data without content")
    inner = next((each for each in _children(data, content) if each.tag == _CONTEXT_0), None)
    if inner is None:
        raise RemoteProtocolError("signed data without content")
    pieces = _octets(data, inner, 0)
    return b"".join(pieces)


def _octets(data: bytes, element: _Element, depth: int) -> Iterator[bytes]:
    if depth > _MOST_DEPTH:
        raise RemoteProtocolError("a DER string split too deep")
    for each in _children(data, element):
        if each.tag == _OCTETS:
            yield data[each.start : each.end]
        elif each.tag == _OCTETS | _CONSTRUCTED:
            yield from _octets(data, each, depth + 1)


def _expect(parts: Iterator[_Element], tag: int) -> _Element:
    found = next(parts, None)
    if found is None or found.tag != tag:
        got = "nothing" if found is None else f"{found.tag:#04x}"
        raise RemoteProtocolError(f"a DER element {got}, expected {tag:#04x}")
    return found


def _first(data: bytes, start: int, end: int, tag: int) -> _Element:
    return _expect(_children(data, _Element(0, start, end)), tag)


def _children(data: bytes, parent: _Element) -> Iterator[_Element]:
    at = parent.start
    for _ in range(_MOST_ELEMENTS):
        if at >= parent.end or data[at : at + 2] == b"\x00\x00":
            return
        found, at = _element(data, at, parent.end, 0)
        yield found


def _element(data: bytes, at: int, limit: int, depth: int) -> tuple[_Element, int]:
    """Return the element at a place, and where the next one begins."""
    if depth > _MOST_DEPTH:
        raise RemoteProtocolError("DER nested too deep")
    if at + 2 > limit or data[at] & 0x1F == 0x1F:
        raise RemoteProtocolError(f"no DER element at byte {at}")
    tag, size = data[at], data[at + 1]
    start = at + 2
    if size == 0x80:
        return _indefinite(data, tag, start, limit, depth)
    if size > 0x80:
        count = size & 0x7F
        if count > 4 or start + count > limit:
            raise RemoteProtocolError(f"a DER length of {count} bytes at byte {at}")
        size = int.from_bytes(data[start : start + count])
        start += count
    if start + size > limit:
        raise RemoteProtocolError(f"a DER element of {size} bytes at byte {at}, cut short")
    return _Element(tag, start, start + size), start + size


def _indefinite(data: bytes, tag: int, start: int, limit: int, depth: int) -> tuple[_Element, int]:
    if not tag & _CONSTRUCTED:
        raise RemoteProtocolError(f"a BER string without a length at byte {start}")
    at = start
    for _ in range(_MOST_ELEMENTS):
        if data[at : at + 2] == b"\x00\x00":
            return _Element(tag, start, at), at + 2
        _, at = _element(data, at, limit, depth + 1)
    raise RemoteProtocolError(f"a BER element of more than {_MOST_ELEMENTS} parts")


# --- the profile ---


def parse_profile(text: bytes) -> Export:
    """Return the values of a profile's XML; elements count by their local names.

    Raises RemoteProtocolError for what is no XML, or brings a document type along: with it come
    entities, and nothing good.
    """
    reader = _Profile()
    parser = expat.ParserCreate("utf-8", namespace_separator="\n")
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as exc:
        raise RemoteProtocolError(f"not XML: {exc}") from None
    return reader.finished()


def _refuse_doctype(*_: object) -> None:
    raise RemoteProtocolError("XML with a document type, which is refused")


@dataclass(slots=True)
class _Profile:
    """Collects captured objects and entries as their elements end."""

    name: str = ""
    path: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    registers: dict[str, LogicalName] = field(default_factory=dict)
    place: str = ""
    column: str = ""
    entry: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("\n")[2]
        self.path.append(name)
        if len(self.path) > _MOST_XML_DEPTH:
            raise RemoteProtocolError(f"XML nested deeper than {_MOST_XML_DEPTH}")
        self.words.clear()
        if len(self.path) == 1:
            self.name = attributes.get("id", "")
        elif name == "capture_object":
            self.place = attributes.get("id", "")
        elif name == "column":
            self.column = attributes.get("id", "")
        elif name == "entry_gateway_signed":
            self.entry = {}

    def text(self, data: str) -> None:
        if len(self.words) < _MOST_TEXT:
            self.words.append(data[:_MOST_TEXT])

    def end(self, tag: str) -> None:
        name = tag.rpartition("\n")[2]
        above = self.path[-2] if len(self.path) > 1 else ""
        said = "".join(self.words).strip()
        self.path.pop()
        self.words.clear()
        if name == "logical_name" and above == "capture_object":
            found = logical_name(said)
            if found is not None:
                self.registers[self.place] = found
        elif name == "entry_gateway_signed":
            self.rows.append((self.column, self.entry))
        elif above == "entry_gateway_signed":
            if said:
                self.entry[name] = said
        elif above in ("value", "status") and "entry_gateway_signed" in self.path:
            self.entry[above] = said

    def finished(self) -> Export:
        values: list[Value] = []
        odd = 0
        for column, entry in self.rows:
            register = self.registers.get(column)
            status = whole(entry.get("status", "0"))
            if status == _ABSENT:
                continue
            value = None if register is None else _value(register, entry, status)
            if value is None:
                odd += 1
            else:
                values.append(value)
        return Export(self.name, tuple(values), odd)


def _value(register: LogicalName, entry: dict[str, str], status: int | None) -> Value | None:
    raw = whole(entry.get("value"))
    how = scale(entry.get("scaler"), entry.get("unit"))
    at = parse_instant(entry.get("capture_time", ""))
    if raw is None or how is None or at is None or status is None:
        return None
    ptb = _STATUS.get(status, Ptb.UNUSABLE)
    why = () if ptb.usable else ("the gateway marks it as invalid",)
    return Value(
        register.owner, register.code, scaled(raw, how), how.unit, at, ptb, str(status), why
    )
