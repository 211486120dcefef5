"""What a meter's registers show: start value and the house's exact integral, never less, as whole
numbers of the register's last digit.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from mitmeter.devices.smgw.emulated.persona import Meter, Register
from mitmeter.protocol import House, HouseEnergy, HouseState

_EXACT = Context(prec=40)
_ENERGY_UNITS = (30, 13)
UNIT_TEXTS = {30: "kWh", 27: "W", 33: "A", 35: "V", 44: "Hz", 13: "m³"}
# Which of the three phases a register is of, by its OBIS value group C.
_PHASE = {36: 1, 56: 2, 76: 3, 31: 1, 51: 2, 71: 3, 32: 1, 52: 2, 72: 3}


def raw_value(meter: Meter, register: Register, house: House, at: datetime) -> str:
    """Return the raw number as text: the physical value is it × 10^scaler of the register's unit.

    Energies are cut off, as counters do it; all else is rounded.
    """
    if register.value:
        return register.value
    if is_counter(register):
        counted = register.start + _counted(meter, register.obis, house.energy(at))
        base = counted * 1_000 if register.unit == 30 else counted
        return _whole(base, register.scaler, ROUND_FLOOR)
    measured = _measured(meter, register.obis, house.state(at))
    return _whole(measured, register.scaler, ROUND_HALF_EVEN)


def scaled_text(raw: str, register: Register) -> str:
    """Return a raw value as a page shows it: energies in kWh, all digits kept."""
    return f"{scaled(raw, register):f}"


def scaled(raw: str, register: Register) -> Decimal:
    """Return the physical value: kWh, m³, W, A, V or Hz."""
    shift = register.scaler - (3 if register.unit == 30 else 0)
    return Decimal(raw).scaleb(shift, _EXACT)


def is_counter(register: Register) -> bool:
    return register.unit in _ENERGY_UNITS and is_named(register)


def is_total(register: Register) -> bool:
    """Tell whether it is no tariff's register: value group E is 0."""
    return register.obis[8:10] == "00"


def is_named(register: Register) -> bool:
    """Tell whether its name is one: 12 hex digits."""
    return len(register.obis) == 12 and not set(register.obis.lower()) - set("0123456789abcdef")


def obis_text(register: Register) -> str:
    """Return 1-0:1.8.0 for 0100010800ff."""
    a, b, c, d, e, _ = bytes.fromhex(register.obis)
    return f"{a}-{b}:{c}.{d}.{e}"


def _counted(meter: Meter, obis: str, energy: HouseEnergy) -> Decimal:
    """Return kWh, or m³ of gas, since the house began."""
    medium, c, tariff = int(obis[:2], 16), int(obis[4:6], 16), int(obis[8:10], 16)
    if medium == 7:
        return energy.gas_volume
    imported, exported = energy.imported, energy.exported
    low: Decimal | None = energy.imported_low
    if meter.feeds == "pv":
        imported, exported, low = Decimal(0), energy.pv, None
    elif meter.feeds == "load":
        imported, exported, low = energy.load, Decimal(0), None
    total = exported if c == 2 else imported
    if tariff == 0:
        return total
    # Two tariffs: 1 is the ordinary one, 2 the cheaper; any other, such as 63 for errors, rests.
    lower = low if low is not None and c == 1 else Decimal(0)
    return {1: total - lower, 2: lower}.get(tariff, Decimal(0))


def _measured(meter: Meter, obis: str, state: HouseState) -> Decimal:
    """Return W, A, V or Hz. All of a one-phase meter flows through L1; three phases share evenly
    [A].
    """
    c = int(obis[4:6], 16)
    watts = Decimal({"pv": -state.pv_w, "load": state.load_w}.get(meter.feeds, state.grid_w))
    if c == 16:
        return watts
    if c == 14:
        return state.frequency_hz
    phase = _PHASE.get(c, 0)
    used = phase == 1 or (phase > 1 and meter.phases == 3)
    if c in (32, 52, 72):
        return state.voltage_v if used else Decimal(0)
    share = watts / meter.phases if used else Decimal(0)
    if c in (36, 56, 76):
        return share
    return abs(share) / state.voltage_v if state.voltage_v else Decimal(0)


def _whole(value: Decimal, scaler: int, rounding: str) -> str:
    moved = value.scaleb(-scaler, _EXACT)
    return str(int(moved.to_integral_value(rounding)))
