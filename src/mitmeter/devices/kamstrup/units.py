"""The unit codes of register records: symbols, and what we convert them to.

Source: unit table of public readers [O]; 21 to 28 as W … Gvar by their place in the series [I].
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

CLOCK, DATE, LONG_DATE, MONTH_DAY = 47, 48, 49, 50
NUMBER, RTC, TEXT, BITS, RTC_Q, DATE_TIME = 51, 53, 54, 59, 63, 64
KAM_DATE_TIME, IPV4, IPV6, DST_DATE_TIME = 72, 73, 74, 79

# The bytes of these are not a scaled number, and their sign/exponent byte is 0 [V].
NOT_NUMBERS = frozenset(
    {CLOCK, DATE, LONG_DATE, MONTH_DAY, RTC, TEXT, BITS, RTC_Q, DATE_TIME}
    | {KAM_DATE_TIME, IPV4, IPV6, DST_DATE_TIME}
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One code: `symbol` as displayed; a value × `factor` is in the unit `usual`, exactly."""

    code: int
    symbol: str
    usual: str
    factor: Decimal


# In the order of their codes, from 0.
_NAMES = (
    "none Wh kWh MWh GWh J kJ MJ GJ cal kcal Mcal Gcal varh kvarh Mvarh Gvarh VAh kVAh MVAh GVAh W"
    " kW MW GW var kvar Mvar Gvar VA kVA MVA GVA V A kV kA °C K l m³ l/h m³/h m³×°C t t/h h clock"
    " date date month-day number bar RTC text m³×10 t×10 GJ×10 min bits s ms d RTC-Q date-time"
    " imp/l l/imp Hz ° % gal gal/min date-time IPv4 IPv6"
)
_SYMBOLS = dict(enumerate(_NAMES.split()))
_SYMBOLS |= {79: "date-time", 85: "%RH", 86: "%O₂", 87: "m/s", 88: "kJ/kg", 89: "pH", 90: "g/kg"}

_PREFIXES = ("", "k", "M", "G")
_FAMILIES = (  # first code of four, and which of them is the usual one
    (1, 1),  # Wh, kWh …
    (5, 2),  # J, kJ, MJ …: heat meters count GJ, and MJ keeps their decimals
    (9, 1),  # cal
    (13, 1),  # varh
    (17, 1),  # VAh
    (21, 0),  # W
    (25, 0),  # var
    (29, 0),  # VA
)
_NO_UNIT = frozenset({0, NUMBER})  # none, and plain numbers


def _make() -> dict[int, Unit]:
    made = {code: Unit(code, text, text, Decimal(1)) for code, text in _SYMBOLS.items()}
    for first, usual in _FAMILIES:
        for step in range(len(_PREFIXES)):
            factor = Decimal(10) ** (3 * (step - usual))
            code = first + step
            made[code] = Unit(code, _SYMBOLS[code], _SYMBOLS[first + usual], factor)
    made[35] = Unit(35, "kV", "V", Decimal(1000))
    made[36] = Unit(36, "kA", "A", Decimal(1000))
    made[55] = Unit(55, "m³×10", "m³", Decimal(10))
    made[56] = Unit(56, "t×10", "t", Decimal(10))
    made[57] = Unit(57, "GJ×10", "MJ", Decimal(10_000))
    return made


UNITS: dict[int, Unit] = _make()


def unit(code: int) -> Unit:
    """Return the unit of a code; one that nobody has described is called by its number."""
    known = UNITS.get(code)
    return Unit(code, f"unit {code}", f"unit {code}", Decimal(1)) if known is None else known


def symbol(code: int) -> str:
    """Return what is put behind a value of this unit: nothing for what is no measure."""
    return "" if code in NOT_NUMBERS or code in _NO_UNIT else unit(code).symbol
