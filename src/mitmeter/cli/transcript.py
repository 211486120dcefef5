"""A conversation as text: who said what, when, decoded or as bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from mitmeter import registry
from mitmeter.cli.layout import Kind, Layout, OneLine, Said, cut, hex_lines, layout_for
from mitmeter.cli.output import json_text
from mitmeter.cli.table import window_width
from mitmeter.cli.wanted import wanted
from mitmeter.daemon.drive import HALF_MESSAGE
from mitmeter.daemon.recognition import shown_codec
from mitmeter.errors import ConfigError
from mitmeter.journal.records import Closed, Entry, Noted, Opened
from mitmeter.model import Chunk, Conversation, Side, instant, printable
from mitmeter.protocol import Codec, Decoded, Undecodable, describe
from mitmeter.roles.role import Role

_STRANGE = ("Other", "Unknown")
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

    width:  lines of messages are cut to so many characters; 0 leaves them whole.
    layout: how what is said stands on the page; a line for each message unless given.
    wanted: tells what of it is shown; everything unless given.
    """

    def __init__(
        self,
        *,
        as_hex: bool = False,
        width: int = 0,
        layout: Layout | None = None,
        wanted: Callable[[Said], bool] | None = None,
    ) -> None:
        self._as_hex = as_hex
        self._width = width
        self._layout: Layout = OneLine(width) if layout is None else layout
        self._wanted = wanted
        self._talks: dict[str, _Talk] = {}
        self._day: date | None = None

    def lines(self, record: Entry, inside: bool = True) -> Iterator[str]:
        """Yield what to print for a record; nothing for one outside of what is asked for."""
        for part in self._parts(record, inside):
            if isinstance(part, Said):
                yield from self._layout.lines(part)
            else:
                yield from self._layout.rest()
                yield part

    def rest(self) -> Iterator[str]:
        """Yield what the layout has kept back in case an answer to it comes."""
        return self._layout.rest()

    def _parts(self, record: Entry, inside: bool) -> Iterator[str | Said]:
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
                    line = f"{_clock(event.at)}  {tag}! {event.message}"
                    yield cut(line, self._width)

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

    def _chunk(self, chunk: Chunk, inside: bool) -> Iterator[str | Said]:
        talk = self._talks.setdefault(chunk.conversation.id, _Talk(chunk.conversation))
        changed = chunk.ours and chunk.conversation.role == Role.PROXY
        items = [] if self._as_hex else self._decoded(talk, chunk, changed)
        if not inside:
            return
        if not talk.introduced:
            yield from self._introduce(talk, chunk.received)
        yield from self._turn_of_day(chunk.received)
        said = self._said(chunk.conversation.id, chunk.received, chunk.sender, changed)
        size = f"{len(chunk.data)} bytes"
        if self._as_hex:
            yield f"{said.head} {size}"
            yield from hex_lines(chunk.data)
        elif items is None:
            text = f"{size}, protocol not installed"
            yield replace(said, kind=Kind.OPAQUE, text=text, raw=chunk.data)
        elif not items:
            yield replace(said, kind=Kind.PART, text=f"{size} of a message not yet whole")
        else:
            yield from self._items(said, items)

    def _items(self, said: Said, items: list[Decoded[Any] | Undecodable]) -> Iterator[Said]:
        for item in items:
            shown = replace(said, raw=item.raw)
            if isinstance(item, Undecodable):
                text = f"UNDECODABLE {len(item.raw)} bytes: {printable(item.reason)}"
                shown = replace(shown, kind=Kind.UNDECODABLE, text=text)
            else:
                text, kind = message_text(item.message), type(item.message).__name__
                strange = is_unknown(item.message)
                shown = replace(
                    shown,
                    kind=Kind.UNKNOWN if strange else Kind.MESSAGE,
                    type=kind,
                    text=f"? {text}" if strange else text,
                )
            if self._wanted is None or self._wanted(shown):
                yield shown

    def _decoded(
        self, talk: _Talk, chunk: Chunk, changed: bool
    ) -> list[Decoded[Any] | Undecodable] | None:
        """Return what a chunk completes; None for a protocol that is not installed here."""
        if changed not in talk.codecs:
            try:
                talk.codecs[changed] = shown_codec(registry.spec(chunk.conversation.protocol))
            except ConfigError:
                talk.codecs[changed] = None
        codec = talk.codecs[changed]
        return None if codec is None else codec.feed(chunk.sender, chunk.data)

    def _given_up(self, name: str, at: datetime, inside: bool) -> Iterator[Said]:
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
                    yield from self._items(self._said(name, at, sender, changed), items)

    def _said(self, name: str, at: datetime, sender: Side, changed: bool) -> Said:
        return Said(name, _clock(at), self._tag(name), sender, changed)

    def _tag(self, name: str) -> str:
        """Return what tells a conversation apart while several are going on."""
        return f"{name[-_TAG:]:{_TAG}}  " if len(self._talks) > 1 else ""


def followed(filters: Sequence[str]) -> Transcript:
    """Return the transcript of what is followed as it is said: messages and bytes, side by side
    where the terminal is wide. Raises a usage error for a filter that makes no sense.
    """
    return Transcript(layout=layout_for(window_width()), wanted=wanted(filters))


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


def is_unknown(message: object) -> bool:
    """Tell whether a message, or a part of it, is of a kind nobody has described.

    A protocol says so by the class (`Other…`, `Unknown…`) or in words that begin with "unknown".
    """
    return type(message).__name__.startswith(_STRANGE) or _says_unknown(describe(message))


def _says_unknown(shown: object) -> bool:
    if isinstance(shown, str):
        return shown.startswith("unknown ")
    if isinstance(shown, Mapping):
        return any(map(_says_unknown, shown.values()))
    return isinstance(shown, list) and any(map(_says_unknown, shown))
