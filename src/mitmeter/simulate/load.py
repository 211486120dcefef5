"""What the people in the house use: habits, a fridge, and things switched on for a while."""

from __future__ import annotations

from array import array
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

from mitmeter.simulate.noise import Smooth, fraction, octets
from mitmeter.simulate.site import Site
from mitmeter.simulate.weather import DAY_S, NODE_S, winter

_MINUTES_PER_NODE = NODE_S // 60
_FRIDGE_W = 75

# Watts by local hour 0..24 for light, screens and small things. All start and end alike, so that
# midnight between two kinds of day shows no step.
_HABITS = {
    "work": (
        *(60, 40, 30, 30, 30, 50, 160, 260, 180, 80, 70, 80),
        *(100, 80, 70, 90, 160, 300, 430, 450, 420, 350, 250, 140, 60),
    ),
    "home": (
        *(60, 40, 30, 30, 30, 40, 110, 200, 230, 240, 230, 250),
        *(300, 260, 230, 220, 240, 320, 430, 450, 420, 350, 250, 140, 60),
    ),
    "weekend": (
        *(60, 50, 40, 30, 30, 30, 50, 110, 210, 280, 280, 270),
        *(340, 300, 240, 230, 260, 340, 440, 460, 430, 370, 280, 160, 60),
    ),
}
_HOME_DAYS = 0.3

# (minutes, watts) one after the other.
_KETTLE = ((3, 2000),)
_TOASTER = ((4, 900),)
_HOB = ((6, 1800), (5, 700), (4, 1500), (8, 500), (5, 1100), (6, 400))
_OVEN = ((12, 2200), (5, 200), (4, 2200), (6, 200), (4, 2200), (7, 200), (3, 2200))
_WASHING = ((4, 120), (17, 2050), (40, 180), (9, 420), (6, 150), (8, 480))
_DISHES = ((8, 90), (14, 1900), (22, 110), (12, 1900), (20, 60))
_VACUUM = ((14, 750),)


def utc_offset_s(zone: tzinfo, seconds: int) -> int:
    """Return local minus UTC time of the zone at an instant, whole seconds."""
    offset = datetime.fromtimestamp(seconds, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


class Household:
    """The load of one family."""

    def __init__(self, seed: int, site: Site) -> None:
        self._seed = seed
        self._site = site
        self._standby = 95.0 + 60.0 * fraction(seed, "standby")
        self._wander = Smooth(seed, "standby wander", 2_300)
        self._mood = Smooth(seed, "mood", 31 * 3600)
        self._cycle = 37 + int(10 * fraction(seed, "fridge cycle"))

    def minutes(self, day: int) -> array[int]:
        """Return the mean watts of each minute of the UTC day `day`; never below 60."""
        start = day * DAY_S
        nodes = [self.habit_w(start + t) for t in range(0, DAY_S + 1, NODE_S)]
        load = array("i")
        for left, right in pairwise(nodes):
            rise = right - left
            load.extend([left + rise * i // _MINUTES_PER_NODE for i in range(_MINUTES_PER_NODE)])
        self._add_fridge(load, day * 1440)
        for ordinal in range(day - 1, day + 2):
            self._add_events(load, day * 1440, ordinal)
        return load

    def habit_w(self, seconds: int) -> int:
        """Return the smooth part: standby, season, and what people do at this local hour."""
        local = seconds + utc_offset_s(self._site.zone, seconds)
        ordinal, within = divmod(local, DAY_S)
        hour, rest = divmod(within, 3600)
        curve = _HABITS[self.kind(ordinal)]
        activity = curve[hour] + (curve[hour + 1] - curve[hour]) * rest / 3600
        dark = winter(seconds, self._site.latitude)
        people = activity * (0.8 + 0.45 * dark) * (1.0 + 0.15 * self._mood.at(seconds))
        warmth = 70.0 * dark * dark
        standby = self._standby + 18.0 * self._wander.at(seconds)
        return int(standby + warmth + people * self._site.household)

    def kind(self, ordinal: int) -> str:
        """Return what kind of day the people have: `work`, `home` or `weekend`."""
        if (ordinal + 3) % 7 >= 5:  # 1970-01-01 was a Thursday
            return "weekend"
        return "home" if fraction(self._seed, "home", ordinal) < _HOME_DAYS else "work"

    def _add_fridge(self, load: array[int], first: int) -> None:
        for cycle in range(first // self._cycle, (first + 1440) // self._cycle + 1):
            on = 11 + int(7 * fraction(self._seed, "fridge", cycle))
            start = cycle * self._cycle - first
            for minute in range(max(0, start), min(1440, start + on)):
                load[minute] += _FRIDGE_W

    def _add_events(self, load: array[int], first: int, ordinal: int) -> None:
        """Add what was switched on during the local day `ordinal` and runs in these UTC minutes."""
        midnight = self.midnight_minute(ordinal)
        for start, profile in self._events(ordinal):
            minute = midnight + start - first
            for length, watts in profile:
                for i in range(max(0, minute), min(1440, minute + length)):
                    load[i] += watts
                minute += length

    def midnight_minute(self, ordinal: int) -> int:
        """Return the minute since 1970 at which the local day `ordinal` begins."""
        local = datetime(1970, 1, 1, tzinfo=self._site.zone) + timedelta(days=ordinal)
        return int(local.timestamp()) // 60

    def _events(self, ordinal: int) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
        """Return what one local day holds: (minute of the day, profile)."""
        dice = octets(24, self._seed, "events", ordinal)
        kind = self.kind(ordinal)
        late = 90 if kind == "weekend" else 0
        events = [
            (6 * 60 + 20 + late + dice[0] // 4, _KETTLE),
            (18 * 60 + dice[1] // 3, _HOB),
            (20 * 60 + dice[2] // 4, _KETTLE),
        ]
        if dice[3] < 170:
            events.append((6 * 60 + 30 + late + dice[4] // 4, _TOASTER))
        if kind != "work":
            events.append((10 * 60 + dice[5] // 4, _KETTLE))
            events.append((12 * 60 + 10 + dice[6] // 6, _HOB))
            events.append((15 * 60 + dice[7] // 3, _KETTLE))
        if dice[8] < (150 if kind == "weekend" else 70):
            events.append((17 * 60 + 30 + dice[9] // 3, _OVEN))
        if dice[10] < (150 if kind == "weekend" else 90):
            events.append((9 * 60 + dice[11] * 2, _WASHING))
        if dice[12] < 160:
            events.append((20 * 60 + 40 + dice[13] // 2, _DISHES))
        if dice[14] < (130 if kind == "weekend" else 30):
            events.append((10 * 60 + dice[15], _VACUUM))
        if dice[16] < 50:
            events.append((22 * 60 + 30 + dice[17] // 2, _KETTLE))
        return events
