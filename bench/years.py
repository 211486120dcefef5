"""Years of a house put into a store, the way batches come in live: readings, series, roll-ups.

Two devices with eight series each: a battery that measures powers and counters, and a display with
the electricity and gas meters. A reading of each every `coarse` seconds, and every ten seconds in
the last days, which is what the shortest views draw. The sun shines by day and the battery follows
it, so that lines and bars are those of a house.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from bench.frames import serial
from mitmeter.model import DeviceId, Reading
from mitmeter.store import Batch, Clock, Moment, Store

BATTERY = DeviceId("alphaess", serial(0))
DISPLAY = DeviceId("glow", "02005E302010")
SERIES = 16
_FINE = 10
_MOMENTS = 2_000
_HOUR = 3_600


@dataclass(slots=True)
class _Counters:
    """Wh so far."""

    imported: int = 0
    exported: int = 0
    pv: int = 0
    charged: int = 0
    discharged: int = 0
    gas: int = 0


def fill(path: Path, end: datetime, years: float, coarse: int, fine_days: int) -> int:
    """Make a store with so many years up to `end` in it; return how many readings that is."""
    total = 0
    with Store.open(path) as store:
        moments: list[Moment] = []
        for each in _moments(end, years, coarse, fine_days):
            moments.append(each)
            if len(moments) >= _MOMENTS:
                total += store.apply(Batch("", moments=moments)).new
                moments = []
                if store.log_is_long():
                    store.checkpoint()
        total += store.apply(Batch("", moments=moments)).new
        while store.settle(1_000):
            pass
        store.checkpoint()
    return total


def _moments(end: datetime, years: float, coarse: int, fine_days: int) -> Iterator[Moment]:
    counters = _Counters()
    fine = end - timedelta(days=fine_days)
    at = end - timedelta(days=365 * years)
    number = 0
    while at < end:
        step = coarse if at < fine else _FINE
        yield from _house(at, step, number, counters)
        at += timedelta(seconds=step)
        number += 1


def _house(at: datetime, step: int, number: int, so_far: _Counters) -> Iterator[Moment]:
    second = at.hour * _HOUR + at.minute * 60 + at.second
    sun = max(0.0, math.sin((second - 6 * _HOUR) / (12 * _HOUR) * math.pi))
    pv = int(sun * (3_000 + number * 37 % 900))
    load = 300 + number * 7919 % 1_400
    spare = pv - load
    battery = -min(spare, 1_500) if spare > 0 else min(-spare, 800 if second > 17 * _HOUR else 0)
    grid = load - pv - battery
    for name, watts in (
        ("imported", grid),
        ("exported", -grid),
        ("pv", pv),
        ("charged", -battery),
        ("discharged", battery),
        ("gas", 600),
    ):
        setattr(so_far, name, getattr(so_far, name) + max(0, watts) * step)
    yield _moment(
        BATTERY,
        at,
        {
            "grid.power": Decimal(grid),
            "pv.power": Decimal(pv),
            "house.power": Decimal(load),
            "battery.power": Decimal(battery),
            "battery.soc": Decimal(400 + second // 180).scaleb(-1),
            "pv.energy": _kwh(so_far.pv),
            "battery.charged": _kwh(so_far.charged),
            "battery.discharged": _kwh(so_far.discharged),
        },
    )
    yield _moment(
        DISPLAY,
        at + timedelta(seconds=1),
        {
            "grid.import": _kwh(so_far.imported),
            "grid.export": _kwh(so_far.exported),
            "gas.energy": _kwh(so_far.gas),
            "gas.volume": _kwh(so_far.gas // 11),
            "price.import": Decimal("0.0790") if second < 5 * _HOUR else Decimal("0.2628"),
            "price.standing": Decimal("0.4762"),
            "radio.rssi": Decimal(-60 - number % 7),
            "radio.lqi": Decimal(140 - number % 9),
        },
    )


def _kwh(watt_seconds: int) -> Decimal:
    return Decimal(watt_seconds // _HOUR).scaleb(-3)


def _moment(device: DeviceId, at: datetime, values: dict[str, Decimal]) -> Moment:
    readings = [Reading(device, name, value, at) for name, value in values.items()]
    return Moment(readings, at, Clock.RECEIVED)
