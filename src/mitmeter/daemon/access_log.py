"""Who asked what of a device's web pages: one line each, a file a day, gone after some days.

Holds no credentials, no cookies and no queries: what comes in is already free of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

from mitmeter.protocol import Served

log = logging.getLogger("mitmeter")

_SUFFIX = ".log"


class AccessLog:
    """The log of one station. A disk that is full costs lines, never an answer.

    keep: days whose files stay, today's not counted.
    """

    def __init__(
        self, folder: Path, station: str, now: Callable[[], datetime], keep: int = 3
    ) -> None:
        self._folder = folder
        self._station = station
        self._now = now
        self._keep = keep
        self._day: date | None = None
        self._lost = 0

    def write(self, served: Served) -> None:
        """Append a line; begin a new file and remove the oldest when a day has begun."""
        now = self._now()
        try:
            if now.date() != self._day:
                self._begin(now.date())
            with self._path(now.date()).open("a", encoding="ascii", errors="backslashreplace") as f:
                f.write(line(served, now))
        except OSError as exc:
            self._lost += 1
            if self._lost & (self._lost - 1) == 0:
                log.warning("access log: %s (%d lines lost)", exc, self._lost)

    def _begin(self, day: date) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path(day).touch(mode=0o600)
        self._day = day
        oldest = self._path(day - timedelta(days=self._keep)).name
        for path in self._folder.glob(f"{self._station}-access-*{_SUFFIX}"):
            if path.name < oldest:
                path.unlink(missing_ok=True)

    def _path(self, day: date) -> Path:
        return self._folder / f"{self._station}-access-{day.isoformat()}{_SUFFIX}"


def line(served: Served, now: datetime) -> str:
    """Return one line: when, who, what, how it ended, how much, how long, and by whom."""
    by = "mitmeter" if served.from_us else "device"
    return (
        f"{now.isoformat(timespec='milliseconds')} {served.client} {served.method} {served.path} "
        f"{served.status} {served.size} {served.seconds:.3f}s {by}\n"
    )
