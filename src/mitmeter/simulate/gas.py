"""The boiler: heat against the cold outside, set back at night, and hot water when people wash.

Whole watts of the gas's heat, constant within each minute of UTC, so that energies are sums.
"""

from __future__ import annotations

from array import array
from itertools import accumulate, pairwise

from mitmeter.simulate.load import Household, utc_offset_s
from mitmeter.simulate.noise import fraction, octets
from mitmeter.simulate.site import Site
from mitmeter.simulate.weather import DAY_S, NODE_S, Weather

_MINUTES_PER_NODE = NODE_S // 60
_MINUTE_US = 60_000_000
_KEPT_DAYS = 3

_COMFORT_C, _SETBACK_C = 20.0, 15.0
# People, cooking and the sun through windows warm a house by about this much above the air [A].
_GAINS_C = 3.5
_EFFICIENCY = 0.88
# Below this a boiler cannot burn: it goes on and off, which over a minute is a lower mean.
_LEAST_W = 400

# (minutes, watts) one after the other, of the gas.
_SHOWER = ((1, 9_000), (7, 21_000))
_BASIN = ((2, 16_000),)
_SINK = ((4, 14_000),)
_BATH = ((12, 23_000),)


class Heating:
    """The gas of one house. Nothing it does depends on what was asked before."""

    def __init__(self, seed: int, site: Site, weather: Weather, household: Household) -> None:
        self._seed = seed
        self._site = site
        self._weather = weather
        self._household = household
        # Watts of heat for each degree between inside and outside.
        self._loss = (140.0 + 60.0 * fraction(seed, "insulation")) * site.household

    def minutes(self, day: int) -> array[int]:
        """Return the mean watts of gas of each minute of the UTC day `day`."""
        burnt = array("q")
        if not self._site.gas:
            burnt.extend([0] * 1440)
            return burnt
        start = day * DAY_S
        nodes = [self.heating_w(start + t) for t in range(0, DAY_S + 1, NODE_S)]
        for left, right in pairwise(nodes):
            rise = right - left
            burnt.extend([left + rise * i // _MINUTES_PER_NODE for i in range(_MINUTES_PER_NODE)])
        for ordinal in range(day - 1, day + 2):
            self._add_washing(burnt, day * 1440, ordinal)
        return burnt

    def heating_w(self, seconds: int) -> int:
        """Return what the radiators take at an instant, as gas; never below 0."""
        minute = (seconds + utc_offset_s(self._site.zone, seconds)) % DAY_S // 60
        missing = _wanted_c(minute) - _GAINS_C - self._weather.temperature_c(seconds)
        watts = int(missing * self._loss / _EFFICIENCY)
        return min(watts, self._site.boiler_w) if watts >= _LEAST_W else 0

    def _add_washing(self, burnt: array[int], first: int, ordinal: int) -> None:
        """Add the hot water of the local day `ordinal` that runs in these UTC minutes."""
        midnight = self._household.midnight_minute(ordinal)
        if not -1440 - 60 <= midnight - first < 1440:
            return
        for start, profile in self._washing(ordinal):
            minute = midnight + start - first
            for length, watts in profile:
                for i in range(max(0, minute), min(1440, minute + length)):
                    burnt[i] += watts
                minute += length

    def _washing(self, ordinal: int) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
        """Return what one local day washes: (minute of the day, profile)."""
        dice = octets(12, self._seed, "washing", ordinal)
        late = 90 if self._household.kind(ordinal) == "weekend" else 0
        events = [
            (6 * 60 + 15 + late + dice[0] // 8, _SHOWER),
            (7 * 60 + 5 + late + dice[1] // 4, _BASIN),
            (18 * 60 + 50 + dice[2] // 3, _SINK),
            (22 * 60 + dice[3] // 4, _BASIN),
        ]
        if dice[4] < 200:
            events.append((7 * 60 + late + dice[5] // 8, _SHOWER))
        if dice[6] < 60:
            events.append((19 * 60 + 30 + dice[7] // 3, _BATH))
        if self._household.kind(ordinal) != "work":
            events.append((13 * 60 + dice[8] // 3, _SINK))
        return events


class GasLedger:
    """Sums of the gas since `start_minute`, a minute since 1970; any instant in any order."""

    def __init__(self, heating: Heating, start_minute: int) -> None:
        self._heating = heating
        self._start = start_minute
        self._first_day = start_minute // 1440
        self._ends: list[int] = []
        self._days: dict[int, tuple[array[int], list[int]]] = {}

    def power_w(self, minute: int) -> int:
        """Return the mean watts of a minute since 1970; 0 before the start."""
        if minute < self._start:
            return 0
        day, within = divmod(minute, 1440)
        return self._day(day)[0][within]

    def integral(self, us: int) -> int:
        """Return the watt-microseconds up to an instant, in microseconds since 1970."""
        minute, rest = divmod(us, _MINUTE_US)
        if minute < self._start:
            return 0
        day, within = divmod(minute, 1440)
        watts, sums = self._day(day)
        return (self._before(day) + sums[within]) * _MINUTE_US + watts[within] * rest

    def _before(self, day: int) -> int:
        """Return the watt-minutes of all days before this one."""
        ends = self._ends
        while len(ends) < day - self._first_day:
            each = self._first_day + len(ends)
            ends.append((ends[-1] if ends else 0) + self._day(each)[1][-1])
        return ends[day - self._first_day - 1] if day > self._first_day else 0

    def _day(self, day: int) -> tuple[array[int], list[int]]:
        """Return a day's watts, and their sums up to the beginning of each minute and to the end.

        Minutes before the start count nothing.
        """
        found = self._days.get(day)
        if found is None:
            watts = self._heating.minutes(day)
            first = self._start - day * 1440
            for minute in range(min(max(first, 0), 1440)):
                watts[minute] = 0
            found = watts, list(accumulate(watts, initial=0))
            if len(self._days) >= _KEPT_DAYS:
                del self._days[next(iter(self._days))]
            self._days[day] = found
        return found


def _wanted_c(minute: int) -> float:
    """Return what the thermostat asks for: warm from half past six to half past ten, with an hour
    to get there and back.
    """
    rise = min(max(minute - 330, 0), 60) / 60.0
    fall = min(max(minute - 1350, 0), 60) / 60.0
    return _SETBACK_C + (_COMFORT_C - _SETBACK_C) * (rise - fall)
