"""What the journal holds: conversations, their bytes, and what happened beside the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mitmeter.model.lean import lean
from mitmeter.model.side import Side

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One connection (or one pair, for a proxy) from open to close.

    id:       16 characters, sorts by the time it opened.
    role:     "trap", "probe", "emulate" or "proxy".
    station:  the operator's name of the listener or dialler.
    peer:     the other end's address, `host:port`; a proxy's is the one on the device's side.
    upstream: the address on the head-end's side of a proxy, else "".
    synthetic: True when the device behind it is known to be simulated.
    settings: the station's options of its protocol, by name: decoding again needs them too.
    """

    id: str
    protocol: str
    role: str
    station: str
    peer: str
    opened_ns: int
    upstream: str = ""
    synthetic: bool = False
    settings: tuple[tuple[str, str], ...] = ()


@lean
class Chunk:
    """Bytes as they were read from, or written to, one link.

    seq:     counts the chunks of one conversation from 0; (conversation, seq) is the chunk's id.
    sender:  whose words these are.
    ours:    True when we wrote them (a trap's answer, an emulator's report, an injected command).
    """

    conversation: Conversation
    seq: int
    sender: Side
    received_ns: int
    data: bytes
    ours: bool

    @property
    def id(self) -> str:
        return f"{self.conversation.id}/{self.seq}"

    @property
    def received(self) -> datetime:
        return instant(self.received_ns)


def instant(ns: int) -> datetime:
    """Return nanoseconds since 1970 as an aware UTC instant, to the microsecond."""
    return _EPOCH + timedelta(0, 0, ns // 1000)


def nanoseconds(at: datetime) -> int:
    """Return an aware instant as whole nanoseconds since 1970, exactly."""
    delta = at - _EPOCH
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1000
