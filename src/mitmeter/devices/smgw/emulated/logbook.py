"""A gateway's log as the consumer sees it: entries of every day, and what happened at run time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mitmeter.devices.smgw.emulated.memory import Notes
from mitmeter.devices.smgw.emulated.switches import LogSwitches
from mitmeter.errors import ConfigError

INFO, WARNING, ERROR, ALERT = 1, 2, 3, 4
_MOST_HAPPENINGS = 100
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. index: counts from 1. level: 1 info … 4 alert. good: the outcome."""

    index: int
    at: datetime
    level: int
    event: str
    message: str
    good: bool = True


class Logbook:
    """The daily entries come by rule, so nothing of them is stored; the rest is in the memory."""

    def __init__(self, switches: LogSwitches, notes: Notes) -> None:
        self._switches = switches
        self._notes = notes
        try:
            begin, at = date.fromisoformat(switches.begin), time.fromisoformat(switches.at)
        except ValueError:
            raise ConfigError(
                "log.begin", f"{switches.begin!r} and {switches.at!r} are no day and time of day"
            ) from None
        self._first = datetime.combine(begin, at.replace(tzinfo=None), UTC)
        self._step = _DAY / switches.entries

    def happened(
        self, at: datetime, message: str, *, level: int = INFO, event: str = "", good: bool = True
    ) -> None:
        """Enter what happens at run time; `at` may lie ahead, it is shown from then on."""
        table = self._notes.read()
        entry = [int(at.timestamp()), level, event or self._switches.event, message, good]
        kept = [*table.get("entries", []), entry]
        dropped = int(table.get("dropped", 0)) + max(0, len(kept) - _MOST_HAPPENINGS)
        self._notes.write({"dropped": dropped, "entries": kept[-_MOST_HAPPENINGS:]})

    def count(self, since: datetime, until: datetime) -> int:
        """Return how many entries there are from `since` on and before `until`."""
        daily = max(0, self._daily_before(until) - self._daily_before(since))
        return daily + sum(since <= entry.at < until for entry in self._happened())

    def between(self, since: datetime, until: datetime, most: int) -> list[Entry]:
        """Return the first so many entries from `since` on and before `until`, oldest first."""
        happened = self._happened()
        found = [entry for entry in happened if since <= entry.at < until]
        for number in range(self._daily_before(since), self._daily_before(since) + most):
            at = self._first + number * self._step
            if at >= until:
                break
            found.append(self._daily(number, at, happened))
        return sorted(found, key=lambda entry: entry.index)[:most]

    def since_index(self, index: int, until: datetime, most: int) -> list[Entry]:
        """Return the first so many entries from that index on and before `until`."""
        # Each happening moves the later daily entries up by one, so it is this many at most.
        first = max(0, index - 1 - len(self._happened()) - self._dropped())
        since = self._first + first * self._step if first else self._first - 36_500 * _DAY
        reach = most + index - first
        return [e for e in self.between(since, until, reach) if e.index >= index][:most]

    def _daily(self, number: int, at: datetime, happened: list[Entry]) -> Entry:
        switches = self._switches
        earlier = self._dropped() + sum(entry.at < at for entry in happened)
        index = number + 1 + earlier
        return Entry(index, at, switches.level_number, switches.event, switches.message)

    def _happened(self) -> list[Entry]:
        found = []
        kept = sorted(self._notes.read().get("entries", []))
        for place, (second, level, event, message, good) in enumerate(kept, self._dropped() + 1):
            at = datetime.fromtimestamp(second, UTC)
            index = self._daily_before(at + _INSTANT) + place
            found.append(Entry(index, at, level, event, message, good))
        return found

    def _dropped(self) -> int:
        return int(self._notes.read().get("dropped", 0))

    def _daily_before(self, at: datetime) -> int:
        """Return how many daily entries there are before an instant."""
        return max(0, -((self._first - at) // self._step))
