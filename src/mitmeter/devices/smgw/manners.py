"""How a gateway wants to be treated: not too fast, not with wrong passwords, one session at a time.

Source: gateway fact sheet §1.10, §3.2, §6.5 [O].
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_TRIES = 3
LOCKED = timedelta(minutes=5)
_FORGIVEN = timedelta(minutes=15)
_SESSION = re.compile(r"(?:\A|;\s*)session=([^;]*)")


class Pace:
    """So many requests at once, then so many per second: a token bucket. 0 per second: no limit."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = float(burst)
        self._rate = per_second
        self._left = self._burst
        self._at: datetime | None = None

    def wait(self, now: datetime) -> float:
        """Take one and return 0, or return after how many seconds to come again."""
        if not self._rate:
            return 0.0
        if self._at is not None:
            passed = max(0.0, (now - self._at).total_seconds())
            self._left = min(self._burst, self._left + passed * self._rate)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._rate
        self._left -= 1
        return 0.0


class Logins:
    """Counts refused logins, and says when none should be tried for a while."""

    def __init__(self) -> None:
        self.failures = 0
        self._last: datetime | None = None

    def refused(self, now: datetime) -> None:
        self._forgive(now)
        self.failures += 1
        self._last = now

    def accepted(self) -> None:
        self.failures = 0

    def locked(self, now: datetime) -> int:
        """Return for how many seconds nothing should be tried, 0 when it may be."""
        self._forgive(now)
        if self.failures < MOST_TRIES or self._last is None:
            return 0
        left = (LOCKED - (now - self._last)).total_seconds()
        if left <= 0:
            # One more try, not three.
            self.failures = MOST_TRIES - 1
            return 0
        return int(left) + 1

    def _forgive(self, now: datetime) -> None:
        if self._last is not None and now - self._last > _FORGIVEN:
            self.failures = 0


@dataclass(slots=True)
class Session:
    """The one session of a gateway that has sessions, and who holds it.

    idle: seconds without a request after which it counts as left.
    """

    idle: float
    value: str = ""
    used: datetime | None = None

    def free_for(self, session: str, now: datetime) -> bool:
        """Tell whether a request of this session, "" for none, may go now."""
        return not self.value or session == self.value or self.left_in(now) <= 0

    def left_in(self, now: datetime) -> float:
        """Return after how many seconds it is free, if nothing more is asked in it."""
        if not self.value or self.used is None:
            return 0.0
        return self.idle - (now - self.used).total_seconds()

    def begun(self, value: str, now: datetime) -> None:
        self.value, self.used = value, now

    def touched(self, session: str, now: datetime) -> None:
        if session and session == self.value:
            self.used = now

    def over(self) -> None:
        self.value, self.used = "", None


def session_of(cookies: str) -> str:
    """Return the value of the cookie `session`, "" where there is none."""
    found = _SESSION.search(cookies)
    return found[1].strip() if found else ""
