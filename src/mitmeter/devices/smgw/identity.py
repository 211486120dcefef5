"""Who is who: a meter is a device here, and the gateway a thing that is known of it.

A meter keeps its name when its gateway is replaced, or read through another login. Several may
stand behind one gateway.
"""

from __future__ import annotations

import re

from mitmeter.model import DeviceId

PROTOCOL = "smgw"
# A meter an answer does not name, and nothing said before does.
UNNAMED = DeviceId(PROTOCOL, "unnamed")
_ODD = re.compile(r"[^a-z0-9._-]")
_MOST = 64


def meter(id: str) -> DeviceId:
    """Return the device of a meter's id; what does not belong in a name becomes a dash."""
    plain = _ODD.sub("-", id.strip().lower())[:_MOST]
    return DeviceId(PROTOCOL, plain) if plain else UNNAMED
