"""What an emulated battery measures: a house at one instant in the battery's fields and formats.

One house: grid power is the house's to the watt, PrealL1 + PmeterL1 + PmeterDC is its load, and
Ppv1 + Ppv2 its PV. A real unit gives PrealL1 in steps of 10 W; here the exact watt is preferred.
Pbat is BatV × BatC to four decimals, and since BatC comes in hundredths of an ampere, Pbat lies up
to 0.6 W above the house's battery power, never below: Ppv1 + Ppv2 + Pbat − PrealL1 is a small loss.
Fields and formats: fact sheet §6 [O]; how voltages, temperatures and cells follow the load is made
up to look like the samples [A].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from math import isqrt

from mitmeter.devices.alphaess.messages import Members
from mitmeter.devices.alphaess.registers import (
    HISTORY_FIELDS,
    STATUS_FIELDS,
    TELEMETRY_FIELDS,
    Cell,
    format_time,
    pack_cell,
)
from mitmeter.protocol import HouseEnergy, HouseState

_CELLS = 15  # in series, on the sampled pack
_SOC_STEPS = 250  # of 0.4 %
_ZERO_FORM = ("PrealL2", "PrealL3", "PacL2", "PacL3")  # "0.0" in JSON, "0" in history
_CONSTANT = {
    **dict.fromkeys(("Ub", "Uc", "PrealL2", "PrealL3", "PacL3"), "0.0"),
    **dict.fromkeys((f"SOC{pack}" for pack in range(2, 7)), "0.0"),
    **dict.fromkeys((f"BatC{pack}" for pack in range(2, 7)), "0.00"),
    **dict.fromkeys(("MeterDCUb", "MeterDCUc"), "0.0"),
    "PacL1": "5000",
    "InvWorkMode": "3",
    "FlagBms": "257",
    "BmsWork": "1",
    "BmsRelay": "3",
    "BmsNum": "1",
    "EmsStatus": "Normal",
    "CSQ": "99,99",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The house through the inverter's eyes, in whole units; centi is 1/100.

    local: what the battery's clock shows.
    """

    local: datetime
    ppv1_w: int
    ppv2_w: int
    preal_w: int
    grid_w: int
    bat_cv: int
    bat_ca: int
    soc_step: int
    house: HouseState
    ripple: int


