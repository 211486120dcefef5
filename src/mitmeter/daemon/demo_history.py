"""The year before the demo: what each of its devices would have reported every half hour, and in
its last two days every minute.

Counters as the device shows them, powers as their mean over the time since the report before:
whole, rounded down where the device cuts off, in the decimals it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal

from mitmeter.protocol import HouseEnergy, HouseState
from mitmeter.simulate import House, Integrals

STEP = timedelta(minutes=30)
# So that the last hours do not look like an outage beside what is reported live.
FINE_STEP = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """The house over some time: what flowed in it, and how it stands at its end."""

    flowed: Integrals
    energy: HouseEnergy
    state: HouseState
    lasted: timedelta

    def mean_w(self, *watt_microseconds: int) -> str:
        return str(round(sum(watt_microseconds) / (self.lasted // timedelta(microseconds=1))))


@dataclass(frozen=True, slots=True)
class Cell:
    """What a device says of one quantity, and every how many minutes it does."""

    read: Callable[[Span], str]
    minutes: int = 1

    def __call__(self, span: Span) -> str:
        return self.read(span)


def _counter(
    read: Callable[[HouseEnergy], Decimal], decimals: int, begin: str = "0", minutes: int = 1
) -> Cell:
    """Return a register that had `begin` on it when the house began, and shows what is complete."""
    quantum, start = Decimal(1).scaleb(-decimals), Decimal(begin)
    return Cell(
        lambda span: str((start + read(span.energy)).quantize(quantum, ROUND_DOWN)), minutes
    )


def _grid_w(span: Span) -> str:
    return span.mean_w(span.flowed.imported, -span.flowed.exported)


def _clamp_w(span: Span) -> str:
    """Return what a clamp without direction makes of it."""
    return span.mean_w(span.flowed.imported, span.flowed.exported)


def _soc(span: Span) -> str:
    """Return the state of charge in the steps of 0.4 % that the battery knows."""
    steps = int(span.state.soc_percent * 250) // 100
    return str(Decimal(steps * 4).scaleb(-1))


BATTERY: dict[str, Cell] = {
    "grid.power": Cell(_grid_w),
    "pv.power": Cell(lambda span: span.mean_w(span.flowed.pv)),
    "battery.power": Cell(lambda span: span.mean_w(span.flowed.discharged, -span.flowed.charged)),
    "house.power": Cell(lambda span: span.mean_w(span.flowed.load)),
    "battery.soc": Cell(_soc),
    "grid.import": _counter(lambda energy: energy.imported, 2, minutes=5),
    "grid.export": _counter(lambda energy: energy.exported, 2, minutes=5),
    "pv.energy": _counter(lambda energy: energy.pv, 1, minutes=5),
    "battery.charged": _counter(lambda energy: energy.charged, 1, minutes=5),
    "battery.discharged": _counter(lambda energy: energy.discharged, 1, minutes=5),
}
DISPLAY: dict[str, Cell] = {
    "grid.power": Cell(_grid_w),
    "grid.import": _counter(lambda energy: energy.imported, 3, "4200.000"),
    "grid.export": _counter(lambda energy: energy.exported, 3),
    "gas.volume": _counter(lambda energy: energy.gas_volume, 3, "987.654", minutes=30),
    "price.import": Cell(lambda span: str(span.state.price_import)),
    "price.standing": Cell(lambda span: str(span.state.price_standing)),
}
PRICES = frozenset({"price.import", "price.standing"})
HUB: dict[str, Cell] = {"grid.power": Cell(_clamp_w)}
METER: dict[str, Cell] = {
    "grid.power": Cell(_grid_w),
    "grid.import": _counter(lambda energy: energy.imported, 4, "7183.2712"),
    "grid.export": _counter(lambda energy: energy.exported, 4),
}


def spans(house: House, since: datetime, until: datetime) -> Iterator[tuple[datetime, Span]]:
    """Yield each instant of a report between two instants, and what happened since the one before.

    Half hours up to the midnight (UTC) before the last, minutes from there on.
    """
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    fine = midnight - timedelta(days=1)
    first = STEP if since < fine else FINE_STEP
    at = _EPOCH + -((_EPOCH - since) // first) * first
    before = house.integrals(at)
    while True:
        step = STEP if at < fine else FINE_STEP
        at += step
        if at > until:
            return
        now = house.integrals(at)
        yield at, Span(_between(before, now), house.energy(at), house.state(at), step)
        before = now


def _between(before: Integrals, after: Integrals) -> Integrals:
    return Integrals(
        imported=after.imported - before.imported,
        exported=after.exported - before.exported,
        pv=after.pv - before.pv,
        charged=after.charged - before.charged,
        discharged=after.discharged - before.discharged,
        load=after.load - before.load,
        charged_from_grid=after.charged_from_grid - before.charged_from_grid,
        imported_low=after.imported_low - before.imported_low,
        gas=after.gas - before.gas,
    )


def tables(
    house: House,
    since: datetime,
    until: datetime,
    devices: Sequence[Mapping[str, Cell]],
    going: Callable[[], bool] = lambda: True,
) -> list[list[bytes]]:
    """Return the lines of each device's CSV, header first: `at`, then a column to a quantity.

    going: whether they are still wanted; asked once for every row.
    """
    said: list[dict[str, str]] = [{} for _ in devices]
    found = [[f"at,{','.join(cells)}\n".encode()] for cells in devices]
    for at, span in spans(house, since, until):
        if not going():
            break
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        for lines, cells, told in zip(found, devices, said, strict=True):
            row = [stamp]
            for name, cell in cells.items():
                if at.minute % cell.minutes:
                    row.append("")
                    continue
                value = cell(span)
                # A price is told when it changes, and once a day.
                again = name in PRICES and told.get(name) == value
                told[name] = value
                row.append("" if again and at.time() != time.min else value)
            lines.append(f"{','.join(row)}\n".encode())
    return found
