"""Register values → readings and facts, without remembering anything.

One quantity has one source: a register the catalogue has a name for gives that quantity, all others
`vendor.kamstrup.<slug>`. Powers come in pairs, import and export: the catalogue's power is their
difference, and both also stay vendor values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal

from mitmeter.devices.kamstrup import units
from mitmeter.devices.kamstrup.registers import Register, Role, register
from mitmeter.devices.kamstrup.values import Moment, Opaque, Value, shown
from mitmeter.model import CATALOGUE, DeviceId, Fact, Reading

_EXACT = Context(prec=200)

CLOCK, DATE, DATE_TIME = 1002, 1003, 348
# Zones are up to 14 hours from UTC; what is off by more than a day is no clock to go by.
_BELIEVED = timedelta(hours=26)

_VENDOR = "vendor.kamstrup."
# Heat in J and GJ has no exact kWh: a millionth of one is kept.
_MICRO = Decimal("0.000001")
_MJ_PER_KWH = Decimal("3.6")


@dataclass(frozen=True, slots=True)
class Pair:
    """A quantity that two registers make: what is taken minus what is given."""

    quantity: str
    taken: int
    given: int


IMPORT, EXPORT = 1023, 1024
PAIRS: tuple[Pair, ...] = (
    Pair("grid.power", IMPORT, EXPORT),
    Pair("grid.power.l1", 1080, 1344),
    Pair("grid.power.l2", 1081, 1345),
    Pair("grid.power.l3", 1082, 1346),
    Pair("grid.reactive.power", 1025, 1026),
)

# Which registers the four energies come from, by the option `resolution`.
FINE: Mapping[int, str] = {
    13: "grid.import",
    14: "grid.export",
    15: "grid.reactive.import",
    16: "grid.reactive.export",
}
COARSE: Mapping[int, str] = {
    1: "grid.import",
    2: "grid.export",
    3: "grid.reactive.import",
    4: "grid.reactive.export",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One register of a reply: unit code and value."""

    unit: int
    value: Value


Values = Mapping[int, Taken]


def meter_time(values: Values, received: datetime) -> datetime | None:
    """Return the meter's own local time where a reply tells it and it can be believed.

    Clock and date together, or unit 79, tell local time; the RTC does not: whether it keeps summer
    time is not settled [I].
    """
    told = told_time(values)
    if told is None or abs(told - received.replace(tzinfo=None)) > _BELIEVED:
        return None
    return told


def told_time(values: Values) -> datetime | None:
    """Return the local time a reply tells, right or wrong."""
    clock, day, both = (values.get(id) for id in (CLOCK, DATE, DATE_TIME))
    clock_time, day_date = clock and clock.value, day and day.value
    if isinstance(clock_time, time) and isinstance(day_date, date):
        return datetime.combine(day_date, clock_time)
    if both is not None and isinstance(both.value, Moment):
        return both.value.at if both.unit == units.DST_DATE_TIME else None
    return None


@dataclass(frozen=True, slots=True)
class Measurer:
    """Makes readings of one reply's values.

    energies: FINE or COARSE.
    """

    device: DeviceId
    received: datetime
    reported: datetime | None
    energies: Mapping[int, str]

    def readings(self, values: Values, nothing: Collection[int]) -> Iterator[Reading]:
        """Yield the readings; `nothing` are powers that are known to be 0 without being told."""
        for id, taken in values.items():
            if isinstance(taken.value, Decimal) and _role(id) is Role.MEASURE:
                yield self._single(id, taken.unit, taken.value)
        for pair in PAIRS:
            power = _difference(pair, values, nothing)
            if power is not None:
                yield self._reading(pair.quantity, power)

    def _single(self, id: int, code: int, value: Decimal) -> Reading:
        known = register(id)
        unit = units.unit(code)
        usual = _EXACT.multiply(value, unit.factor)
        if known is None:
            return self._reading(f"{_VENDOR}register_{id}{_suffix(unit)}", usual)
        name = self._quantity(known)
        if name:
            wanted = CATALOGUE[name].unit
            if unit.usual == wanted:
                return self._reading(name, usual)
            if wanted == "kWh" and unit.usual == "MJ":
                heat = _EXACT.divide(usual, _MJ_PER_KWH)
                return self._reading(name, heat.quantize(_MICRO, context=_EXACT))
        return self._reading(_VENDOR + known.slug, usual)

    def _quantity(self, known: Register) -> str:
        found = self.energies.get(known.id)
        if found is not None:
            return found
        return "" if known.id in FINE else known.quantity

    def _reading(self, quantity: str, value: Decimal) -> Reading:
        return Reading(self.device, quantity, value, self.received, self.reported)


def _role(id: int) -> Role:
    known = register(id)
    return Role.MEASURE if known is None else known.role


def _suffix(unit: units.Unit) -> str:
    """Return the unit as the last part of the name of a value nobody has described."""
    if unit.code in (0, 51):
        return ""
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in unit.usual).strip("_")
    return f".{plain or 'unit'}"


def _difference(pair: Pair, values: Values, nothing: Collection[int]) -> Decimal | None:
    """Return taken minus given; one alone counts if it is not 0, or the other is known to be.

    0 import alone would also be what a house that exports says.
    """
    taken, given = _power(pair.taken, values), _power(pair.given, values)
    if taken is not None and given is not None:
        return _EXACT.subtract(taken, given)
    if taken is not None and (taken or pair.given in nothing):
        return taken
    if given is not None and (given or pair.taken in nothing):
        return _EXACT.minus(given)
    return None


def exports(values: Values) -> bool | None:
    """Return whether the house gives power to the grid, None where the reply does not tell."""
    given = _power(EXPORT, values)
    return None if given is None else given > 0


def _power(id: int, values: Values) -> Decimal | None:
    taken = values.get(id)
    if taken is None or not isinstance(taken.value, Decimal):
        return None
    unit = units.unit(taken.unit)
    if unit.usual not in ("W", "var"):
        return None
    return _EXACT.multiply(taken.value, unit.factor)


def facts(device: DeviceId, values: Values) -> Iterator[Fact]:
    """Yield what a reply's values tell that is no measurement."""
    for id, taken in values.items():
        known = register(id)
        role = Role.MEASURE if known is None else known.role
        if role in (Role.TIME, Role.HIDDEN) or _measured(role, taken):
            continue
        if isinstance(taken.value, Opaque):
            continue
        name = f"register_{id}" if known is None else known.slug
        text = f"{shown(taken.value)} {units.symbol(taken.unit)}".rstrip()
        private = role in (Role.PRIVATE, Role.UNREAD)
        yield Fact(device, name, text[:200], private)


def _measured(role: Role, taken: Taken) -> bool:
    return role is Role.MEASURE and isinstance(taken.value, Decimal)
