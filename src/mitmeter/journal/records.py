"""The lines of a journal segment, version 1: plain JSON, one record a line, readable by anyone.

A segment is a text file of ASCII lines, each ended by one newline. Every line is a JSON object;
its first member is its kind `k`, its last is `z`: the CRC-32 (as in zlib), in eight hex digits, of
the line's bytes before `,"z"`. A last line without its newline was torn by a crash; a whole line
whose `z` is wrong has rotted. Times `t` are nanoseconds since 1970, UTC. The kinds:

    {"k":"mitmeter-journal","v":1,"t":…,"created":"2026-11-20T10:00:00Z","segment":7,"site":"home",
     "z":…}
        first line of every segment; `site` only where one is configured
    {"k":"o","c":"01JD0000000000AB","t":…,"protocol":"alphaess","role":"trap",
     "station":"battery","peer":"192.168.101.7:50123","upstream":"","synthetic":false,"settings":{},"again":false,
     "z":…}
        a conversation opens at `t`, `synthetic` where the device is known to be simulated;
        `settings` are the station's options of the protocol; `again`
        is true where a later segment repeats it so that every segment can be read alone
    {"k":"d","c":"01JD0000000000AB","n":12,"s":"d","o":0,"t":…,"x":"0101…","z":…}
        bytes `x` (hex), chunk number `n` of its conversation; `s` says whose words: d(evice) or
        h(eadend); `o` is 1 where we wrote them
    {"k":"c","c":"01JD0000000000AB","t":…,"reason":"peer closed","z":…}
        the conversation closes
    {"k":"e","c":"","t":…,"station":"battery","id":"mitmeter.command.refused",
     "severity":"notice","device":"alphaess:AL…","message":"…","fields":{…},"z":…}
        something happened beside the bytes; `c` and `device` may be empty; a field's value is text,
        a number, a boolean, a list of texts or of whole numbers, or {"float":"nan"} for what JSON
        lacks

Readers report kinds they do not know and go on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from zlib import crc32

from mitmeter.errors import JournalError, MitmeterError
from mitmeter.journal.position import Position
from mitmeter.model import (
    Chunk,
    Conversation,
    DeviceId,
    Event,
    Field,
    Severity,
    Side,
    instant,
    nanoseconds,
    printable,
)

FORMAT = "mitmeter-journal"
VERSION = 1
# Bounds what a reader holds for one line; a chunk read from a socket is far below half of it.
MAX_LINE = 4 << 20

_DEVICE, _HEADEND = Side.DEVICE, Side.HEADEND
_SIDES = {"d": _DEVICE, "h": _HEADEND}
# `,"z":"1a2b3c4d"}`
_SEAL = 16
_DATA_HEAD = re.compile(
    r'\{"k":"d","c":"([^"\\]+)","n":([0-9]{1,18}),"s":"([dh])","o":([01]),'
    r'"t":(-?[0-9]{1,19}),"x":"'
)
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Header:
    """What a segment says of itself in its first line."""

    version: int
    segment: int
    created_ns: int
    site: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation opened; `again` where a later segment only repeats it."""

    conversation: Conversation
    again: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """A conversation closed at `ns`, and why in words."""

    conversation_id: str
    reason: str
    ns: int


@dataclass(frozen=True, slots=True)
class Noted:
    """Something noted beside the bytes; `conversation_id` is empty where it belongs to none."""

    event: Event
    conversation_id: str
    station: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A sound line of a kind this version does not know; `raw` is the line without its newline."""

    kind: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Damaged:
    """Bytes that are no record, from `position` on; `torn` where a segment just stops."""

    position: Position
    reason: str
    raw: bytes
    torn: bool = False


Entry = Opened | Chunk | Closed | Noted
Record = Entry | Unknown | Damaged


# --- encoding ------------------------------------------------------------------------------------


def encode_data(
    conversation: str, seq: int, sender: Side, ns: int, data: bytes, ours: bool
) -> bytes:
    """Return the line of one chunk. The journal's hot path: no json here."""
    body = (
        f'{{"k":"d","c":"{conversation}","n":{seq},"s":"{"d" if sender is _DEVICE else "h"}",'
        f'"o":{1 if ours else 0},"t":{ns},"x":"{data.hex()}"'
    ).encode()
    return b'%b,"z":"%08x"}\n' % (body, crc32(body))


