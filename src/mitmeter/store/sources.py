"""Which device speaks for which quantity, and when.

A counter comes before a power, and at the grid connection a display of the supply meter before a
battery that measures there too; else the name decides. Who is heard only before or after, by more
than a day, speaks for that time: so a device and its successor are one line.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mitmeter.model import CATALOGUE, DeviceId, Kind
from mitmeter.store.counter import Counter
from mitmeter.store.measure import Measured
from mitmeter.store.overview import Series
from mitmeter.store.power import Power
from mitmeter.store.rolled import open_series
from mitmeter.store.summary import DAY
from mitmeter.store.value import micros

SITE = (
    "grid.import",
    "grid.export",
    "pv.energy",
    "battery.charged",
    "battery.discharged",
    "gas.volume",
    "gas.energy",
)
"""The quantities of a site as a whole."""

_FROM_POWER = {
    "grid.import": ("grid.power", False),
    "grid.export": ("grid.power", True),
    "pv.energy": ("pv.power", False),
    "battery.charged": ("battery.power", True),
    "battery.discharged": ("battery.power", False),
}
_WATTS, _ESTIMATED = ".watts", ".energy.estimated"
_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Source:
    """A series that a quantity can be taken from. power: it is integrated; below: where negative.

    first, latest: when it was heard, µs.
    """

    device: DeviceId
    quantity: str
    series: str
    first: int
    latest: int
    power: bool = False
    below: bool = False

    def measure(
        self, db: sqlite3.Connection, borders: Sequence[int], now: int, digits: int | None
    ) -> Measured:
        """Return the energies between the borders."""
        series = open_series(db, self.device, self.series)
        if series is None:
            return Measured()
        if self.power:
            return Power(series, below=self.below).measure(borders, now)
        return Counter(series, digits).measure(borders, now)


@dataclass(frozen=True, slots=True)
class Turn:
    """A time (µs) and who speaks in it."""

    since: int
    until: int
    source: Source


class Sources:
    """The sources there are in a store.

    series: all of it, or of one device.
    chosen: quantity → the device that is to speak for it.
    """

    def __init__(
        self, series: Sequence[Series], chosen: Mapping[str, DeviceId] | None = None
    ) -> None:
        self._series = {(each.device, each.quantity.name): each for each in series}
        self._devices = sorted({each.device for each in series})
        self._chosen = chosen or {}

    def quantities(self, *, whole: bool) -> list[str]:
        """Return the quantities there are: of the whole site, or all of a device."""
        names = [name for name in SITE if self._of(name)]
        if whole:
            return names
        for _, name in sorted(self._series):
            energy = name.removesuffix(_WATTS) + _ESTIMATED if name.endswith(_WATTS) else name
            known = CATALOGUE.get(energy)
            if energy.endswith(_ESTIMATED) or (known is not None and known.kind is Kind.COUNTER):
                names.append(energy)
        return list(dict.fromkeys(names))

    def turns(self, quantity: str) -> list[Turn]:
        """Return who speaks for a quantity, in order of time and without an end."""
        ranked = self._of(quantity)
        if not ranked:
            return []
        turns = [Turn(ranked[0].first, ranked[0].latest, ranked[0])]
        for each in ranked[1:]:
            if each.first < turns[0].since - DAY:
                turns.insert(0, Turn(each.first, turns[0].since, each))
            if each.latest > turns[-1].until + DAY:
                turns.append(Turn(turns[-1].until, each.latest, each))
        turns[0] = Turn(-_EVER, turns[0].until, turns[0].source)
        turns[-1] = Turn(turns[-1].since, _EVER, turns[-1].source)
        return turns

    def _of(self, quantity: str) -> list[Source]:
        wanted = self._chosen.get(quantity)
        found = [
            source
            for device in self._devices
            if wanted is None or device == wanted
            for source in self._at(device, quantity)
        ]
        return sorted(found, key=self._rank)

    def _rank(self, source: Source) -> tuple[bool, bool, DeviceId]:
        more = source.quantity.startswith("grid.") and self._generates(source.device)
        return source.power, more, source.device

    def _generates(self, device: DeviceId) -> bool:
        return any(
            each == device and name.startswith(("battery.", "pv.")) for each, name in self._series
        )

    def _at(self, device: DeviceId, quantity: str) -> Iterator[Source]:
        """Yield what a device has of a quantity: its counter, or else a power."""
        power, below = _FROM_POWER.get(quantity, ("", False))
        if quantity.endswith(_ESTIMATED):
            power = quantity.removesuffix(_ESTIMATED) + _WATTS
        counter = self._series.get((device, quantity))
        line = self._series.get((device, power))
        # The counter integrated from a power leaves out what a device told later; the power not.
        if counter is not None and not (quantity.endswith(_ESTIMATED) and line is not None):
            yield Source(device, quantity, quantity, *_span(counter))
        elif line is not None:
            yield Source(device, quantity, power, *_span(line), power=True, below=below)


def _span(series: Series) -> tuple[int, int]:
    return micros(series.first_at), micros(series.latest_at)
