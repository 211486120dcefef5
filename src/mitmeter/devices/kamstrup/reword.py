"""A change to what a frame says: made to its address, command and data, the checksum made right."""

from __future__ import annotations

from collections.abc import Callable

from mitmeter.devices.kamstrup.framing import Frame, frame, judge
from mitmeter.devices.kamstrup.messages import Message
from mitmeter.model import Side
from mitmeter.protocol import Decoded


def reworded(sender: Side, item: Decoded[Message], change: Callable[[bytes], bytes]) -> bytes:
    """Return the frame's bytes with the change made before they are stuffed; the shortest frame has
    an address and a command, so what is shorter goes on as `change` left it.
    """
    found = judge(item.raw)
    if not isinstance(found, Frame):
        return change(item.raw)
    said = bytes((found.address, found.cid)) + found.data
    became = change(said)
    if became == said or len(became) < 2:
        return item.raw if became == said else became
    return frame(found.request, became[0], became[1], became[2:])
