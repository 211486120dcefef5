"""The attributes of `POST /zb02` as tables: types, widths, what each becomes; and hexadecimal text.

Source: fact sheet §3, the ZigBee Smart Energy definitions [S] and real messages [O].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import Enum
from functools import lru_cache

# --- hexadecimal text ---

_HEX = re.compile(r"[0-9A-Fa-f]{1,16}")


@dataclass(frozen=True, slots=True, eq=False)
class HexType:
    """A ZigBee type: bits, whether it is signed, and the patterns that say "no value" [S].

    Text may be wider than the type, extended with zeroes or with the sign, so the type is never
    told from the width.
    """

    bits: int
    signed: bool = False
    missing: tuple[int, ...] = ()


INT24 = HexType(24, True, (0x800000,))
INT32 = HexType(32, True, (0x80000000,))
INT8 = HexType(8, True, (0x80,))
UINT8 = HexType(8, False, (0xFF,))
UINT16 = HexType(16, False, (0xFFFF,))
UINT24 = HexType(24, False, (0xFFFFFF,))
UINT32 = HexType(32, False, (0xFFFFFFFF,))
UINT48 = HexType(48, False, (0xFFFFFFFFFFFF,))
# The counters of a month have 24 or 32 bits, depending on the firmware.
UINT24_OR_32 = HexType(32, False, (0xFFFFFF, 0xFFFFFFFF))
BITS8 = HexType(8)
BITS16 = HexType(16)


@dataclass(frozen=True, slots=True)
class NoValue:
    """The meter says that it has no value."""


@dataclass(frozen=True, slots=True)
class NotHex:
    """The text is no number of its type."""


NO_VALUE, NOT_HEX = NoValue(), NotHex()


@lru_cache(maxsize=8192)
def hex_value(text: str, kind: HexType) -> int | NoValue | NotHex:
    """Return what hexadecimal text, the most significant digit first, says.

    Signed: `FFFFFB2E`, `FFFB2E` and `00FFFB2E` are all −1234 in 24 bits. Source: fact sheet §3.5.
    """
    if not _HEX.fullmatch(text):
        return NOT_HEX
    number = int(text, 16)
    mask = (1 << kind.bits) - 1
    if kind.signed:
        # Above its own bits there is the sign again, or nothing.
        above = number >> kind.bits
        if above not in (0, (1 << max(4 * len(text) - kind.bits, 0)) - 1):
            return NOT_HEX
        number &= mask
    if number in kind.missing:
        return NO_VALUE
    if number > mask:
        return NO_VALUE if text.strip("Ff") == "" else NOT_HEX
    if kind.signed and number >> (kind.bits - 1):
        number -= 1 << kind.bits
    return number


# --- scaling ---

_PLACES = {10**exponent: exponent for exponent in range(10)}
_CLOSE = Context(prec=28)
_EXACT = Context(prec=60)


@lru_cache(maxsize=8192)
def scaled(raw: int, multiplier: int, divisor: int, thousands: int = 0) -> Decimal:
    """Return raw × multiplier ÷ divisor × 1000^thousands.

    Exact, with as many decimals as the divisor has, where it is a power of ten; otherwise to 28
    digits.
    """
    product = raw * multiplier
    places = _PLACES.get(divisor)
    if places is None:
        return _CLOSE.divide(Decimal(product * 1000**thousands), Decimal(divisor))
    places -= 3 * thousands
    if places <= 0:
        return Decimal(product * 10**-places)
    return Decimal(product).scaleb(-places, _EXACT)


# --- what attributes become ---


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """UnitOfMeasure [S]: its number, and how it and its power are called in a quantity's name."""

    number: int
    word: str
    per_hour: str


KWH = Unit(0x00, "kwh", "kw")
CUBIC_METRE = Unit(0x01, "m3", "m3_per_h")
# The units a UK home has. With 0x80 added, the same in BCD.
UNITS = (KWH, CUBIC_METRE)


@dataclass(frozen=True, slots=True)
class Scaled:
    """A register, counter or demand: raw × Multiplier ÷ Divisor of its own meter.

    names:       the quantity it is in each unit.
    alternative: it is in the meter's alternative unit.
    demand:      it is a power: the unit per hour.
    """

    kind: HexType
    names: Mapping[Unit, str]
    alternative: bool = False
    demand: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several states, by number."""

    name: str
    words: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Flags:
    """A bit field, as the names of the bits that are set; `alarm` where any bit is bad news."""

    name: str
    kind: HexType
    bits: tuple[tuple[int, str], ...]
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that is told as it is, times 10^exponent."""

    name: str
    kind: HexType
    exponent: int = 0


@dataclass(frozen=True, slots=True)
class Clock:
    """A time in seconds since 2000; 0 means it is not provided."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text about the meter, kept as a fact; "" says nothing."""

    fact: str
    private: bool


class Role(Enum):
    """Attributes that say how to read the others."""

    UNIT = "unit"
    MULTIPLIER = "multiplier"
    DIVISOR = "divisor"
    ALTERNATIVE_UNIT = "alternative unit"


