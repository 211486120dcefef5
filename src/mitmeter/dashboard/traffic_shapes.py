"""Conversations and messages as they are answered."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mitmeter.dashboard.answer import Instant, Shape
from mitmeter.dashboard.backend import Found, Line
from mitmeter.dashboard.cursor import Cursor, mark_of
from mitmeter.dashboard.readings import ReadingShape, reading_shape
from mitmeter.model import instant
from mitmeter.store import RecordedConversation

_MOST_TEXT = 1 << 20
# How much longer than the bytes their text may be: an escape is four characters for one.
_MOST_ESCAPED = 1.8


class ConversationShape(Shape):
    """One conversation, with what both sides said in bytes."""

    id: str
    protocol: str
    role: str
    station: str
    peer: str
    upstream: str
    opened: Instant
    closed: Instant | None
    live: bool
    reason: str
    device_bytes: int
    headend_bytes: int
    chunks: int
    simulated: bool


class ConversationsShape(Shape):
    """A page of conversations, the last to open first."""

    items: list[ConversationShape]
    next: str | None


class AnyMessage(Shape):
    """One message, or bytes that are none: then `error` says why.

    id: `<conversation>/<chunk>`, with `.1`, `.2` … for further ones that ended in the same chunk.
    """

    id: str
    at: Instant
    sender: str
    ours: bool
    size: int
    type: str
    summary: str
    error: str


class MessageShape(AnyMessage):
    """One message in a list. readings: how many it brought."""

    readings: int


class MessagesShape(Shape):
    """A page of messages, newest first. A page may be short, or empty, with more behind it."""

    items: list[MessageShape]
    next: str | None


class WholeMessage(AnyMessage):
    """One message in full. text: the bytes as text where they are some; others: what else ended
    in the same chunk.
    """

    conversation: str
    protocol: str
    raw_hex: str
    text: str | None
    decoded: Any = Field(description="The message as a tree of plain values, null for none.")
    readings: list[ReadingShape] = Field(description="What it brought.")
    others: list[str]


def conversation_shape(each: RecordedConversation) -> ConversationShape:
    who = each.conversation
    return ConversationShape(
        id=who.id,
        protocol=who.protocol,
        role=who.role,
        station=who.station,
        peer=who.peer,
        upstream=who.upstream,
        opened=instant(who.opened_ns),
        closed=None if each.closed_ns is None else instant(each.closed_ns),
        live=each.closed_ns is None,
        reason=each.reason,
        device_bytes=each.device_bytes,
        headend_bytes=each.headend_bytes,
        chunks=each.chunks,
        simulated=who.synthetic,
    )


def place_of(each: RecordedConversation) -> Cursor:
    who = each.conversation
    return Cursor(who.opened_ns // 1000, mark_of(who.id))


def message_shape(conversation: str, line: Line) -> MessageShape:
    return MessageShape(
        id=message_id(conversation, line.seq, line.index),
        at=line.at,
        sender=str(line.sender),
        ours=line.ours,
        size=line.size,
        type=line.kind,
        summary=line.summary,
        error=line.error,
        readings=line.readings,
    )


def message_id(conversation: str, seq: int, index: int) -> str:
    return f"{conversation}/{seq}" + (f".{index}" if index else "")


def whole_message(about: RecordedConversation, found: Found) -> WholeMessage:
    who = about.conversation
    return WholeMessage(
        **{name: value for name, value in message_shape(who.id, found.line) if name != "readings"},
        conversation=who.id,
        protocol=who.protocol,
        raw_hex=found.raw.hex(),
        text=text_of(found.raw),
        decoded=found.decoded,
        readings=[reading_shape(each) for each in found.readings],
        others=[message_id(who.id, found.line.seq, each) for each in found.others],
    )


def text_of(raw: bytes) -> str | None:
    """Return bytes as text where most of them are some, what is not escaped; None otherwise."""
    text = raw[:_MOST_TEXT].decode("utf-8", "backslashreplace")
    shown = "".join(map(_shown, text))
    return shown if raw and len(shown) < _MOST_ESCAPED * len(raw) else None


def _shown(letter: str) -> str:
    if letter.isprintable() or letter in "\r\n\t":
        return letter
    return letter.encode("unicode_escape").decode()
