"""Whether a conversation nobody has named is one with a meter."""

from __future__ import annotations

from mitmeter.devices.kamstrup.framing import MAX_FRAME, START, Frame, Stream
from mitmeter.model import Side


def recognises(sender: Side, data: bytes) -> bool:
    """Tell whether the bytes begin with a sound frame: 80 … 0D of a reader, 40 … 0D of a meter."""
    if data[:1] != bytes((START[sender],)):
        return False
    found = Stream(sender).feed(data[:MAX_FRAME])
    return bool(found) and isinstance(found[0], Frame)
