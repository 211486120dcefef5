"""Whether a conversation nobody has named is a hub's: by the head of its first request."""

from __future__ import annotations

import re

from mitmeter.devices.efergy.identity import mac_of_host
from mitmeter.devices.efergy.registers import BULK, CHECK_KEY, GENERATIONS, GET_KEY, REC_JSON
from mitmeter.model import Side

_ASKED = [
    *(f"POST {path}" for path in (*GENERATIONS, BULK, REC_JSON)),
    *(f"GET {path}" for path in (CHECK_KEY, GET_KEY)),
]
_HEAD = re.compile(
    rb"(?:" + "|".join(map(re.escape, _ASKED)).encode() + rb")"
    rb"[ ?][^\r\n]*\r\n(?:[^\r\n]+\r\n)+\r\n"
)
_HOST = re.compile(r"^host:[ \t]*([^\s:]+)(?::[0-9]+)?[ \t]*\r$", re.IGNORECASE | re.MULTILINE)


def recognises(sender: Side, data: bytes) -> bool:
    """Tell whether one of the hubs' paths is asked for at a host that is named like a hub.

    Generations are told apart by path alone, but paths as short as theirs may be anybody's.
    """
    found = _HEAD.match(data) if sender is Side.DEVICE else None
    host = None if found is None else _HOST.search(found[0].decode("latin-1"))
    return host is not None and mac_of_host(host[1]) is not None
