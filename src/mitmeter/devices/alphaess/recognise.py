"""Whether a conversation nobody has named is a battery's."""

from __future__ import annotations

from mitmeter.devices.alphaess.codec import GRAMMAR
from mitmeter.model import Side
from mitmeter.wire.framing import Take


def recognises(sender: Side, data: bytes) -> bool:
    """Tell whether the bytes begin with a sound frame."""
    return bool(data) and isinstance(GRAMMAR.framer(sender, data, 0), Take)
