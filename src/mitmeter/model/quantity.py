"""The catalogue of quantities: one table from which units, classes and labels derive everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    GAUGE = "gauge"
    COUNTER = "counter"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is measured: name, unit, kind, OBIS code where the field has one, and a sentence."""

    name: str
    unit: str
    kind: Kind
    description: str
    obis: str = ""


_G, _C = Kind.GAUGE, Kind.COUNTER

_TABLE: tuple[Quantity, ...] = (
    Quantity(
        "grid.power",
        "W",
        _G,
        "Power at the grid connection; + is import, − is export",
        "1-0:16.7.0",
    ),
    Quantity("grid.power.l1", "W", _G, "Grid power on phase 1; + is import", "1-0:36.7.0"),
    Quantity("grid.power.l2", "W", _G, "Grid power on phase 2; + is import", "1-0:56.7.0"),
    Quantity("grid.power.l3", "W", _G, "Grid power on phase 3; + is import", "1-0:76.7.0"),
    Quantity("grid.import", "kWh", _C, "Energy taken from the grid", "1-0:1.8.0"),
    Quantity("grid.export", "kWh", _C, "Energy given to the grid", "1-0:2.8.0"),
    Quantity("grid.voltage.l1", "V", _G, "Mains voltage of phase 1", "1-0:32.7.0"),
    Quantity("grid.voltage.l2", "V", _G, "Mains voltage of phase 2", "1-0:52.7.0"),
    Quantity("grid.voltage.l3", "V", _G, "Mains voltage of phase 3", "1-0:72.7.0"),
    Quantity("grid.current.l1", "A", _G, "Current of phase 1", "1-0:31.7.0"),
    Quantity("grid.current.l2", "A", _G, "Current of phase 2", "1-0:51.7.0"),
    Quantity("grid.current.l3", "A", _G, "Current of phase 3", "1-0:71.7.0"),
    Quantity("grid.frequency", "Hz", _G, "Mains frequency", "1-0:14.7.0"),
    Quantity(
        "grid.reactive.power", "var", _G, "Reactive power; + is taken from the grid", "1-0:3.7.0"
    ),
    Quantity("grid.reactive.import", "kvarh", _C, "Reactive energy taken", "1-0:3.8.0"),
    Quantity("grid.reactive.export", "kvarh", _C, "Reactive energy given", "1-0:4.8.0"),
    Quantity(
        "pv.power", "W", _G, "Power of all photovoltaic strings and separately metered inverters"
    ),
    Quantity("pv.power.string1", "W", _G, "DC power of string 1"),
    Quantity("pv.power.string2", "W", _G, "DC power of string 2"),
    Quantity("pv.voltage.string1", "V", _G, "DC voltage of string 1"),
    Quantity("pv.voltage.string2", "V", _G, "DC voltage of string 2"),
    Quantity("pv.energy", "kWh", _C, "Energy made by the photovoltaic strings"),
    Quantity("battery.power", "W", _G, "Battery power; + is discharge, − is charge"),
    Quantity("battery.soc", "%", _G, "State of charge"),
    Quantity("battery.voltage", "V", _G, "Voltage at the battery terminals"),
    Quantity("battery.current", "A", _G, "Battery current; + is discharge"),
    Quantity("battery.charged", "kWh", _C, "Energy put into the battery"),
    Quantity("battery.discharged", "kWh", _C, "Energy taken out of the battery"),
    Quantity("battery.charged.grid", "kWh", _C, "Energy put into the battery from the grid"),
    Quantity("battery.cell.voltage.low", "V", _G, "Lowest cell voltage"),
    Quantity("battery.cell.voltage.high", "V", _G, "Highest cell voltage"),
    Quantity("battery.cell.temperature.low", "°C", _G, "Lowest cell temperature"),
    Quantity("battery.cell.temperature.high", "°C", _G, "Highest cell temperature"),
    Quantity("house.power", "W", _G, "Power the house uses"),
    Quantity("inverter.power", "W", _G, "AC power of the inverter; + is into the house"),
    Quantity("inverter.temperature", "°C", _G, "Temperature of the inverter"),
    Quantity("gas.volume", "m³", _C, "Gas volume", "7-0:3.0.0"),
    Quantity("gas.energy", "kWh", _C, "Gas energy"),
    Quantity("heat.energy", "kWh", _C, "Heat energy"),
    Quantity("heat.power", "W", _G, "Heat power"),
    Quantity("heat.temperature.flow", "°C", _G, "Temperature of the flow"),
    Quantity("heat.temperature.return", "°C", _G, "Temperature of the return"),
    Quantity("price.import", "currency/kWh", _G, "Price of energy taken from the grid"),
    Quantity("price.standing", "currency/day", _G, "Standing charge"),
    Quantity("radio.rssi", "dBm", _G, "Strength of the radio signal"),
    Quantity("radio.lqi", "", _G, "Link quality indicator"),
    Quantity("clock.skew", "s", _G, "Device clock minus true local time"),
)

CATALOGUE: dict[str, Quantity] = {quantity.name: quantity for quantity in _TABLE}


def quantity(name: str) -> Quantity:
    """Return the catalogue's entry; a name it lacks is a gauge without unit, never dropped.

    A name that ends in `.energy.estimated` is a counter the store integrates from a power.
    """
    known = CATALOGUE.get(name)
    if known is not None:
        return known
    if name.endswith(".energy.estimated"):
        return Quantity(name, "kWh", Kind.COUNTER, "Energy integrated from power, an estimate")
    return Quantity(name, "", Kind.GAUGE, "Vendor field")
