"""What a codec makes of bytes, and what a codec is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from mitmeter.model import Side, lean

M = TypeVar("M")


@lean
class Decoded(Generic[M]):
    """One message and exactly the bytes it came in."""

    raw: bytes
    message: M


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Bytes that are no message, and why in words."""

    raw: bytes
    reason: str


class Codec(Protocol[M]):
    """Bytes ⇄ messages for both sides of one conversation; plays neither.

    `feed` and `end` never raise; the raw bytes of the items of one sender, joined, equal what that
    sender's side was fed once `end` has been called; items do not depend on how the bytes were cut.
    """

    def feed(self, sender: Side, data: bytes) -> list[Decoded[M] | Undecodable]: ...

    def end(self, sender: Side) -> list[Decoded[M] | Undecodable]: ...

    def encode(self, sender: Side, message: M) -> bytes:
        """Return the message's bytes. Pure. Raises LocalProtocolError for what cannot be said."""
        ...


@runtime_checkable
class Settles(Protocol[M]):
    """A codec of bytes without frames may have this, too: what is held of that side comes out as it
    is, for who cannot wait for more. The items then do depend on when it is asked.
    """

    def settle(self, sender: Side) -> list[Decoded[M] | Undecodable]: ...
