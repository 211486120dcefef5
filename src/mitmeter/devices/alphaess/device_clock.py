"""The battery's own clock: local wall time without a zone, free-running, set only by the server.

Source: fact sheet §7 [O].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_BILLION = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Setting:
    """From `since` on the clock runs from `local`."""

    since: datetime
    local: datetime


class DeviceClock:
    """Begins at the zone's standard time plus `offset`, drifts, and never follows summer time.

    drift_ppb: parts per billion; + is fast. Drift counts from the last time the clock was set.
    What it showed at an earlier instant stays true after it is set: old rows keep their times.
    """

    def __init__(self, zone: tzinfo | None, offset: timedelta, drift_ppb: int) -> None:
        self._zone = UTC if zone is None else zone
        self._offset = offset
        self._drift_ppb = drift_ppb
        self._settings: list[_Setting] = []

    def start(self, now: datetime) -> None:
        """Commission the clock; only the first time counts."""
        if not self._settings:
            local = now.replace(tzinfo=None) + self._standard_offset(now) + self._offset
            self._settings.append(_Setting(now, local))

    def local(self, at: datetime) -> datetime:
        """Return what the clock shows at an instant, naive, to the microsecond."""
        found = self._settings[0]
        for setting in self._settings:
            if setting.since <= at:
                found = setting
        passed = at - found.since
        return found.local + passed + passed * self._drift_ppb / _BILLION

    def set(self, now: datetime, local: datetime) -> None:
        """Make the clock show this from now on."""
        self._settings.append(_Setting(now, local))

    def set_from_index(self, now: datetime, milliseconds: int) -> None:
        """Set the clock from a CmdIndex, milliseconds since UTC midnight, plus the zone's time now.

        The index names no day: the one nearest to what the clock shows is meant [A].
        """
        offset = now.astimezone(self._zone).utcoffset() or timedelta(0)
        shown = self.local(now)
        midnight = shown.replace(hour=0, minute=0, second=0, microsecond=0)
        meant = midnight + timedelta(milliseconds=milliseconds) + offset
        day = timedelta(days=1)
        self.set(now, min((meant - day, meant, meant + day), key=lambda each: abs(each - shown)))

    def _standard_offset(self, now: datetime) -> timedelta:
        """Return the zone's offset without summer time: the smaller of January's and July's."""
        offsets = [
            datetime(now.year, month, 1, tzinfo=self._zone).utcoffset() or timedelta(0)
            for month in (1, 7)
        ]
        return min(offsets)
