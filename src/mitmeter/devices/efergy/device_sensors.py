"""What an emulated hub measures: sensors described by a persona, fed by the simulated house."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from mitmeter.devices.efergy.calibration import DEFAULT_GAIN
from mitmeter.devices.efergy.messages import CurrentRow, Line, StoredRecord
from mitmeter.devices.efergy.registers import CLAMP, CLIMATE, MOST_SID, number
from mitmeter.errors import ConfigError
from mitmeter.protocol import HouseState

MOST_SENSORS = 5  # of an h3 hub [O]; the others are given no more

_FEEDS: dict[str, Callable[[HouseState], int]] = {
    "grid": lambda house: house.grid_w,
    "pv": lambda house: house.pv_w,
    "battery": lambda house: house.battery_w,
    "load": lambda house: house.load_w,
}
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Sensor:
    """One transmitter.

    feeds: whose current a clamp measures; `gain`, watts per milliamp, is what it really is there.
    rssi:  dBm as an h3 hub hears it.
    """

    sid: int
    kind: str = CLAMP
    feeds: str = "grid"
    gain: Decimal = DEFAULT_GAIN
    rssi: int = -61

    def values(self, house: HouseState) -> tuple[tuple[str, Decimal], ...]:
        """Return what it sends. A clamp gives magnitude only, whichever way the current flows."""
        if self.kind == CLIMATE:
            temperature = house.temperature_c.quantize(_CENT)
            return (("M", Decimal("64.00")), ("T", temperature), ("L", Decimal("0.00")))
        watts = abs(_FEEDS[self.feeds](house))
        return (("P1", (watts / self.gain).quantize(_CENT)),)

    def line(self, house: HouseState, *, with_rssi: bool) -> Line:
        rssi = self.rssi if with_rssi else None
        flag = "0" if self.kind == CLIMATE else "1"
        return Line(self.sid, flag, self.kind, self.values(house), rssi)

    def row(self, house: HouseState) -> CurrentRow:
        """Return an h1 hub's row: whole milliamps."""
        milliamps = self.values(house)[0][1].quantize(Decimal(1))
        return CurrentRow(self.sid, "mA", "E1", milliamps, ("0", "0", "65535"))

    def stored(self, house: HouseState, at: datetime) -> StoredRecord:
        return StoredRecord(self.sid, at, self.kind, self.values(house))


def sensors(tables: object) -> tuple[Sensor, ...]:
    """Return a persona's `[[sensor]]` tables; one clamp at the grid where there are none.

    Raises ConfigError with the key of what is wrong.
    """
    if tables is None:
        return (Sensor(700_001),)
    if not isinstance(tables, list) or not 1 <= len(tables) <= MOST_SENSORS:
        raise ConfigError("sensor", f"is no list of 1 to {MOST_SENSORS} tables")
    found = tuple(_sensor(table, f"sensor[{index}]") for index, table in enumerate(tables))
    if len({each.sid for each in found}) < len(found):
        raise ConfigError("sensor", "two sensors have the same sid")
    return found


def _sensor(table: object, key: str) -> Sensor:
    if not isinstance(table, Mapping):
        raise ConfigError(key, "is no table")
    _only(table, ("sid", "kind", "feeds", "gain", "rssi"), key)
    sid, rssi = table.get("sid"), table.get("rssi", -61)
    if type(sid) is not int or not 0 < sid <= MOST_SID:
        raise ConfigError(f"{key}.sid", f"{sid!r} is no whole number from 1 to {MOST_SID}")
    if type(rssi) is not int or not -9999 <= rssi <= 9999:
        raise ConfigError(f"{key}.rssi", f"{rssi!r} is no whole number of up to four digits")
    kind = _choice(table, "kind", (CLAMP, CLIMATE), key)
    feeds = _choice(table, "feeds", ("grid", *(each for each in _FEEDS if each != "grid")), key)
    gain = number(str(table.get("gain", DEFAULT_GAIN)))
    if gain is None or gain <= 0:
        raise ConfigError(f"{key}.gain", f"{table.get('gain')!r} is no number above 0")
    return Sensor(sid, kind, feeds, gain, rssi)


def _choice(table: Mapping[str, Any], name: str, words: tuple[str, ...], key: str) -> str:
    given = table.get(name, words[0])
    if given not in words:
        raise ConfigError(f"{key}.{name}", f"{given!r} is none of {', '.join(words)}")
    return str(given)


def _only(table: Mapping[str, Any], names: Iterable[str], key: str) -> None:
    known = tuple(names)
    for name in table:
        if name not in known:
            raise ConfigError(f"{key}.{name}", f"is not known; there is {', '.join(known)}")
