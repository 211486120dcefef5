"""What a conversation of `tcp` or `tls` turns out to speak, told by its first bytes alone."""

from __future__ import annotations

from functools import cache
from typing import Any

from mitmeter import registry
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.protocol import Codec, Decoded, Settles, Spec, Undecodable

# How much of each side is looked at; the first message of every protocol known is shorter.
FIRST_BYTES = 8_192

Item = Decoded[Any] | Undecodable


class Recognition:
    """Listens to both sides until a protocol knows its own, or one of them has said enough.

    found:  the protocol, None while there is none.
    turned: that protocol's device is the side that was dialled, so the sides are the other way
            round than in `plain`.
    over:   nothing more will be found.
    """

    __slots__ = ("_first", "_plain", "found")

    def __init__(self, plain: Spec[Any]) -> None:
        self._plain = plain
        self._first = dict.fromkeys(Side, b"")
        self.found: Spec[Any] | None = None

    @property
    def turned(self) -> bool:
        return self.found is not None and self.found.dials is not self._plain.dials

    @property
    def over(self) -> bool:
        full = any(len(first) >= FIRST_BYTES for first in self._first.values())
        return full or self.found is not None

    def inner(self, sender: Side) -> Side:
        """Return which side of the protocol found this one is."""
        return sender.other if self.turned else sender

    def hear(self, sender: Side, data: bytes) -> bool:
        """Take what a side says; tell whether the protocol is known now, and was not before."""
        room = FIRST_BYTES - len(self._first[sender])
        if self.found is not None or room <= 0:
            return False
        first = self._first[sender] = self._first[sender] + data[:room]
        for spec in _candidates():
            side = sender if spec.dials is self._plain.dials else sender.other
            if spec.recognises is not None and spec.recognises(side, first):
                self.found = spec
                return True
        return False


@cache
def _candidates() -> tuple[Spec[Any], ...]:
    found = []
    for name in registry.names():
        try:
            spec = registry.spec(name)
        except ConfigError:
            continue  # told where it is asked for
        if spec.recognises is not None:
            found.append(spec)
    return tuple(found)


def shown_codec(spec: Spec[Any]) -> Codec[Any]:
    """Return what decodes a conversation for somebody who looks on."""
    return ShownCodec(spec) if spec.plain else spec.codec()


class ShownCodec:
    """Bytes of any kind for who looks on: nothing is held back that may never become a message, and
    what is recognised is decoded by its own protocol.

    Fulfils `Codec`, but for its items, which depend on the reads.
    """

    __slots__ = ("_codec", "_early", "_recognition")

    def __init__(self, spec: Spec[Any]) -> None:
        self._codec: Codec[Any] = spec.codec()
        self._recognition = Recognition(spec)
        self._early: list[tuple[Side, bytes]] = []

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        recognition = self._recognition
        if recognition.over:
            self._early.clear()
        else:
            self._early.append((sender, data))
            if recognition.hear(sender, data):
                return self._begin(sender)
        side = recognition.inner(sender)
        items = self._codec.feed(side, data)
        if isinstance(self._codec, Settles):
            items += self._codec.settle(side)
        return items

    def end(self, sender: Side) -> list[Item]:
        return self._codec.end(self._recognition.inner(sender))

    def encode(self, sender: Side, message: Any) -> bytes:
        return self._codec.encode(self._recognition.inner(sender), message)

    def _begin(self, sender: Side) -> list[Item]:
        """Start over with the protocol found; return what this side has said by now."""
        found = self._recognition.found
        assert found is not None  # noqa: S101 - it was just recognised
        self._codec = found.codec()
        items: list[Item] = []
        for side, data in self._early:
            said = self._codec.feed(self._recognition.inner(side), data)
            items += said if side is sender else []
        self._early.clear()
        return items
