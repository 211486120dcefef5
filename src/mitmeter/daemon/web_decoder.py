"""Messages as people look at them: decoded again, from the beginning or from the middle."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mitmeter import registry
from mitmeter.daemon.recognition import shown_codec
from mitmeter.dashboard.backend import Line
from mitmeter.errors import ConfigError
from mitmeter.model import Chunk, Conversation, Reading, Side, printable
from mitmeter.protocol import Codec, Decoded, Projection, Spec, Undecodable, describe
from mitmeter.roles.role import Role

_MOST_SUMMARY = 160
_MOST_TEXT = 60
_DEEPEST = 48


@dataclass(frozen=True, slots=True)
class Item:
    """One message, or bytes that are none, with what it brought."""

    line: Line
    raw: bytes
    message: object | None
    readings: tuple[Reading, ...]


class Decoder:
    """Follows one conversation, chunk by chunk, as ingest does, for showing it.

    A decoder that breaks its promise never to raise is out of work: the rest is shown as bytes.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._proxied = conversation.role == Role.PROXY
        self._codecs: dict[bool, Codec[Any]] = {}
        self._spec: Spec[Any] | None = None
        self._projection: Projection[Any] | None = None
        self._why = ""
        self._seq = -1
        self._index = 0
        try:
            self._spec = spec = registry.spec(conversation.protocol)
            made = spec.projection_with
            settings = dict(conversation.settings)
            self._projection = spec.projection() if made is None else made(settings)
        except ConfigError as exc:
            self._why = exc.problem

    def feed(self, chunk: Chunk) -> list[Item]:
        """Return what a chunk completes."""
        if chunk.seq != self._seq:
            self._seq, self._index = chunk.seq, 0
        ours = chunk.ours and self._proxied
        items = self._fed(chunk, ours)
        return [self._item(item, chunk.sender, ours, chunk.ours, chunk.received) for item in items]

    def end(self, at: datetime) -> list[Item]:
        """Return what never became a message, now that nothing more will complete it."""
        return [
            self._item(item, side, ours, ours, at)
            for ours, codec in self._codecs.items()
            for side in Side
            for item in codec.end(side)
        ]

    def restart(self) -> None:
        """Forget half messages: what comes next is from further on. What is known of the device
        stays.
        """
        self._codecs.clear()

    def _fed(self, chunk: Chunk, ours: bool) -> list[Decoded[Any] | Undecodable]:
        if self._spec is None:
            return [Undecodable(chunk.data, self._why)]
        codec = self._codecs.get(ours)
        if codec is None:
            codec = self._codecs[ours] = shown_codec(self._spec)
        try:
            return codec.feed(chunk.sender, chunk.data)
        except Exception as exc:  # noqa: BLE001 - as in ingest: the rest is shown as bytes
            self._spec, self._why = None, f"the decoder failed: {type(exc).__name__}"
            self._codecs.clear()
            return [Undecodable(chunk.data, self._why)]

    def _item(
        self,
        item: Decoded[Any] | Undecodable,
        sender: Side,
        changed: bool,
        ours: bool,
        at: datetime,
    ) -> Item:
        index, self._index = self._index, self._index + 1
        kind = summary = error = ""
        readings: tuple[Reading, ...] = ()
        message: object | None = None
        if isinstance(item, Undecodable):
            error = printable(item.reason)
        else:
            message = item.message
            kind, summary = worded(message)
            readings = () if changed else self._readings(sender, message, at)
        size = len(item.raw)
        line = Line(self._seq, index, at, sender, ours, size, kind, summary, error, len(readings))
        return Item(line, item.raw, message, readings)

    def _readings(self, sender: Side, message: object, at: datetime) -> tuple[Reading, ...]:
        if self._projection is None:
            return ()
        try:
            made = self._projection.project(sender, message, at)
            return tuple(each for each in made if isinstance(each, Reading))
        except Exception:  # noqa: BLE001 - as in ingest: shown without its readings
            self._projection = None
            return ()


def worded(message: object) -> tuple[str, str]:
    """Return a message's kind and a line of its small parts."""
    shown = tree(message)
    if not isinstance(shown, Mapping):
        return type(message).__name__, printable(str(shown), _MOST_SUMMARY)
    kind = printable(str(shown.get("type", type(message).__name__)), _MOST_TEXT)
    parts = " ".join(_parts(shown.items()))
    return kind, printable(parts, _MOST_SUMMARY)


def _parts(members: Iterable[tuple[str, Any]]) -> Iterator[str]:
    for name, value in members:
        if name == "type" or value in (None, "", [], {}):
            continue
        if isinstance(value, Mapping):
            inner = " ".join(_parts(list(value.items())[:12]))
            yield f"{name}({inner})" if inner else name
        elif isinstance(value, list):
            yield f"{name}[{len(value)}]"
        else:
            text = str(value)
            yield f"{name}={text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT] + '…'}"


def tree(message: object) -> Any:
    """Return a message as plain JSON values that any browser takes, whatever a peer put in."""
    try:
        return _tame(describe(message), 0)
    except RecursionError:
        return {"type": type(message).__name__, "…": "nested too deeply to be shown"}


def _tame(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_tame(str(key), 0): _tame(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tame(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 53:
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return _tame(str(value), depth)
