"""Registers by their logical names: OBIS codes, units, scalers, and what they are called here.

A logical name is `<12 hex>.<owner>.sm`, such as `0100010800ff.1tst0000000042.sm`; its hex digits
are the OBIS code AABBCCDDEEFF, A-B:C.D.E*F, each byte written decimal. Upper and lower case occur.
Source: gateway fact sheet §1.5, §1.6 [D, O].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

_CODE = re.compile(r"[0-9a-f]{12}")
_OBIS = re.compile(
    r"(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*.](\d{1,3}))?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,24}(?:\.[0-9]{1,12})?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,24}")
_MOST_SCALE = 12
_OMITTED = 255

# DLMS unit codes. Those of the exchange file of the authorities' own reader are others.
UNITS: Mapping[int, str] = {
    13: "m³",
    26: "J",
    27: "W",
    28: "VA",
    29: "var",
    30: "Wh",
    31: "VAh",
    32: "varh",
    33: "A",
    35: "V",
    44: "Hz",
    255: "",
}

# Unit as told, the one it is kept in, and the power of ten from one to the other.
_KEPT: Mapping[str, tuple[str, int]] = {
    "Wh": ("kWh", -3),
    "kWh": ("kWh", 0),
    "MWh": ("kWh", 3),
    "varh": ("kvarh", -3),
    "kvarh": ("kvarh", 0),
    "W": ("W", 0),
    "kW": ("W", 3),
    "var": ("var", 0),
    "V": ("V", 0),
    "A": ("A", 0),
    "mA": ("A", -3),
    "Hz": ("Hz", 0),
    "m³": ("m³", 0),
    "m3": ("m³", 0),
}

# Register: quantity and the unit that has. Not among them is what depends on the contract.
_QUANTITIES: Mapping[str, tuple[str, str]] = {
    "0100010800ff": ("grid.import", "kWh"),
    "0100020800ff": ("grid.export", "kWh"),
    "0100100700ff": ("grid.power", "W"),
    "0100240700ff": ("grid.power.l1", "W"),
    "0100380700ff": ("grid.power.l2", "W"),
    "01004c0700ff": ("grid.power.l3", "W"),
    "01001f0700ff": ("grid.current.l1", "A"),
    "0100330700ff": ("grid.current.l2", "A"),
    "0100470700ff": ("grid.current.l3", "A"),
    "0100200700ff": ("grid.voltage.l1", "V"),
    "0100340700ff": ("grid.voltage.l2", "V"),
    "0100480700ff": ("grid.voltage.l3", "V"),
    "01000e0700ff": ("grid.frequency", "Hz"),
    "0700030000ff": ("gas.volume", "m³"),
    "0700030100ff": ("gas.volume", "m³"),
}


@dataclass(frozen=True, slots=True)
class LogicalName:
    """code: 12 hex digits, lower case. owner: whose it is, lower case, "" where it is not told."""

    code: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a raw whole number is meant: times ten to the power of `scaler`, in `unit`."""

    scaler: int
    unit: str


# What energy registers nearly always have, for whoever missed where it is told [O].
USUAL_ENERGY = Scale(-1, "Wh")


@dataclass(frozen=True, slots=True)
class Named:
    """What a value is called here, in the unit of that quantity."""

    quantity: str
    value: Decimal


def logical_name(text: str) -> LogicalName | None:
    """Return register and owner of a logical name; None for anything else, which is skipped."""
    code, _, rest = text.strip().lower().partition(".")
    if not _CODE.fullmatch(code):
        return None
    return LogicalName(code, owner_of(rest))


def owner_of(text: str) -> str:
    """Return a meter's or contract's id from `<id>.sm`, lower case."""
    return text.strip().lower().removesuffix(".sm")


def obis(code: str) -> str:
    """Return 12 hex digits as they are written in OBIS: `1-0:1.8.0`; *255 is omitted."""
    a, b, c, d, e, f = bytes.fromhex(code)
    tail = "" if f == _OMITTED else f"*{f}"
    return f"{a}-{b}:{c}.{d}.{e}{tail}"


def code_of(text: str) -> str | None:
    """Return the 12 hex digits of `1-0:1.8.0` or `1-0:1.8.0*255`, or of themselves; else None."""
    plain = text.strip().lower()
    if _CODE.fullmatch(plain):
        return plain
    found = _OBIS.fullmatch(plain)
    if found is None:
        return None
    parts = [_OMITTED if part is None else int(part) for part in found.groups()]
    return bytes(parts).hex() if max(parts) <= 0xFF else None


def whole(text: object) -> int | None:
    """Return a whole number told as text or as a number; None for anything else."""
    if isinstance(text, bool):
        return None
    if isinstance(text, int):
        return text if abs(text) < 10**24 else None
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text.strip()) else None


def number(text: str) -> Decimal | None:
    """Return a number written with a dot; None for anything else, a comma among it."""
    plain = text.strip()
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def scale(scaler: object, unit: object) -> Scale | None:
    """Return how a raw number is meant; None for units and scalers nobody has described."""
    power, code = whole(scaler), whole(unit)
    if power is None or code is None or abs(power) > _MOST_SCALE or code not in UNITS:
        return None
    return Scale(power, UNITS[code])


def scaled(raw: int, how: Scale) -> Decimal:
    """Return the physical value, exact: raw × 10^scaler."""
    return Decimal(raw).scaleb(how.scaler)


def is_energy(code: str) -> bool:
    """Tell whether a register counts electric energy: 1-0:1.8.x and 1-0:2.8.x."""
    return code.startswith(("01000108", "01000208"))


def is_instant(code: str) -> bool:
    """Tell whether a register holds a value of this moment, such as a power: D is 7."""
    return code[6:8] == "07"


def named(code: str, value: Decimal, unit: str) -> Named | None:
    """Return quantity and value; registers of no common meaning keep their OBIS number.

    `vendor.smgw.1-0.1.8.1_kwh` is the import at the first tariff. None: a unit that does not fit.
    """
    kept, power = _KEPT.get(unit, (unit, 0))
    exact = value.scaleb(power)
    known = _QUANTITIES.get(code)
    if known is not None:
        quantity, wanted = known
        return Named(quantity, exact) if kept == wanted else None
    name = obis(code).replace(":", ".").replace("*", ".")
    suffix = {"m³": "_m3", "": ""}.get(kept, f"_{kept.lower()}")
    return Named(f"vendor.smgw.{name}{suffix}", exact)
