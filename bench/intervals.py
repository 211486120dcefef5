"""Years in the store: how fast intervals, costs and lines of any span come out of it.

MITMETER_BENCH_YEARS (0.25 unless given) of 16 series are brought in like a device would tell them:
one reading a minute, and every 10 s in the last fortnight, where readings and not roll-ups answer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path

from bench.day import ZONE
from bench.places import folder
from bench.report import Report
from mitmeter.model import DeviceId, Reading
from mitmeter.store import Batch, Clock, Moment, Store
from mitmeter.store.history import history
from mitmeter.store.intervals import Every, intervals, today
from mitmeter.store.tariff import Rate, Tariff

_YEARS = float(os.environ.get("MITMETER_BENCH_YEARS", "0.25"))
_END = datetime(2026, 6, 1, tzinfo=UTC)
_FORTNIGHT = timedelta(days=14)
_AIM = 150.0
_BETWEEN = "Rows of roll-ups become Python objects one by one; nothing is kept between two views."

_DISPLAY = DeviceId("glow", "02005E302010")
_BATTERY = DeviceId("alphaess", "AL9900000000007")
_CLAMP = DeviceId("efergy", "02005E302011")
_TARIFF = Tariff(
    "day-night",
    "GBP",
    rates=(Rate(Decimal("0.079"), time_of_day(0, 30), time_of_day(5)), Rate(Decimal("0.2628"))),
    export_rates=(Rate(Decimal("0.15")),),
    standing=Decimal("0.2962"),
)
_COUNTERS = ("grid.export", "pv.energy", "battery.charged", "battery.discharged")
_GAUGES = ("pv.power", "house.power", "battery.soc", "battery.voltage", "inverter.temperature")


def run(report: Report) -> None:
    report.part(f"Intervals and history: {_YEARS:g} years of 16 series")
    with folder() as place:
        path = Path(place) / "store.db"
        began = time.perf_counter()
        total = _fill(path)
        report.say("brought in", f"{total / (time.perf_counter() - began):9,.0f} readings/s")
        report.say("size of the store", f"{path.stat().st_size / 1e6:9,.0f} MB")
        with Store.open(path, read_only=True) as store:
            for what, view in _views(store):
                cold, warm = _milliseconds(view, 1), _milliseconds(view, 5)
                report.aim(
                    what,
                    warm,
                    _AIM,
                    "ms",
                    more=False,
                    between=_BETWEEN,
                    shown=f"{cold:7.1f} ms, again {warm:7.1f} ms",
                )


def _views(store: Store) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what each screen asks for."""
    now = _END - timedelta(seconds=5)
    for what, every, days in (
        ("a day, each half hour, with costs", Every.HALF_HOUR, 1),
        ("a week, each hour, with costs", Every.HOUR, 7),
        ("a month, each day, with costs", Every.DAY, 30),
        ("a year, each day, with costs", Every.DAY, 365),
        ("a year, each month, with costs", Every.MONTH, 365),
        (f"{_YEARS:g} years, each month, with costs", Every.MONTH, int(_YEARS * 365)),
    ):
        since = now - timedelta(days=days)
        yield (
            what,
            lambda every=every, since=since: intervals(  # type: ignore[misc] # bound in the loop
                store, ZONE, every, since, now, tariffs=(_TARIFF,), now=now
            ),
        )
    yield "today, with costs", lambda: today(store, ZONE, tariffs=(_TARIFF,), now=now)
    for what, days in (("a day", 1), ("a week", 7), ("a year", 365)):
        since = now - timedelta(days=days)
        yield (
            f"four lines of {what}, 600 points each",
            lambda since=since: [  # type: ignore[misc] # bound in the loop
                history(store, _BATTERY, name, since, now, 600) for name in _GAUGES[:4]
            ],
        )


def _milliseconds(view: Callable[[], object], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        view()
        best = min(best, time.perf_counter() - began)
    return best * 1000


def _fill(path: Path) -> int:
    """Bring the years in; return how many readings that was."""
    total = number = 0
    with Store.open(path) as store:
        moments: list[Moment] = []
        for at in _instants():
            moments += _told(at, number)
            number += 1
            if len(moments) >= 3000:
                total += store.apply(Batch(str(number), moments=moments)).new
                moments = []
                if store.log_is_long():
                    store.checkpoint()
        total += store.apply(Batch("end", moments=moments)).new
    return total


def _instants() -> Iterator[datetime]:
    at = _END - timedelta(days=365 * _YEARS)
    while at < _END:
        yield at
        at += timedelta(seconds=10 if _END - at <= _FORTNIGHT else 60)


def _told(at: datetime, number: int) -> Iterator[Moment]:
    watts = Decimal(number * 37 % 3001)
    counter = Decimal(number)
    yield _moment(
        _DISPLAY,
        at,
        {
            "grid.import": counter.scaleb(-2),
            "gas.energy": counter.scaleb(-3),
            "grid.power": watts,
            "radio.rssi": Decimal(-60 - number % 7),
        },
    )
    battery = {name: counter.scaleb(-1) for name in _COUNTERS}
    battery |= {name: watts + place for place, name in enumerate(_GAUGES)}
    yield _moment(_BATTERY, at, battery)
    yield _moment(_CLAMP, at, {"vendor.efergy.700001.watts": watts})
    if number % 60 == 0:
        price = Decimal("0.079") if at.hour < 5 else Decimal("0.2628")
        yield _moment(_DISPLAY, at + timedelta(seconds=2), {"price.import": price})


def _moment(device: DeviceId, at: datetime, values: dict[str, Decimal]) -> Moment:
    return Moment(
        [Reading(device, name, value, at) for name, value in values.items()], at, Clock.RECEIVED
    )