def encode_header(header: Header) -> bytes:
    members: dict[str, object] = {
        "k": FORMAT,
        "v": header.version,
        "t": header.created_ns,
        "created": instant(header.created_ns).isoformat().replace("+00:00", "Z"),
        "segment": header.segment,
    }
    return _line(members | ({"site": header.site} if header.site else {}))


def encode_entry(entry: Entry) -> bytes:
    """Return the line of any record a writer appends. Raises JournalError for an unusable id."""
    match entry:
        case Chunk(conversation=conversation):
            return encode_data(
                checked_id(conversation.id),
                entry.seq,
                entry.sender,
                entry.received_ns,
                entry.data,
                entry.ours,
            )
        case Opened(conversation=conversation):
            return _line(
                {
                    "k": "o",
                    "c": checked_id(conversation.id),
                    "t": conversation.opened_ns,
                    "protocol": conversation.protocol,
                    "role": conversation.role,
                    "station": conversation.station,
                    "peer": conversation.peer,
                    "upstream": conversation.upstream,
                    "synthetic": conversation.synthetic,
                    "settings": dict(conversation.settings),
                    "again": entry.again,
                }
            )
        case Closed():
            return _line(
                {
                    "k": "c",
                    "c": entry.conversation_id,
                    "t": entry.ns,
                    "reason": entry.reason,
                }
            )
        case Noted(event=event):
            return _line(
                {
                    "k": "e",
                    "c": entry.conversation_id,
                    "t": nanoseconds(event.at),
                    "station": entry.station,
                    "id": event.eventid,
                    "severity": str(event.severity),
                    "device": "" if event.device is None else str(event.device),
                    "message": event.message,
                    "fields": {name: _plain(value) for name, value in event.fields.items()},
                }
            )


def checked_id(conversation: str) -> str:
    """Return the conversation's id if it may stand in a line unescaped. Raises JournalError."""
    if not _ID.match(conversation):
        raise JournalError(
            f"conversation id {conversation[:70]!r} is not 1..64 letters, digits, dots or dashes"
        )
    return conversation


def _line(members: Mapping[str, object]) -> bytes:
    # ensure_ascii is what keeps one record on one line whatever a peer's text holds.
    body = json.dumps(members, separators=(",", ":"), allow_nan=False)[:-1].encode("ascii")
    return b'%b,"z":"%08x"}\n' % (body, crc32(body))


def _plain(value: Field) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return list(value) if isinstance(value, tuple) else value


# --- decoding ------------------------------------------------------------------------------------


def is_whole(line: bytes) -> bool:
    """Tell whether the line (without newline) ends with the checksum of what stands before it."""
    return line[-_SEAL:-10] == b',"z":"' and b"%08x" % crc32(line[:-_SEAL]) == line[-10:-2]


def decode_line(
    line: bytes, known: Mapping[str, Conversation]
) -> Opened | Chunk | Closed | Noted | Unknown | Header:
    """Return the record in one line (without newline).

    known:  the open conversations by id, which a chunk needs to be whole.
    Raises: JournalError that says what is wrong with the line.
    """
    body = line[:-_SEAL]
    if line[-_SEAL:-10] != b',"z":"':
        raise JournalError("the line does not end with its checksum")
    if b"%08x" % (crc := crc32(body)) != line[-10:-2]:
        got = printable(line[-10:-2])
        raise JournalError(f"the line's checksum is {got}, its bytes give {crc:08x}")
    text = body.decode("latin-1")
    head = _DATA_HEAD.match(text)
    if head is None:
        return _decode_json(line, known)
    name, seq, sender, ours, ns = head.groups()
    conversation = known.get(name)
    if conversation is None:
        raise JournalError(f"a chunk of conversation {name}, which is not open here")
    try:
        data = bytes.fromhex(text[head.end() : -1])
    except ValueError as exc:
        raise JournalError(f"the chunk's hex: {exc}") from exc
    return Chunk(conversation, int(seq), _SIDES[sender], int(ns), data, ours == "1")


