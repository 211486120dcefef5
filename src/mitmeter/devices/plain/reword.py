"""A change to what is said: in the head of an HTTP message and in its body, or in plain bytes."""

from __future__ import annotations

from collections.abc import Callable

from mitmeter.devices.plain.messages import Message, Request, Response
from mitmeter.model import Side
from mitmeter.protocol import Decoded
from mitmeter.wire.http_reword import reword


def reworded(sender: Side, item: Decoded[Message], change: Callable[[bytes], bytes]) -> bytes:
    """Return the item's bytes with the change made, an HTTP message's length made right."""
    if isinstance(item.message, Request | Response):
        return reword(item.raw, change)
    return change(item.raw)
