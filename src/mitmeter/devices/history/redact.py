"""Makes a line safe to share: serial numbers of devices become stand-ins of the same length."""

from __future__ import annotations

import re

from mitmeter.devices.history.messages import Message
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Pseudonyms, Undecodable

_DEVICE = re.compile(r"(?<![A-Za-z0-9_.-])([a-z][a-z0-9_-]{0,31}:)([A-Za-z0-9._-]{1,64})")


def redact(sender: Side, item: Decoded[Message] | Undecodable, names: Pseudonyms) -> bytes:
    """Return the item's bytes, as many as they were. What is no line is blotted out."""
    if isinstance(item, Undecodable):
        return b"*" * len(item.raw)
    hidden = _DEVICE.sub(lambda found: found[1] + names.text(found[2]), item.message.text)
    return (hidden + item.message.ending).encode()
