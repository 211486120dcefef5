"""The event log an emulated battery keeps: sixteen entries, newest first.

Codes have no public list; 42 and 41 are taken for "server link lost" and "established", 30 and 29
come in pairs every half hour while the server is out of reach. Source: fact sheet §4.3 [I].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

_ENTRIES = 16
_LINK_LOST, _LINK_MADE = 42, 41
_MODULE_RESET = (30, 29)
_RESET_EVERY = timedelta(minutes=30)
_RESET_TAKES = timedelta(seconds=14)


class EventLog:
    """Entries by true instant; their text uses what the clock showed then."""

    def __init__(self) -> None:
        self._entries: deque[tuple[datetime, int]] = deque(maxlen=_ENTRIES)

    def first_link(self, now: datetime) -> None:
        """Note the first connection, after a time in which the server was out of reach."""
        lost = now - 7 * _RESET_EVERY - timedelta(seconds=95)
        self._entries.append((lost, _LINK_LOST))
        for i in range(1, 8):
            self._entries.append((lost + i * _RESET_EVERY, _MODULE_RESET[0]))
            self._entries.append((lost + i * _RESET_EVERY + _RESET_TAKES, _MODULE_RESET[1]))
        self._entries.append((now, _LINK_MADE))

    def next_link(self, lost: datetime, now: datetime) -> None:
        """Note a later connection and when the one before was last heard of."""
        self._entries.append((lost, _LINK_LOST))
        self._entries.append((now, _LINK_MADE))

    def text(self, local: Callable[[datetime], datetime]) -> str:
        """Return `yy/mm/dd HH:MM:SS code;` for each entry, newest first."""
        return "".join(
            f"{local(at):%y/%m/%d %H:%M:%S} {code};" for at, code in reversed(self._entries)
        )
