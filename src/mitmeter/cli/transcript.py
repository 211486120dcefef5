"""A conversation as text: who said what, when, decoded or as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mitmeter import registry
from mitmeter.cli.output import json_text
from mitmeter.errors import ConfigError
from mitmeter.journal.records import Closed, Noted, Opened
from mitmeter.model import Chunk, Conversation, Side, printable
from mitmeter.protocol import Codec, Undecodable, describe
from mitmeter.roles.role import Role

_ARROWS = {Side.DEVICE: "device ▶", Side.HEADEND: "◀ head-end"}
_WIDTH = 16
_LONGEST = 400


class Transcript:
    """Turns records into lines. Keeps a codec per conversation until it closes."""

    def __init__(self, *, as_hex: bool) -> None:
        self._as_hex = as_hex
        self._codecs: dict[tuple[str, bool], Codec[Any] | None] = {}

    def lines(self, record: Opened | Chunk | Closed | Noted) -> Iterator[str]:
        if isinstance(record, Chunk):
            yield from self._chunk(record)
        elif isinstance(record, Opened):
            if not record.again:
                who = record.conversation
                yield f"── {who.id} {who.role} {who.protocol} {who.station} {printable(who.peer)}"
        elif isinstance(record, Noted):
            yield f"{record.event.at:%H:%M:%S.%f}  ! {record.event.message}"
        else:
            for ours in (False, True):
                self._codecs.pop((record.conversation_id, ours), None)
            yield f"── {record.conversation_id} closed: {printable(record.reason)}"

    def _chunk(self, chunk: Chunk) -> Iterator[str]:
        head = f"{chunk.received:%H:%M:%S.%f}  {_ARROWS[chunk.sender]:10}"
        if chunk.ours and chunk.conversation.role == Role.PROXY:
            head += " (changed by us)"
        if self._as_hex:
            yield f"{head} {len(chunk.data)} bytes"
            yield from hex_lines(chunk.data)
            return
        codec = self._codec(chunk.conversation, chunk.ours)
        if codec is None:
            yield f"{head} {len(chunk.data)} bytes, protocol not installed"
            return
        items = codec.feed(chunk.sender, chunk.data)
        if not items:
            yield f"{head} {len(chunk.data)} bytes of a message not yet whole"
        for item in items:
            if isinstance(item, Undecodable):
                yield f"{head} UNDECODABLE {len(item.raw)} bytes: {printable(item.reason)}"
                yield from hex_lines(item.raw[: 4 * _WIDTH])
                continue
            shown = describe(item.message)
            kind = shown.pop("type")
            yield f"{head} {kind} {printable(json_text(shown), _LONGEST) if shown else ''}".rstrip()

    def _codec(self, conversation: Conversation, ours: bool) -> Codec[Any] | None:
        key = (conversation.id, ours and conversation.role == Role.PROXY)
        if key not in self._codecs:
            try:
                self._codecs[key] = registry.spec(conversation.protocol).codec()
            except ConfigError:
                self._codecs[key] = None
        return self._codecs[key]


def hex_lines(data: bytes) -> Iterator[str]:
    """Yield an offset, sixteen bytes as hex, and what of them is printable, line by line."""
    for start in range(0, len(data), _WIDTH):
        row = data[start : start + _WIDTH]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"    {start:06x}  {row.hex(' '):{_WIDTH * 3}} {text}"
