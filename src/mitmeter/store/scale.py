"""Exact arithmetic on whole numbers: values in 1e-9 of their unit, and the energy under a power.

Everything that is added up is a whole number, so that sums are the same in whatever order and at
whatever level they are made.
"""

from __future__ import annotations

from decimal import Decimal

NANO = 10**9
"""One kWh, m³ or W in the units reckoned with."""
BRIDGE = 120_000_000
"""µs: no line is drawn between two readings of a power that are further apart. Source: the advice
of the Efergy fact sheet, not to invent energy across outages [A]."""

_POWERS: list[int] = [10**n for n in range(64)]
# Values are below 10^18, and their digits end 18 places behind the point.
_LARGEST = 18
_FINEST = 18
# 1e-6 W · 1e-6 s is 1e-12 J; 1e-9 kWh is 3.6e-3 J. Areas come doubled, as sums of two powers.
AREA_UNIT = 7_200_000_000
AREA_HALF = AREA_UNIT // 2

Sample = tuple[int, int, int]
"""When (µs), and mantissa and exponent of the value: a row as SQLite gives it."""


def nano(mantissa: int, exponent: int) -> int:
    """Return a value in 1e-9 of its unit; what lies below is rounded to even."""
    shift = exponent + 9
    if shift >= 0:
        return mantissa * _POWERS[shift]
    return divide(mantissa, _POWERS[-shift])


def decimal(nanos: int) -> Decimal:
    """Return a number of 1e-9 as a Decimal, without zeros at its end."""
    if nanos == 0:
        return Decimal(0)
    exponent = -9
    while exponent < 0 and nanos % 10 == 0:
        nanos //= 10
        exponent += 1
    return Decimal(f"{nanos}E{exponent}") if exponent else Decimal(nanos)


def power(exponent: int) -> int:
    """Return 10^exponent, a whole number."""
    return _POWERS[exponent]


def divide(number: int, by: int) -> int:
    """Return the quotient rounded half to even; `by` is positive."""
    quotient, rest = divmod(number, by)
    twice = 2 * rest
    return quotient + (twice > by or (twice == by and quotient & 1))


def sample(at: int, value: int | str, exponent: int) -> Sample | None:
    """Return a stored number as a sample; None for one nobody could add up (NaN, 10^19)."""
    if isinstance(value, int) and -_FINEST <= exponent <= 0:
        return at, value, exponent
    sign, digits, least = Decimal(value).scaleb(exponent).as_tuple()
    if isinstance(least, str) or len(digits) + least > _LARGEST:
        return None
    if len(digits) + least < -_FINEST:
        return at, 0, 0
    mantissa = int("".join(map(str, digits)))
    if least < -_FINEST:
        mantissa, least = divide(mantissa, 10 ** (-_FINEST - least)), -_FINEST
    return at, -mantissa if sign else mantissa, least


def microwatts(value: Sample) -> int:
    """Return a sample of a power in 1e-6 W."""
    factor = value[2] + 6
    return value[1] * power(factor) if factor >= 0 else divide(value[1], power(-factor))


def area(before: int, after: int, us: int) -> int:
    """Return the energy in 1e-9 kWh between two powers (1e-6 W, neither < 0), `us` µs apart.

    Halves are rounded up.
    """
    return ((before + after) * us + AREA_HALF) // AREA_UNIT


def areas(before: int, after: int, us: int) -> tuple[int, int]:
    """Return the energy above and below zero, both ≥ 0, under the line between two powers."""
    if before >= 0 and after >= 0:
        return area(before, after, us), 0
    if before <= 0 and after <= 0:
        return 0, area(-before, -after, us)
    # The line crosses zero: two triangles.
    slope = abs(after - before)
    first = _rounded(before * before * us, slope)
    second = _rounded(after * after * us, slope)
    return (first, second) if before > 0 else (second, first)


def areas_until(before: int, after: int, us: int, until: int) -> tuple[int, int]:
    """Return the part of `areas` in the first `until` µs; what it lacks of them is the rest."""
    # The power there, times `us`.
    there = before * us + (after - before) * until
    if before >= 0 and there >= 0:
        return _rounded((before * us + there) * until, us), 0
    if before <= 0 and there <= 0:
        return 0, _rounded(-(before * us + there) * until, us)
    slope = abs(after - before)
    first = _rounded(before * before * us, slope)
    second = _rounded(there * there, us * slope)
    return (first, second) if before > 0 else (second, first)


def _rounded(doubled: int, by: int) -> int:
    """Return 1e-9 kWh for a fraction that is twice an area in 1e-12 J."""
    return (doubled + AREA_HALF * by) // (AREA_UNIT * by)
