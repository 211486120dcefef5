"""What a head-end remembers by, without a store: latest facts, and where readings are missing."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from mitmeter.model import DeviceId, Fact, Reading


class Memory:
    """Latest facts, and the device's own times of all readings, for a `HeadendContext`."""

    def __init__(self) -> None:
        self._facts: dict[tuple[DeviceId, str], str] = {}
        self._moments: dict[DeviceId, list[datetime]] = {}

    def learn(self, readings: Iterable[Reading], facts: Iterable[Fact]) -> None:
        """Remember these. Readings without a time of their own tell of no gap."""
        for fact in facts:
            self._facts[fact.device, fact.name] = fact.value
        for reading in readings:
            if reading.reported is not None:
                self._hold(reading.device, reading.reported)

    def _hold(self, device: DeviceId, moment: datetime) -> None:
        moments = self._moments.setdefault(device, [])
        if not moments or moments[-1] < moment:
            moments.append(moment)
        elif moments[-1] != moment and moments[bisect_left(moments, moment)] != moment:
            insort(moments, moment)

    def recall(self, device: DeviceId, name: str) -> str | None:
        return self._facts.get((device, name))

    def gaps(
        self, device: DeviceId, since: datetime, until: datetime, longest: timedelta
    ) -> tuple[tuple[datetime, datetime], ...]:
        """Return the spans without a reading that are longer than `longest`, oldest first.

        since, until: in the device's own time. A span that began before `since` is given whole.
        """
        moments = self._moments.get(device, [])
        if not moments:
            return ()
        first = bisect_left(moments, since)
        inside = [moment for moment in moments[first:] if moment <= until]
        before = moments[max(first - 1, 0) : first]
        bounds = [*before, *inside, until]
        return tuple((start, stop) for start, stop in pairwise(bounds) if stop - start > longest)
