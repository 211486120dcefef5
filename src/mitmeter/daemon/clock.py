"""What time it is, and how fast it goes: real time, or a simulated day in minutes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from mitmeter.model import instant


@dataclass(slots=True)
class Clock:
    """A clock that may run `speed` times faster than real time, starting from `start_ns`.

    Devices, head-ends and timers of one process share one clock, so a simulated day is consistent.
    """

    speed: float = 1.0
    start_ns: int | None = None
    _began_ns: int = field(default_factory=time.time_ns)

    def now_ns(self) -> int:
        if self.speed == 1.0 and self.start_ns is None:
            return time.time_ns()
        start = self._began_ns if self.start_ns is None else self.start_ns
        return start + round((time.time_ns() - self._began_ns) * self.speed)

    def now(self) -> datetime:
        return instant(self.now_ns())

    def real(self, seconds: float) -> float:
        """Return how long really to wait for so many of this clock's seconds."""
        return seconds / self.speed
