"""What a register can follow: named sources over one moment of the emulated meter.

A source gives the register's bytes from the moment, the start value and its unit and exponent.
There is no expression to evaluate: a persona names a source or it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mitmeter.devices.kamstrup.meter_clock import clock_number, date_number, rtc_bytes

if TYPE_CHECKING:
    from mitmeter.devices.kamstrup.meter import Moment
    from mitmeter.devices.kamstrup.persona import Register

# Watt-microseconds in a watt-hour; watt-hours, watts, volts and amperes per unit, as powers of ten.
_WH = 3_600_000_000
_ENERGY = {1: 0, 2: 3, 3: 6, 4: 9}
_POWER = {21: 0, 22: 3, 23: 6, 24: 9}
_VOLTAGE = {33: 0, 35: 3}
_CURRENT = {34: 0, 36: 3}
_TEMPERATURE = {38: 0}
_HOURS = {46: 0}
_FREQUENCY = {67: 0}


@dataclass(frozen=True, slots=True)
class Source:
    """units: those it can be told in, by code. tell: tell(moment, register) gives the bytes."""

    units: frozenset[int]
    tell: Callable[[Moment, Register], bytes]


def _counter(of: Callable[[Moment], int], *, per: int, units: Mapping[int, int]) -> Source:
    """A start value and what has been counted since, in `per` small units a unit of ten to 0."""

    def tell(moment: Moment, register: Register) -> bytes:
        power = units[register.unit] + exponent(register.sigexp)
        grown = _scaled(of(moment), per, power)
        return _fitted(int.from_bytes(register.raw, "big") + grown, register.length)

    return Source(frozenset(units), tell)


def _gauge(of: Callable[[Moment], int], *, per: int, units: Mapping[int, int]) -> Source:
    """What is now, in `per` parts a unit; never below 0, which is another register."""

    def tell(moment: Moment, register: Register) -> bytes:
        power = units[register.unit] + exponent(register.sigexp)
        return _fitted(_scaled(max(0, of(moment)), per, power, half=True), register.length)

    return Source(frozenset(units), tell)


def _number(of: Callable[[Moment], int], unit: int) -> Source:
    return Source(frozenset((unit,)), lambda moment, register: _fitted(of(moment), register.length))


def exponent(sigexp: int) -> int:
    """Return the power of ten of a SigExp byte."""
    size = sigexp & 0x3F
    return -size if sigexp & 0x40 else size


def rescaled(mantissa: int, shown: Register, other: Register) -> bytes:
    """Return a mantissa of `other` as `shown` shows it, rounded down."""
    return _fitted(
        _scaled(mantissa, 1, exponent(shown.sigexp) - exponent(other.sigexp)), shown.length
    )


def _scaled(value: int, per: int, power: int, *, half: bool = False) -> int:
    """Return value / per / 10**power, rounded down, or to the nearest where `half`."""
    over, below = value, per
    scale: int = 10 ** abs(power)
    if power < 0:
        over *= scale
    else:
        below *= scale
    return (2 * over + below) // (2 * below) if half else over // below


def _fitted(value: int, length: int) -> bytes:
    """Return the mantissa; a counter that is full begins again."""
    room: int = 256**length
    return (value % room).to_bytes(length, "big")


def _rtc(moment: Moment, register: Register) -> bytes:
    return rtc_bytes(moment.time)[: register.length].ljust(register.length, b"\x00")


SOURCES: dict[str, Source] = {
    "import": _counter(lambda moment: moment.imported, per=_WH, units=_ENERGY),
    "export": _counter(lambda moment: moment.exported, per=_WH, units=_ENERGY),
    "import_and_export": _counter(
        lambda moment: moment.imported + moment.exported, per=_WH, units=_ENERGY
    ),
    "hours": _counter(lambda moment: moment.seconds, per=3600, units=_HOURS),
    "power_import": _gauge(lambda moment: moment.power_w, per=1, units=_POWER),
    "power_export": _gauge(lambda moment: -moment.power_w, per=1, units=_POWER),
    "power_l1": _gauge(lambda moment: moment.phases[0].power_w, per=1, units=_POWER),
    "power_l2": _gauge(lambda moment: moment.phases[1].power_w, per=1, units=_POWER),
    "power_l3": _gauge(lambda moment: moment.phases[2].power_w, per=1, units=_POWER),
    "export_l1": _gauge(lambda moment: -moment.phases[0].power_w, per=1, units=_POWER),
    "export_l2": _gauge(lambda moment: -moment.phases[1].power_w, per=1, units=_POWER),
    "export_l3": _gauge(lambda moment: -moment.phases[2].power_w, per=1, units=_POWER),
    "voltage_l1": _gauge(lambda moment: moment.phases[0].decivolts, per=10, units=_VOLTAGE),
    "voltage_l2": _gauge(lambda moment: moment.phases[1].decivolts, per=10, units=_VOLTAGE),
    "voltage_l3": _gauge(lambda moment: moment.phases[2].decivolts, per=10, units=_VOLTAGE),
    "current_l1": _gauge(lambda moment: moment.phases[0].centiamps, per=100, units=_CURRENT),
    "current_l2": _gauge(lambda moment: moment.phases[1].centiamps, per=100, units=_CURRENT),
    "current_l3": _gauge(lambda moment: moment.phases[2].centiamps, per=100, units=_CURRENT),
    "temperature": _gauge(lambda moment: moment.decikelvin, per=10, units=_TEMPERATURE),
    "frequency": _gauge(lambda moment: moment.centihertz, per=100, units=_FREQUENCY),
    "clock": _number(lambda moment: clock_number(moment.time), 47),
    "date": _number(lambda moment: date_number(moment.time), 48),
    "rtc": Source(frozenset((53,)), _rtc),
    "relay": _number(lambda moment: moment.relay_state, 51),
}
