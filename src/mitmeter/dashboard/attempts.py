"""How often an address may try a wrong token."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable

ALLOWED = 10
SECONDS = 300.0
_MOST_ADDRESSES = 2048


class Attempts:
    """Counts failures per address: so many within five minutes, and it has to wait.

    An IPv6 network of 64 bits is one address: whoever has one of them has all.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failed: dict[str, deque[float]] = {}

    def wait(self, address: str) -> int:
        """Return how many seconds this address has to wait, 0 for none."""
        failed = self._failed.get(_who(address))
        if failed is None or len(failed) < ALLOWED:
            return 0
        left = failed[0] + SECONDS - self._clock()
        return max(0, int(left) + 1) if left > 0 else 0

    def failed(self, address: str) -> None:
        who = _who(address)
        # The most recent last; the table itself cannot be filled up by many addresses.
        held = self._failed.pop(who, None) or deque(maxlen=ALLOWED)
        held.append(self._clock())
        self._failed[who] = held
        if len(self._failed) > _MOST_ADDRESSES:
            del self._failed[next(iter(self._failed))]


def _who(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(ipaddress.ip_network((int(found), 64), strict=False).network_address)
    return address
