"""Whether a conversation nobody has named is a display's: by the head of its first request."""

from __future__ import annotations

import re

from mitmeter.devices.glow.identity import mac_of_host
from mitmeter.devices.glow.messages import PATH
from mitmeter.model import Side

_HEAD = re.compile(rb"POST " + PATH.encode() + rb"[ ?][^\r\n]*\r\n(?:[^\r\n]+\r\n)+\r\n")
_HOST = re.compile(r"^host:[ \t]*(\S+)[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_NAMED = re.compile(r"^x-id:[ \t]*\S", re.IGNORECASE | re.MULTILINE)


def recognises(sender: Side, data: bytes) -> bool:
    """Tell whether the display's own path is asked for, and the asker names itself like one."""
    found = _HEAD.match(data) if sender is Side.DEVICE else None
    if found is None:
        return False
    head = found[0].decode("latin-1")
    host = _HOST.search(head)
    return bool(_NAMED.search(head)) or (host is not None and bool(mac_of_host(host[1])))