def _decode_json(
    line: bytes, known: Mapping[str, Conversation]
) -> Opened | Chunk | Closed | Noted | Unknown | Header:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise JournalError(f"the line is no JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise JournalError("the line is no JSON object")
    members = _Members(cast("dict[str, object]", found))
    try:
        return _record(members, line, known)
    except (KeyError, ValueError, OverflowError, MitmeterError) as exc:
        raise JournalError(f"a {members.shown_kind()} record: {exc}") from exc


def _record(
    members: _Members, line: bytes, known: Mapping[str, Conversation]
) -> Opened | Chunk | Closed | Noted | Unknown | Header:
    kind = members.text("k")
    match kind:
        case "d":
            conversation = known.get(members.text("c"))
            if conversation is None:
                raise ValueError(f"conversation {members.text('c')!r} is not open here")
            return Chunk(
                conversation,
                members.whole("n"),
                _SIDES[members.text("s")],
                members.whole("t"),
                bytes.fromhex(members.text("x")),
                members.whole("o") == 1,
            )
        case "o":
            return Opened(_conversation(members), members.get("again") is True)
        case "c":
            return Closed(members.text("c"), members.text("reason"), members.whole("t"))
        case "e":
            return Noted(_event(members), members.text("c"), members.text("station"))
        case "mitmeter-journal":
            site = members.text("site") if members.get("site") is not None else ""
            return Header(members.whole("v"), members.whole("segment"), members.whole("t"), site)
        case _:
            return Unknown(kind, line)


def _conversation(members: _Members) -> Conversation:
    return Conversation(
        id=checked_id(members.text("c")),
        protocol=members.text("protocol"),
        role=members.text("role"),
        station=members.text("station"),
        peer=members.text("peer"),
        opened_ns=members.whole("t"),
        upstream=members.text("upstream"),
        synthetic=members.get("synthetic") is True,
        settings=members.pairs("settings"),
    )


def _event(members: _Members) -> Event:
    device = members.text("device")
    fields = members.get("fields")
    if not isinstance(fields, dict):
        raise ValueError("'fields' is no object")
    return Event(
        eventid=members.text("id"),
        at=instant(members.whole("t")),
        message=members.text("message"),
        severity=Severity(members.text("severity")),
        device=DeviceId.parse(device) if device else None,
        fields={str(name): _field(value) for name, value in fields.items()},
    )


def _field(value: object) -> Field:
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, dict) and isinstance(value.get("float"), str):
        return float(value["float"])
    if isinstance(value, list):
        texts = tuple(item for item in value if isinstance(item, str))
        wholes = tuple(item for item in value if isinstance(item, int))
        if len(texts) == len(value):
            return texts
        if len(wholes) == len(value):
            return wholes
    raise ValueError(f"field value {str(value)[:40]!r} is of no known type")


@dataclass(frozen=True, slots=True)
class _Members:
    """A JSON object's members, fetched with their types checked."""

    found: dict[str, object]

    def get(self, name: str) -> object:
        return self.found.get(name)

    def text(self, name: str) -> str:
        value = self.found.get(name)
        if not isinstance(value, str):
            raise ValueError(f"{name!r} is missing or no text")
        return value

    def whole(self, name: str) -> int:
        value = self.found.get(name)
        if not isinstance(value, int) or abs(value) >= 1 << 63:
            raise ValueError(f"{name!r} is missing or no whole number")
        return value

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return an object of texts as sorted pairs; nothing where there is none."""
        value = self.found.get(name)
        if value is None:
            return ()
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise ValueError(f"{name!r} is no table of texts")
        return tuple(sorted(value.items()))

    def shown_kind(self) -> str:
        return printable(str(self.found.get("k")), 40)
