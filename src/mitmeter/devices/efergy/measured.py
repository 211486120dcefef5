"""Sensors' values → readings: names, the gain, and which sensor is the mains.

`vendor.efergy.<SID>.milliamps` is what the hub said, unchanged; `.watts` beside it is made with
the gain. The mains sensor also gives `grid.power`, `grid.current.l1` and `radio.rssi` of the hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from mitmeter.devices.efergy.calibration import Calibration
from mitmeter.devices.efergy.identity import lone_sensor
from mitmeter.devices.efergy.messages import Line
from mitmeter.devices.efergy.registers import CLAMP, CLIMATE_NAMES
from mitmeter.model import DeviceId, Reading

# One hub takes five sensors. A front may bring several hubs through one conversation; who names
# ever new sensors is not followed any further.
MOST_SENSORS = 256

_THOUSAND = Decimal(1000)
_PORT = "P1"


@dataclass(frozen=True, slots=True)
class Moment:
    """Whose values they are, and when; hub is None for a hub without a name."""

    hub: DeviceId | None
    at: datetime
    reported: datetime | None
    live: bool

    def reading(self, device: DeviceId, quantity: str, value: Decimal) -> Reading:
        return Reading(device, quantity, value, self.at, self.reported, self.live)


@dataclass(frozen=True, slots=True)
class _Names:
    milliamps: str
    watts: str
    flag: str
    rssi: str


class Sensors:
    """The sensors of one conversation, by hub."""

    __slots__ = ("_calibration", "_clamps", "_seen")

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._clamps: dict[DeviceId | None, set[int]] = {}
        self._seen: set[int] = set()

    def meet(self, hub: DeviceId | None, sids: Iterable[int], *, clamps: bool) -> bool:
        """Take note of these; return whether all of them are followed."""
        known = self._clamps.setdefault(hub, set()) if clamps else None
        followed = True
        for sid in sids:
            if sid not in self._seen:
                if len(self._seen) >= MOST_SENSORS:
                    followed = False
                    continue
                self._seen.add(sid)
            if known is not None:
                known.add(sid)
        return followed

    def values(
        self, moment: Moment, sid: int, kind: str, values: Sequence[tuple[str, Decimal]]
    ) -> list[Reading]:
        """Return the readings of one sensor's values, by their names on the wire."""
        if sid not in self._seen:
            return []
        device = moment.hub or lone_sensor(sid)
        if kind != CLAMP:
            return [
                moment.reading(device, climate_name(sid, name), value) for name, value in values
            ]
        found: list[Reading] = []
        for name, milliamps in values:
            names = _clamp_names(sid, name)
            watts = milliamps * self._calibration.gain_of(sid)
            found.append(moment.reading(device, names.milliamps, milliamps))
            found.append(moment.reading(device, names.watts, watts))
            if name == _PORT and self._mains(moment.hub) == sid:
                found.append(moment.reading(device, "grid.power", watts))
                found.append(moment.reading(device, "grid.current.l1", milliamps / _THOUSAND))
        return found

    def signal(self, moment: Moment, line: Line) -> list[Reading]:
        """Return what a line tells beside its values: the flag, and the reception.

        A positive RSSI occurs and is no dBm [O]; it gives no reading.
        """
        if line.sid not in self._seen:
            return []
        device = moment.hub or lone_sensor(line.sid)
        names = _clamp_names(line.sid, _PORT)
        found: list[Reading] = []
        if line.flag in ("0", "1"):
            found.append(moment.reading(device, names.flag, Decimal(line.flag)))
        if line.rssi is not None and line.rssi < 0:
            rssi = Decimal(line.rssi)
            found.append(moment.reading(device, names.rssi, rssi))
            if line.kind == CLAMP and self._mains(moment.hub) == line.sid:
                found.append(moment.reading(device, "radio.rssi", rssi))
        return found

    def _mains(self, hub: DeviceId | None) -> int | None:
        """Return the sensor at the grid connection: the one named, else the only clamp so far."""
        named = self._calibration.mains
        if named is not None:
            return named
        clamps = self._clamps.get(hub, ())
        return next(iter(clamps)) if len(clamps) == 1 else None


@lru_cache(maxsize=1024)
def _clamp_names(sid: int, port: str) -> _Names:
    """Return the quantities of a clamp's port; P1 is the only one ever seen [O]."""
    sensor = f"vendor.efergy.{sid}"
    ported = sensor if port == _PORT else f"{sensor}.{port.lower()}"
    return _Names(f"{ported}.milliamps", f"{ported}.watts", f"{sensor}.flag", f"{sensor}.rssi")


@lru_cache(maxsize=1024)
def climate_name(sid: int, name: str) -> str:
    """Return the quantity of an EFMS sensor's value: `vendor.efergy.700003.temperature`."""
    return f"vendor.efergy.{sid}.{CLIMATE_NAMES.get(name, name.lower())}"
