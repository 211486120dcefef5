"""Records with stable stand-ins for what is private: same lengths, valid checksums, same order.

A message may be spread over several chunks, so records wait until every message that touches them
is whole; what waits is bounded.
"""

from __future__ import annotations

import ipaddress
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from mitmeter import registry
from mitmeter.daemon.drive import HALF_MESSAGE
from mitmeter.errors import ConfigError
from mitmeter.journal.pseudonyms import KeyedPseudonyms
from mitmeter.journal.records import Closed, Noted, Opened, Record
from mitmeter.model import Chunk, Conversation, Event, Field, Side
from mitmeter.protocol import Codec, Spec
from mitmeter.roles.role import Role

# Beyond this an unfinished message is no longer waited for: it is redacted as it stands.
_MOST_WAITING = 10_000
_MOST_REMEMBERED = 10_000
# Shorter values turn up in words by chance, such as a post code within a count of bytes.
_SHORTEST = 6
_IP4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
# Times of day look alike, so what is found is an address only if it can be read as one.
_IP6 = r"(?<![\w:.])[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%\w+)?(?!\w)"
_ADDRESS = re.compile(f"{_IP4}|{_IP6}")


class _Remembering:
    """Pseudonyms that remember what they replaced, so that it can be found in plain words too."""

    def __init__(self, pseudonyms: KeyedPseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._seen: dict[str, str] = {}
        self._pattern = _ADDRESS

    def text(self, value: str) -> str:
        return self._remembered(value, self._pseudonyms.text(value))

    def address(self, value: str) -> str:
        """Return stand-ins for `host:port`; nothing for nothing."""
        if not value:
            return ""
        shown = self._pseudonyms.address(value)
        host = value.rpartition(":")[0] or value
        if not _ADDRESS.fullmatch(host.strip("[]")):
            self._remembered(host, shown.rpartition(":")[0] or shown)
        return shown

    def words(self, text: str) -> str:
        """Return plain words with every value seen so far, and every IP address, replaced."""
        return self._pattern.sub(lambda found: self._word(found[0]), text)

    def _word(self, found: str) -> str:
        if found in self._seen:
            return self._seen[found]
        address = found.rstrip(":.")  # the end of a clause, not of an address
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return found
        return self._pseudonyms.address(address) + found[len(address) :]

    def _remembered(self, value: str, shown: str) -> str:
        known = value in self._seen or len(self._seen) >= _MOST_REMEMBERED
        if len(value) >= _SHORTEST and shown != value and not known:
            self._seen[value] = shown
            # Longest first: a serial number may contain a telephone number.
            values = sorted(self._seen, key=len, reverse=True)
            self._pattern = re.compile("|".join((*map(re.escape, values), _ADDRESS.pattern)))
        return shown


@dataclass(slots=True)
class _Waiting:
    record: Record
    data: bytearray | None = None
    missing: int = 0


class _Stream:
    """One sender's bytes in one conversation, redacted message by message."""

    def __init__(
        self, spec: Spec[Any], codec: Codec[Any], sender: Side, names: _Remembering
    ) -> None:
        self._spec = spec
        self._codec = codec
        self._sender = sender
        self._names = names
        self._open: deque[_Waiting] = deque()

    def feed(self, waiting: _Waiting, data: bytes) -> None:
        waiting.data, waiting.missing = bytearray(), len(data)
        self._open.append(waiting)
        self._give(self._codec.feed(self._sender, data))

    def end(self) -> None:
        self._give(self._codec.end(self._sender))

    def _give(self, items: Iterable[Any]) -> None:
        redact = self._spec.redact
        for item in items:
            shown = item.raw if redact is None else redact(self._sender, item, self._names)
            while shown:
                first = self._open[0]
                part, shown = shown[: first.missing], shown[first.missing :]
                if first.data is not None:
                    first.data += part
                first.missing -= len(part)
                if not first.missing:
                    self._open.popleft()
        while self._open and not self._open[0].missing:
            self._open.popleft()


class Redactor:
    """Replaces private values in a run of records; one instance is one set of stand-ins."""

    def __init__(self, key: bytes) -> None:
        self._names = _Remembering(KeyedPseudonyms(key))
        self._streams: dict[tuple[str, Side, bool], _Stream] = {}
        self._codecs: dict[tuple[str, bool], Codec[Any]] = {}
        self._queue: deque[_Waiting] = deque()

    def records(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records in their order. Raises ConfigError for a protocol without redaction."""
        for record in records:
            waiting = _Waiting(record)
            self._queue.append(waiting)
            if isinstance(record, Chunk):
                self._stream(record).feed(waiting, record.data)
            elif isinstance(record, Closed) or _gives_up(record):
                self._end(record.conversation_id)
            if len(self._queue) > _MOST_WAITING:
                self._end_first()
            yield from self._ready()
        for stream in self._streams.values():
            stream.end()
        yield from self._ready()

    def _ready(self) -> Iterator[Record]:
        while self._queue and not self._queue[0].missing:
            yield self._shown(self._queue.popleft())

    def _stream(self, chunk: Chunk) -> _Stream:
        conversation = chunk.conversation
        ours = chunk.ours and conversation.role == Role.PROXY
        key = (conversation.id, chunk.sender, ours)
        stream = self._streams.get(key)
        if stream is None:
            spec = registry.spec(conversation.protocol)
            if spec.redact is None:
                raise ConfigError("--redact", f"{spec.name} does not say what is private in it")
            codec = self._codecs.setdefault((conversation.id, ours), spec.codec())
            stream = self._streams[key] = _Stream(spec, codec, chunk.sender, self._names)
        return stream

    def _end(self, conversation: str) -> None:
        for key in [key for key in self._streams if key[0] == conversation]:
            self._streams.pop(key).end()
        for ours in (False, True):
            self._codecs.pop((conversation, ours), None)

    def _end_first(self) -> None:
        record = self._queue[0].record
        if isinstance(record, Chunk):
            self._end(record.conversation.id)

    # one record

    def _shown(self, waiting: _Waiting) -> Record:
        record = waiting.record
        if isinstance(record, Chunk):
            conversation = self._conversation(record.conversation)
            data = record.data if waiting.data is None else bytes(waiting.data)
            return replace(record, conversation=conversation, data=data)
        if isinstance(record, Opened):
            return replace(record, conversation=self._conversation(record.conversation))
        if isinstance(record, Closed):
            return replace(record, reason=self._names.words(record.reason))
        if isinstance(record, Noted):
            return replace(record, event=self._event(record.event))
        return record

    def _conversation(self, conversation: Conversation) -> Conversation:
        return replace(
            conversation,
            peer=self._names.address(conversation.peer),
            upstream=self._names.address(conversation.upstream),
        )

    def _event(self, event: Event) -> Event:
        device = event.device
        if device is not None:
            device = replace(device, serial=self._names.text(device.serial))
        fields = {name: self._field(value) for name, value in event.fields.items() if name != "hex"}
        return replace(
            event, device=device, message=self._names.words(event.message), fields=fields
        )

    def _field(self, value: Field) -> Field:
        if isinstance(value, str):
            return self._names.words(value)
        if isinstance(value, tuple):
            texts = tuple(self._names.words(each) for each in value if isinstance(each, str))
            return texts if len(texts) == len(value) else value
        return value


def _gives_up(record: Record) -> TypeGuard[Noted]:
    """Tell whether the rest of a half message was given up here: what follows begins anew."""
    return isinstance(record, Noted) and record.event.eventid == HALF_MESSAGE
