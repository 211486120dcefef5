"""A conversation as text: who said what, when, decoded or as bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from mitmeter import registry
from mitmeter.cli.output import json_text
from mitmeter.daemon.drive import HALF_MESSAGE
from mitmeter.errors import ConfigError
from mitmeter.journal.records import Closed, Entry, Noted, Opened
from mitmeter.model import Chunk, Conversation, Side, instant, printable
from mitmeter.protocol import Codec, Decoded, Undecodable, describe
from mitmeter.roles.role import Role

_ARROWS = {Side.DEVICE: "device ▶  ", Side.HEADEND: "◀ head-end"}
_ROW = 16
_MOST_UNDECODABLE = 64
# The longest escape of one character, as `printable` writes it: \U0001f600.
_LONGEST_ESCAPE = 10
# The end of an id is random, so a few characters of it tell conversations apart.
_TAG = 4


@dataclass(slots=True)
class _Talk:
    """One conversation under way; a proxy's changed words are a stream of their own."""

    conversation: Conversation
    codecs: dict[bool, Codec[Any] | None] = field(default_factory=dict)
    introduced: bool = False


class Transcript:
    """Turns records into lines. Give it all records of a conversation, for its codec's sake.

    width: lines of messages are cut to so many characters; 0 leaves them whole.
    """

    def __init__(self, *, as_hex: bool = False, width: int = 0) -> None:
        self._as_hex = as_hex
        self._width = width
        self._talks: dict[str, _Talk] = {}
        self._day: date | None = None

    def lines(self, record: Entry, inside: bool = True) -> Iterator[str]:
        """Yield what to print for a record; nothing for one outside of what is asked for."""
        match record:
            case Opened(conversation=conversation):
                talk = self._talks.setdefault(conversation.id, _Talk(conversation))
                if inside and not talk.introduced:
                    yield from self._introduce(talk, instant(conversation.opened_ns))
            case Chunk():
                yield from self._chunk(record, inside)
            case Closed(conversation_id=name):
                yield from self._given_up(name, instant(record.ns), inside)
                closed = self._talks.pop(name, None)
                if closed is not None and closed.introduced:
                    at = instant(record.ns)
                    yield f"── {name} closed at {at:%H:%M:%S}: {printable(record.reason)}"
            case Noted(event=event):
                if event.eventid == HALF_MESSAGE:
                    yield from self._given_up(record.conversation_id, event.at, inside)
                if inside:
                    yield from self._turn_of_day(event.at)
                    tag = self._tag(record.conversation_id)
                    yield self._cut(f"{_clock(event.at)}  {tag}! {event.message}")

    def _introduce(self, talk: _Talk, at: datetime) -> Iterator[str]:
        talk.introduced = True
        self._day = at.date()
        who = talk.conversation
        to = f" for {printable(who.upstream)}" if who.upstream else ""
        simulated = ", simulated" if who.synthetic else ""
        yield (
            f"── {who.id} {who.role} {who.protocol}, station {who.station}: "
            f"{printable(who.peer)}{to}, {at:%Y-%m-%d %H:%M:%S} UTC{simulated}"
        )

    def _turn_of_day(self, at: datetime) -> Iterator[str]:
        if at.date() != self._day:
            self._day = at.date()
            yield f"── {self._day} UTC"

    def _chunk(self, chunk: Chunk, inside: bool) -> Iterator[str]:
        talk = self._talks.setdefault(chunk.conversation.id, _Talk(chunk.conversation))
        changed = chunk.ours and chunk.conversation.role == Role.PROXY
        items = [] if self._as_hex else self._decoded(talk, chunk, changed)
        if not inside:
            return
        if not talk.introduced:
            yield from self._introduce(talk, chunk.received)
        yield from self._turn_of_day(chunk.received)
        head = self._head(chunk.conversation.id, chunk.received, chunk.sender, changed)
        if self._as_hex:
            yield f"{head} {len(chunk.data)} bytes"
            yield from hex_lines(chunk.data)
        elif items is None:
            yield f"{head} {len(chunk.data)} bytes, protocol not installed"
        elif not items:
            yield f"{head} {len(chunk.data)} bytes of a message not yet whole"
        else:
            for item in items:
                yield from self._item(head, item)

    def _item(self, head: str, item: Decoded[Any] | Undecodable) -> Iterator[str]:
        if isinstance(item, Decoded):
            yield self._cut(f"{head} {message_text(item.message)}")
            return
        yield self._cut(f"{head} UNDECODABLE {len(item.raw)} bytes: {printable(item.reason)}")
        yield from hex_lines(item.raw[:_MOST_UNDECODABLE])

    def _decoded(
        self, talk: _Talk, chunk: Chunk, changed: bool
    ) -> list[Decoded[Any] | Undecodable] | None:
        """Return what a chunk completes; None for a protocol that is not installed here."""
        if changed not in talk.codecs:
            try:
                talk.codecs[changed] = registry.spec(chunk.conversation.protocol).codec()
            except ConfigError:
                talk.codecs[changed] = None
        codec = talk.codecs[changed]
        return None if codec is None else codec.feed(chunk.sender, chunk.data)

    def _given_up(self, name: str, at: datetime, inside: bool) -> Iterator[str]:
        """Yield what never became a message, now that nothing more will complete it."""
        talk = self._talks.get(name)
        if talk is None:
            return
        for changed, codec in talk.codecs.items():
            if codec is None:
                continue
            for sender in Side:
                items = codec.end(sender)
                if inside and talk.introduced:
                    head = self._head(name, at, sender, changed)
                    for item in items:
                        yield from self._item(head, item)

    def _head(self, name: str, at: datetime, sender: Side, changed: bool) -> str:
        mark = " (changed by us)" if changed else ""
        return f"{_clock(at)}  {self._tag(name)}{_ARROWS[sender]}{mark}"

    def _tag(self, name: str) -> str:
        """Return what tells a conversation apart while several are going on."""
        return f"{name[-_TAG:]:{_TAG}}  " if len(self._talks) > 1 else ""

    def _cut(self, line: str) -> str:
        return (
            line if not self._width or len(line) <= self._width else line[: self._width - 1] + "…"
        )


def message_text(message: object) -> str:
    """Return a message as one line of text: its kind, its small parts, its members as JSON."""
    shown = describe(message)
    words = [str(shown.pop("type"))]
    large = {name: value for name, value in shown.items() if isinstance(value, Mapping | list)}
    words += (f"{name}={json_text(shown[name])}" for name in shown if name not in large)
    if len(large) == 1:
        words += map(json_text, large.values())
    elif large:
        words.append(json_text(large))
    text = " ".join(words)
    return printable(text, len(text) * _LONGEST_ESCAPE)


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"


def hex_lines(data: bytes) -> Iterator[str]:
    """Yield an offset, sixteen bytes as hex, and what of them is printable, line by line."""
    for start in range(0, len(data), _ROW):
        row = data[start : start + _ROW]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"    {start:06x}  {row.hex(' '):{_ROW * 3}} {text}"
