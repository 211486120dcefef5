"""Confirmed is not always safe: where to go back to when the destination may have forgotten.

A destination that confirms before its disk has the rows loses the newest when it crashes. So marks
are followed for a while: one is safe when the destination was still alive `settles` seconds later.
"""

from __future__ import annotations

from collections import deque

from mitmeter.sinks.state import Mark, Stream


class Trail:
    """The marks confirmed of late. Times are of a clock that only goes forward."""

    def __init__(self, settles: float) -> None:
        self._settles = settles
        self._safe: dict[Stream, Mark] = {}
        self._young: dict[Stream, deque[tuple[float, Mark]]] = {}

    def begin(self, stream: Stream, mark: Mark) -> None:
        """Go on from a mark that is known to be safe."""
        self._safe[stream] = mark
        self._young[stream] = deque()

    def confirmed(self, stream: Stream, mark: Mark, now: float) -> Mark:
        """Add a mark confirmed now; return the newest safe one of its stream."""
        if not self._settles:
            self._safe[stream] = mark
            return mark
        self._young[stream].append((now, mark))
        for each, young in self._young.items():
            while young and young[0][0] <= now - self._settles:
                self._safe[each] = young.popleft()[1]
        return self._safe[stream]

    def go_back(self) -> dict[Stream, Mark]:
        """Forget what is not safe; return where each stream goes on, {} when all is safe."""
        if not any(self._young.values()):
            return {}
        for young in self._young.values():
            young.clear()
        return dict(self._safe)