Attribute = Scaled | Choice | Flags | Amount | Clock | Text | Role
Cluster = dict[str, dict[str, Attribute]]

_SUPPLY = ((0, "off"), (1, "off, armed"), (2, "on"), (3, "unchanged"))
_DEVICE_TYPES = (
    *((0x00, "electricity"), (0x01, "gas"), (0x02, "water"), (0x03, "thermal")),
    *((0x80, "gas, mirrored"), (0x81, "water, mirrored"), (0x82, "thermal, mirrored")),
)
_STATUS = tuple(
    enumerate(
        (
            *("check meter", "low battery", "tamper", "power failure", "power quality"),
            *("leak detected", "service disconnect open"),
        )
    )
)
_PAYMENT = (
    *((0, "disconnection enabled"), (1, "prepayment"), (2, "credit management")),
    *((4, "credit display"), (6, "account base"), (7, "contactor fitted")),
    *((8, "standing charge"), (9, "emergency standing charge"), (10, "debt")),
    (11, "emergency debt"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Meter:
    """One meter's object: key, name in quantities, what its number is called, its usual unit."""

    key: str
    name: str
    number: str
    unit: Unit


ELECTRICITY = Meter("elecMtr", "electricity", "mpan", KWH)
GAS = Meter("gasMtr", "gas", "mprn", CUBIC_METRE)
METERS = (ELECTRICITY, GAS)

# (meter, what, unit) → the catalogue's quantity; everything else is a vendor quantity.
_CATALOGUED = {
    (ELECTRICITY, "demand", KWH): "grid.power",
    (ELECTRICITY, "register", KWH): "grid.import",
    (ELECTRICITY, "received", KWH): "grid.export",
    (GAS, "register", CUBIC_METRE): "gas.volume",
    (GAS, "register", KWH): "gas.energy",
}


def _scaled(
    meter: Meter, what: str, kind: HexType, *, alternative: bool = False, demand: bool = False
) -> Scaled:
    """Return the rule, with names such as `grid.import` or `vendor.glow.gas.day_kwh`."""
    names = {
        unit: _CATALOGUED.get(
            (meter, what, unit),
            f"vendor.glow.{meter.name}.{what}_{unit.per_hour if demand else unit.word}",
        )
        for unit in UNITS
    }
    return Scaled(kind, names, alternative, demand)


def _periods(meter: Meter, demand: str, *, alternative: bool) -> dict[str, Attribute]:
    """Return the counters of day, week and month; they reset at midnight UTC [O]."""
    return {
        "01": _scaled(meter, "day", UINT24, alternative=alternative),
        "30": _scaled(meter, "week", UINT24, alternative=alternative),
        "40": _scaled(meter, "month", UINT24_OR_32, alternative=alternative),
        "00": _scaled(meter, demand, INT24, alternative=alternative, demand=True),
    }


def _metering(meter: Meter) -> Cluster:
    """Return cluster 0x0702, Simple Metering."""
    return {
        "00": {
            "00": _scaled(meter, "register", UINT48),
            "01": _scaled(meter, "received", UINT48),
            "02": _scaled(meter, "max_demand", UINT48, demand=True),
            "07": Clock("snapshot"),
            "14": Choice("supply", _SUPPLY),
        },
        "02": {"00": Flags("status", BITS8, _STATUS, alarm=True)},
        "03": {
            "00": Role.UNIT,
            "01": Role.MULTIPLIER,
            "02": Role.DIVISOR,
            "03": Amount("summation_formatting", BITS8),
            "04": Amount("demand_formatting", BITS8),
            "06": Choice("device_type", _DEVICE_TYPES),
            "07": Text(meter.number, private=True),
            "08": Text(f"{meter.name}.meter", private=True),
            "12": Role.ALTERNATIVE_UNIT,
            "13": Amount("alternative_demand_formatting", BITS8),
            "14": Amount("alternative_formatting", BITS8),
        },
        "04": _periods(meter, "demand", alternative=False),
        "0C": _periods(meter, "alternative_demand", alternative=True),
    }


METERING = "0702"


def _clusters(meter: Meter) -> dict[str, Cluster]:
    of = "" if meter is ELECTRICITY else f"{meter.name}."
    return {
        METERING: _metering(meter),
        "0705": {
            "00": {
                "00": Flags("payment", BITS16, _PAYMENT),
                # £0.00001 steps in UK meters [I].
                "01": Amount("credit", INT32, exponent=-5),
            }
        },
        "0708": {
            "01": {
                "00": Amount("provider", UINT32),
                "01": Text(f"{of}supplier", private=False),
                "02": Text(f"{of}contact", private=False),
            }
        },
    }


CLUSTERS = {meter: _clusters(meter) for meter in METERS}


# --- times ---

ZIGBEE_EPOCH = 946_684_800  # 2000-01-01T00:00:00Z in Unix seconds
CLOCK_SET = 0x5E0BE100  # 2020-01-01: an earlier clock has never been set
