"""Clouds, the air's temperature, the mains' voltage and frequency: all smooth in absolute time."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi

from mitmeter.simulate.noise import Smooth, octets
from mitmeter.simulate.site import Site
from mitmeter.simulate.sun import Roof

DAY_S = 86_400
YEAR_S = 365.2425 * DAY_S
NODE_S = 900
_MINUTES_PER_NODE = NODE_S // 60
_NODES = DAY_S // NODE_S
_COLDEST_S = 15 * DAY_S  # mid January 1970, and every year since
_PATCH_MINUTES = 3  # how long a small cloud takes to pass
_PATCHES = 1440 // _PATCH_MINUTES


def winter(seconds: float, latitude: float) -> float:
    """Return 1 in the depth of winter and 0 at the height of summer, north or south."""
    swing = cos(2.0 * pi * (seconds - _COLDEST_S) / YEAR_S) / 2.0
    return 0.5 + (swing if latitude >= 0 else -swing)


@dataclass(frozen=True, slots=True)
class Sunshine:
    """PV of one UTC day: mean AC watts of each minute, and how far its 10-second steps swing."""

    mean_w: array[int]
    swing_w: array[int]


class Weather:
    """The sky, the air and the mains of one place."""

    def __init__(self, seed: int, site: Site) -> None:
        self._seed = seed
        self._site = site
        self._roof = Roof(site)
        self._fronts = Smooth(seed, "fronts", 50 * 3600)
        self._fields = Smooth(seed, "cloud fields", 7 * 3600)
        self._banks = Smooth(seed, "cloud banks", 4_000)
        self._air = Smooth(seed, "air", 40 * 3600)
        self._mains = Smooth(seed, "mains", 1_700)
        self._mains_fast = Smooth(seed, "mains fast", 47)
        self._grid = Smooth(seed, "frequency", 83)

    def cloud(self, seconds: float) -> float:
        """Return the cover, 0 (blue) to 1 (grey)."""
        cover = (
            0.45
            + 0.55 * self._fronts.at(seconds)
            + 0.30 * self._fields.at(seconds)
            + 0.15 * self._banks.at(seconds)
        )
        return max(0.0, min(1.0, cover))

    def temperature_c(self, seconds: float) -> float:
        """Return the air's temperature: season, solar time (warmest at 15) and fronts."""
        solar = seconds + self._site.longitude * 240.0
        return (
            19.0
            - 15.0 * winter(seconds - 12 * DAY_S, self._site.latitude)
            + 4.0 * cos(2.0 * pi * (solar - 15 * 3600) / DAY_S)
            + 3.5 * self._air.at(seconds)
        )

    def voltage_v(self, seconds: float) -> float:
        return 231.5 + 3.5 * self._mains.at(seconds) + 0.6 * self._mains_fast.at(seconds)

    def frequency_hz(self, seconds: float) -> float:
        return 50.0 + 0.04 * self._grid.at(seconds)

    def sunshine(self, day: int) -> Sunshine:
        """Return the PV of the UTC day that begins `day` · 86 400 s after 1970."""
        start = day * DAY_S
        clear = [self._roof.clear_sky_w(start + i * NODE_S) for i in range(_NODES + 1)]
        mean, swing = array("i", bytes(4 * 1440)), array("i", bytes(4 * 1440))
        if not any(clear):
            return Sunshine(mean, swing)
        cover = [
            self.cloud(start + i * NODE_S) if lit or clear[i - 1] else 0.0
            for i, lit in enumerate(clear)
        ]
        patches = self._patches(day)
        limit = self._site.pv_limit_w
        for node in range(_NODES):
            first, last = clear[node], clear[node + 1]
            if not first and not last:
                continue
            first *= 1.0 - 0.8 * cover[node] ** 1.5
            last *= 1.0 - 0.8 * cover[node + 1] ** 1.5
            unrest = 2.0 * (
                cover[node] * (1.0 - cover[node]) + cover[node + 1] * (1 - cover[node + 1])
            )
            slope = (last - first) / _MINUTES_PER_NODE
            minute = node * _MINUTES_PER_NODE
            shade, restless = unrest * 0.5 / 255, 0.001 + 0.008 * unrest
            for i in range(minute, minute + _MINUTES_PER_NODE):
                power = min(limit, int((first + slope * (i - minute)) * (1.0 - shade * patches[i])))
                mean[i] = power
                swing[i] = int(power * restless)
        return Sunshine(mean, swing)

    def _patches(self, day: int) -> list[float]:
        """Return how dark small clouds make each minute, 0..255, joined across midnight."""
        nodes = octets(_PATCHES, self._seed, "patches", day)
        nodes += octets(1, self._seed, "patches", day + 1)
        shades: list[float] = []
        for left, right in pairwise(nodes):
            slope = (right - left) / _PATCH_MINUTES
            shades += [left, left + slope, left + 2 * slope]
        return shades
