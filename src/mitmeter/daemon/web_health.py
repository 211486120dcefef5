"""How the daemon stands: the doctor's chains, sizes, what was written."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.doctor import Chain, State, Watched, examine_host, examine_station, seen_in
from mitmeter.dashboard.backend import Check, Health, SinkHealth, Station
from mitmeter.errors import ConfigError
from mitmeter.journal.segments import segments
from mitmeter.sinks.status import SinkStatus
from mitmeter.store import Store

# The chains ask name servers: not for everybody who looks.
_KEPT_SECONDS = 5.0
_OK = {State.FINE: True, State.BROKEN: False}
SinkStates = Callable[[Store], Sequence[SinkStatus]]


class Vital:
    """Looks at a daemon over its data directory. `state` may be slow: a thread's work."""

    def __init__(self, data: Path, journal: Path, now: Callable[[], datetime]) -> None:
        self._data = data
        self._journal = journal
        self._now = now
        self._began = time.monotonic()
        self._kept: tuple[float, tuple[Check, ...]] | None = None

    def state(
        self,
        store: Store,
        status: dict[str, Any],
        stations: tuple[Station, ...],
        sinks: Sequence[SinkStatus],
    ) -> Health:
        size, count, oldest = self._sizes()
        return Health(
            checks=self._checks(store, status, stations),
            stations=stations,
            network={str(name): str(where) for name, where in dict(status["network"]).items()},
            journal_bytes=size,
            journal_segments=count,
            journal_oldest=oldest,
            journal_unsaved=int(status["journal"]["unsaved"]),
            written_bytes=_written(),
            uptime_seconds=time.monotonic() - self._began,
            sinks=tuple(_sink(each) for each in sinks),
            memory_bytes=_resident(),
            faults=int(status["faults"]),
        )

    def journal_bytes(self) -> int:
        return self._sizes()[0]

    def _sizes(self) -> tuple[int, int, str]:
        total, every = 0, segments(self._journal)
        for each in every:
            with contextlib.suppress(OSError):
                total += each.path.stat().st_size
        return total, len(every), every[0].day.isoformat() if every else ""

    def _checks(
        self, store: Store, status: dict[str, Any], stations: tuple[Station, ...]
    ) -> tuple[Check, ...]:
        kept = self._kept
        if kept is not None and time.monotonic() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        now = self._now()
        seen = seen_in(store, now)
        chains = [examine_host(self._data, status)]
        chains += [examine_station(watched(each), seen, now) for each in stations]
        checks = tuple(check for chain in chains for check in _checks_of(chain))
        self._kept = (time.monotonic(), checks)
        return checks


def watched(station: Station) -> Watched:
    endpoint = None
    if station.role in ("trap", "proxy"):
        with contextlib.suppress(ConfigError):
            endpoint = Endpoint.parse(station.where)
    return Watched(station.name, station.role, station.protocol, endpoint, running=True)


def _checks_of(chain: Chain) -> list[Check]:
    return [
        Check(chain.title, step.name, str(step.state), _OK.get(step.state), step.words, step.advice)
        for step in chain.steps
    ]


def _sink(status: SinkStatus) -> SinkHealth:
    return SinkHealth(
        name=status.name,
        kind=status.kind,
        state=str(status.state),
        lag=status.behind,
        delivered=status.sent,
        dead=status.dead,
        error=status.reason,
    )


def _resident() -> int:
    """Return the memory this process really takes."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _written() -> int | None:
    """Return the bytes this process had written to disk so far."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/io").read_text("ascii").splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
    return None
