"""A change to what a frame says: made to its payload, length and checksum made right."""

from __future__ import annotations

from collections.abc import Callable

from mitmeter.devices.alphaess.codec import CRC_SIZE, HEAD_SIZE, MAX_PAYLOAD, sealed
from mitmeter.devices.alphaess.messages import Message
from mitmeter.model import Side
from mitmeter.protocol import Decoded


def reworded(sender: Side, item: Decoded[Message], change: Callable[[bytes], bytes]) -> bytes:
    """Return the frame's bytes with the change made; one that no longer fits goes on as it was."""
    payload = item.raw[HEAD_SIZE:-CRC_SIZE]
    became = change(payload)
    if became == payload or len(became) > MAX_PAYLOAD:
        return item.raw
    return sealed(item.raw[:3] + len(became).to_bytes(4, "big") + became)
