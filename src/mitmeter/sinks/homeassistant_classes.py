"""Which entities a quantity becomes in Home Assistant: classes, units, names in the state.

Derived from the catalogue of quantities: by unit, with a few names of their own. Source: Home
Assistant's sensor classes and the rules of its Energy dashboard, as of 2026.2: electricity wants
`energy`, gas `gas` or `energy`, both with `total` or `total_increasing`; power wants `power` with
`measurement`; `monetary` allows `total` only, so a price per kWh has no class but its unit [O].
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, replace
from enum import Enum, auto

from mitmeter.model import Kind, quantity


class Part(Enum):
    """What of a value an entity shows: all, or one direction of a signed power as a positive."""

    ALL = auto()
    POSITIVE = auto()
    NEGATIVE = auto()


@dataclass(frozen=True, slots=True)
class Entity:
    """One sensor.

    key:        ends its unique id and its entity id. field: its name in the state.
    live:       worthless once it is old: it expires.
    counter:    watched by the monotonic guard.
    diagnostic: not among the main values; enabled: shown without being asked for.
    """

    key: str
    field: str
    name: str
    device_class: str = ""
    state_class: str = ""
    unit: str = ""
    digits: int | None = None
    live: bool = False
    counter: bool = False
    diagnostic: bool = False
    enabled: bool = True
    part: Part = Part.ALL


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a unit means. suffix: ends the name in the state."""

    suffix: str
    device_class: str = ""
    state_class: str = ""
    digits: int | None = None
    live: bool = False
    diagnostic: bool = False


_MEASURED, _COUNTED = "measurement", "total_increasing"

_GAUGES = {
    "W": _Rule("_w", "power", _MEASURED, 0, live=True),
    "var": _Rule("_var", "reactive_power", _MEASURED, 0, live=True),
    "V": _Rule("_v", "voltage", _MEASURED, 1, live=True),
    "A": _Rule("_a", "current", _MEASURED, 2, live=True),
    "Hz": _Rule("_hz", "frequency", _MEASURED, 2, live=True),
    "°C": _Rule("_c", "temperature", _MEASURED, 1),
    "%": _Rule("_percent", "battery", _MEASURED, 0),
    "dBm": _Rule("_dbm", "signal_strength", _MEASURED, 0, diagnostic=True),
    "s": _Rule("_s", "duration", "", 1, diagnostic=True),
    "currency/kWh": _Rule("_per_kwh", "", _MEASURED, 4),
    "currency/day": _Rule("_per_day", "", _MEASURED, 4),
    "": _Rule("", "", "", None, diagnostic=True),
}
_COUNTERS = {
    "kWh": _Rule("_kwh", "energy", _COUNTED, 3),
    "m³": _Rule("_m3", "gas", _COUNTED, 3),
    "kvarh": _Rule("_kvarh", "reactive_energy", _COUNTED, 3),
}
# Vendors' fields whose name tells the unit. Energies of a day or a month fall back to 0 when the
# device likes: they get no state class, so that no statistics are made of them.
_VENDOR = (
    (".watts", "W", _Rule("", "power", _MEASURED, 0, live=True)),
    (".milliamps", "mA", _Rule("", "current", _MEASURED, 0, live=True, diagnostic=True)),
    ("_kwh", "kWh", _Rule("", "energy", "", 3, diagnostic=True)),
    ("_kw", "kW", _Rule("", "power", "", 3, diagnostic=True)),
)

# Key and stem of the name in the state, and what people read.
_NAMED: dict[str, tuple[str, str, str]] = {
    "grid.import": ("elec_import", "elec_import", "Electricity import"),
    "grid.export": ("elec_export", "elec_export", "Electricity export"),
    "grid.power": ("power", "power", "Grid power"),
    "gas.volume": ("gas_volume", "gas", "Gas volume"),
    "gas.energy": ("gas_energy", "gas", "Gas energy"),
    "pv.energy": ("pv_energy", "pv_energy", "PV energy"),
    "battery.soc": ("battery_soc", "battery_soc", "Battery state of charge"),
    "battery.charged": ("battery_charged", "battery_charged", "Battery energy charged"),
    "battery.discharged": ("battery_discharged", "battery_discharged", "Battery energy discharged"),
    "price.import": ("price_import", "price_import", "Price of electricity"),
    "price.standing": ("price_standing", "price_standing", "Standing charge"),
    "radio.rssi": ("radio_rssi", "radio_rssi", "Signal strength"),
    "radio.lqi": ("radio_lqi", "radio_lqi", "Link quality"),
    "clock.skew": ("clock_skew", "clock_skew", "Device clock skew"),
}
# Both directions of a signed power, for dashboards that want two sensors: key, name.
_DIRECTIONS: dict[str, tuple[tuple[str, str, Part], ...]] = {
    "grid.power": (
        ("power_import", "Grid power import", Part.POSITIVE),
        ("power_export", "Grid power export", Part.NEGATIVE),
    ),
    "battery.power": (
        ("battery_discharge_power", "Battery discharge power", Part.POSITIVE),
        ("battery_charge_power", "Battery charge power", Part.NEGATIVE),
    ),
}
_WORDS = {
    "pv": "PV",
    "l1": "phase 1",
    "l2": "phase 2",
    "l3": "phase 3",
    "string1": "string 1",
    "string2": "string 2",
}
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_]")


def entities(name: str, currency: str = "") -> tuple[Entity, ...]:
    """Return the entities of a quantity; the first one shows its value as it is.

    currency: ISO 4217 code of prices, "" when it is not known.
    """
    known = quantity(name)
    if name.startswith("vendor.") and known.kind is not Kind.COUNTER:
        return (_vendor(name),)
    counter = known.kind is Kind.COUNTER
    rule = (_COUNTERS if counter else _GAUGES).get(known.unit, _GAUGES[""])
    key, stem, words = _NAMED.get(name) or (plain(name), plain(name), readable(name))
    made = Entity(
        key,
        stem + rule.suffix,
        words,
        rule.device_class,
        rule.state_class,
        _unit(known.unit, currency),
        rule.digits,
        live=rule.live,
        counter=counter,
        diagnostic=rule.diagnostic,
    )
    parts = (
        replace(made, key=key, field=key + rule.suffix, name=words, part=part)
        for key, words, part in _DIRECTIONS.get(name, ())
    )
    return (made, *parts)


def plain(name: str) -> str:
    """Return a quantity's name with letters, digits and underscores only, still one of its own."""
    dotless = name.replace(".", "_")
    found = _NOT_PLAIN.sub("_", dotless)
    return found if found == dotless else f"{found}_{zlib.crc32(name.encode()):08x}"


def readable(name: str) -> str:
    """Return a quantity's name in words: `grid.voltage.l1` is "Grid voltage phase 1"."""
    words = [_WORDS.get(each, each) for each in name.split(".")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _vendor(name: str) -> Entity:
    """Return the entity of a vendor's field: for those who look for it, but for a power."""
    key = plain(name)
    words = readable(name.removeprefix("vendor.")).replace("_", " ")
    for end, unit, rule in _VENDOR:
        if name.endswith(end):
            return Entity(
                key,
                key,
                words,
                rule.device_class,
                rule.state_class,
                unit,
                rule.digits,
                live=rule.live,
                diagnostic=rule.diagnostic,
                enabled=not rule.diagnostic,
            )
    return Entity(key, key, words, diagnostic=True, enabled=False)


def _unit(unit: str, currency: str) -> str:
    if not unit.startswith("currency/"):
        return unit
    return unit.replace("currency", currency) if currency else ""