def measure(house: HouseState, local: datetime, seed: int) -> Measured:
    """Return what the battery makes of the house at an instant."""
    minutes = local.hour * 60 + local.minute
    share = max(350, min(650, 860 - minutes // 2))  # string 1 looks east
    ppv1 = house.pv_w * share // 1000
    soc_step = int(house.soc_percent * _SOC_STEPS) // 100
    bat_cv = 4860 + soc_step * 3 // 5 - house.battery_w * 8 // 500
    seconds = minutes * 60 + local.second
    return Measured(
        local=local,
        ppv1_w=ppv1,
        ppv2_w=house.pv_w - ppv1,
        preal_w=house.pv_w + house.battery_w,
        grid_w=house.grid_w,
        bat_cv=bat_cv,
        bat_ca=-(-house.battery_w * 10_000 // bat_cv),  # rounded up, see above
        soc_step=soc_step,
        house=house,
        ripple=(seconds + 86_400 * seed) * 2_654_435_761 >> 7 & 0xFFFF,
    )


def status_members(measured: Measured, serial: str) -> Members:
    """Return the 16 members of a status."""
    reactive = 120 + measured.ripple % 37
    values = (
        format_time(measured.local),
        serial,
        str(measured.ppv1_w),
        str(measured.ppv2_w),
        str(measured.preal_w),
        "0.0",
        "0.0",
        str(measured.grid_w),
        "0",
        "0",
        "0",
        _battery_watts(measured),
        str(isqrt(measured.preal_w * measured.preal_w + reactive * reactive)),
        str(-80 - measured.ripple % 29),
        str(-3 - measured.ripple % 3),
        _soc(measured),
    )
    return tuple(zip(STATUS_FIELDS, values, strict=True))


def telemetry_members(measured: Measured, energy: HouseEnergy, serial: str) -> Members:
    """Return the 89 members of a telemetry message."""
    values = _all_values(measured, energy, serial)
    return tuple((name, values.get(name, "0")) for name in TELEMETRY_FIELDS)


def history_row(measured: Measured, energy: HouseEnergy, serial: str) -> tuple[str, ...]:
    """Return the 82 columns of a one-minute row."""
    values = _all_values(measured, energy, serial)
    values["Date"], _, values["Time"] = values["Time"].partition(" ")
    values["Vpv1"], values["Vpv2"] = values["Upv1"], values["Upv2"]
    for name in _ZERO_FORM:
        if values[name] == "0.0":
            values[name] = "0"
    return tuple(values.get(name, "0") for name in HISTORY_FIELDS)


def _all_values(measured: Measured, energy: HouseEnergy, serial: str) -> dict[str, str]:
    """Return every field that is not plainly `0`, as JSON frames write it."""
    house, volts = measured.house, measured.bat_cv // 100
    set_point = -house.battery_w
    voltage = f"{house.voltage_v:.1f}"
    return {
        **_CONSTANT,
        "Time": format_time(measured.local),
        "SN": serial,
        "Ppv1": str(measured.ppv1_w),
        "Ppv2": str(measured.ppv2_w),
        "Upv1": _string_voltage(measured.ppv1_w, 73, measured.ripple),
        "Upv2": _string_voltage(measured.ppv2_w, 81, measured.ripple >> 4),
        "Ua": voltage,
        "MeterDCUa": voltage,
        "Fac": f"{house.frequency_hz:.2f}",
        "Ubus": str(370 + abs(measured.preal_w) // 200 + measured.ripple % 3),
        "PrealL1": str(measured.preal_w),
        "Tinv": str(_inverter_celsius(measured)),
        "PacL2": str(set_point) if set_point else "0.0",
        "EpvTotal": _kwh(energy.pv, 1),
        "Einput": _kwh(energy.imported, 2),
        "Eoutput": _kwh(energy.exported, 2),
        "Echarge": _kwh(energy.charged, 1),
        "EDischarge": _kwh(energy.discharged, 1),
        "EGridCharge": _kwh(energy.charged_from_grid, 1),
        "PmeterL1": str(measured.grid_w),
        "Pbat": _battery_watts(measured),
        "SOC": _soc(measured),
        "SOC1": _soc(measured),
        "BatV": _hundredths(measured.bat_cv),
        "BatC": _hundredths(measured.bat_ca),
        "BatC1": _hundredths(measured.bat_ca // 50 * 50),  # follows BatC coarsely
        "InvBatV": _hundredths(measured.bat_cv + 30 + measured.ripple % 19),
        "Pcharge": str(101 * volts),
        "Pdischarge": str(101 * volts),
        "Eirp": str(-50 - measured.ripple % 7),
        **_cells(measured),
    }


def _cells(measured: Measured) -> dict[str, str]:
    millivolts = measured.bat_cv * 10 // _CELLS
    celsius = _battery_celsius(measured)
    hour = measured.local.hour
    lowest, highest = hour % _CELLS + 1, (hour + 7) % _CELLS + 1
    return {
        "VcellLow": str(pack_cell(Cell(1, lowest, millivolts - 7))),
        "VcellHigh": str(pack_cell(Cell(1, highest, millivolts + 9))),
        "TcellLow": str(pack_cell(Cell(1, 2, celsius))),
        "TcellHigh": str(pack_cell(Cell(1, 6, celsius + 2))),
    }


def _battery_celsius(measured: Measured) -> int:
    """Return the cells' temperature, in a garage."""
    return max(2, int(12 + measured.house.temperature_c / 2) + abs(measured.bat_ca) // 2500)


def _inverter_celsius(measured: Measured) -> int:
    return max(5, int(22 + measured.house.temperature_c / 2) + abs(measured.preal_w) // 300)


def _string_voltage(watts: int, dark_decivolts: int, ripple: int) -> str:
    if not watts:
        return _tenths(dark_decivolts + ripple % 5)
    return _tenths(2_300 + min(520, watts) + ripple % 23)


def _battery_watts(measured: Measured) -> str:
    """Return BatV × BatC exactly, four decimals."""
    sign = "-" if measured.bat_ca < 0 else ""
    whole, rest = divmod(measured.bat_cv * abs(measured.bat_ca), 10_000)
    return f"{sign}{whole}.{rest:04}"


def _soc(measured: Measured) -> str:
    return _tenths(measured.soc_step * 4)


def _tenths(value: int) -> str:
    return f"{value // 10}.{value % 10}"


def _hundredths(value: int) -> str:
    sign = "-" if value < 0 else ""
    return f"{sign}{abs(value) // 100}.{abs(value) % 100:02}"


_PLACES = {1: Decimal("0.1"), 2: Decimal("0.01")}


def _kwh(energy: Decimal, decimals: int) -> str:
    """Return a counter's reading: it shows what has fully passed."""
    return str(energy.quantize(_PLACES[decimals], ROUND_DOWN))
