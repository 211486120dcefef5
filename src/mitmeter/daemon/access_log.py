"""Who asked what of a device's web pages: one line each, a file a day, gone after some days.

Holds no credentials, no cookies and no queries: what comes in is already free of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TextIO

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
        self._file: TextIO | None = None
        self._lost = 0

    def write(self, served: Served) -> None:
        """Append a line; begin a new file and remove the oldest when a day has begun."""
        now = self._now()
        try:
            if self._file is None or now.date() != self._day:
                self._begin(now.date())
            assert self._file is not None  # noqa: S101 - just begun
            self._file.write(line(served, now))
            self._file.flush()
        except OSError as exc:
            self._lost += 1
            if self._lost & (self._lost - 1) == 0:
                log.warning("access log: %s (%d lines lost)", exc, self._lost)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self, day: date) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(day)
        path.touch(mode=0o600)
        self._file = path.open("a", encoding="ascii", errors="backslashreplace")
        self._day = day
        oldest = self._path(day - timedelta(days=self._keep)).name
        for each in self._folder.glob(f"{self._station}-access-*{_SUFFIX}"):
            if each.name < oldest:
                each.unlink(missing_ok=True)

    def _path(self, day: date) -> Path:
        return self._folder / f"{self._station}-access-{day.isoformat()}{_SUFFIX}"


def line(served: Served, now: datetime) -> str:
    """Return one line: when, who, what, how it ended, how much, how long, and by whom."""
    by = "mitmeter" if served.from_us else "device"
    return (
        f"{now.isoformat(timespec='milliseconds')} {served.client} {served.method} {served.path} "
        f"{served.status} {served.size} {served.seconds:.3f}s {by}\n"
    )
