"""Telling a story once and then counting: at the 1st time, the 10th, the 100th …"""

from __future__ import annotations

from collections import Counter

MOST_TOPICS = 256


def is_round(count: int) -> bool:
    """Tell whether a count is 1, 10, 100, 1000 …"""
    while count % 10 == 0 and count > 0:
        count //= 10
    return count == 1


class Tally:
    """Counts topics, as many as `most`; what is beyond shares one."""

    __slots__ = ("_counts", "_most")

    def __init__(self, most: int = MOST_TOPICS) -> None:
        self._counts: Counter[object] = Counter()
        self._most = most

    def count(self, topic: object) -> int:
        """Return how often this has happened, this time included."""
        if topic not in self._counts and len(self._counts) >= self._most:
            topic = "more"
        self._counts[topic] += 1
        return self._counts[topic]
