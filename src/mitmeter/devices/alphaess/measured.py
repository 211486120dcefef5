"""Fields → readings: the numbers of one status, telemetry or history row, and what they add up to.

Source: units, signs and packing as `registers` has them [O]; the sums from the identities that hold
in every published row [O].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Context, Decimal
from functools import lru_cache

from mitmeter.devices.alphaess.messages import Json, as_text
from mitmeter.devices.alphaess.registers import (
    IDENTITY_FIELDS,
    REGISTERS,
    TEXT_FIELDS,
    Packed,
    Register,
    unpack_cell,
    vendor,
)
from mitmeter.model import DeviceId, Reading, printable

# Limits of a number that is taken for one. They only keep hostile text out of sums and tables.
MAX_DIGITS = 40
MAX_EXPONENT = 30

# How many undescribed fields one conversation may bring.
MAX_UNDESCRIBED = 256
_NAME = re.compile(r"[A-Za-z0-9_.]{1,64}")

# Sums of such numbers stay exact, whatever the thread's own decimal context is.
_EXACT = Context(prec=2 * MAX_DIGITS + 2 * MAX_EXPONENT)

_PLAIN = {name: each.quantity for name, each in REGISTERS.items() if each.packed is None}
_PACKED = {name: each for name, each in REGISTERS.items() if each.packed is not None}
_ZERO = Decimal(0)


class Undescribed:
    """Quantities for numeric fields a newer firmware adds; bounded, for a peer makes them up."""

    __slots__ = ("_quantities",)

    def __init__(self) -> None:
        self._quantities: dict[str, str] = {}

    def quantity(self, name: str) -> str | None:
        """Return the field's vendor quantity; None for an odd name or one too many."""
        known = self._quantities.get(name)
        if known is None and len(self._quantities) < MAX_UNDESCRIBED and _NAME.fullmatch(name):
            known = self._quantities[name] = vendor(name)
        return known


class Row:
    """One row of fields on its way to readings.

    found: the readings; what they add up to comes last.
    odd:   names of fields that should be numbers and are not, came twice, or are too many.
    """

    __slots__ = ("_at", "_device", "_live", "_reported", "_undescribed", "found", "odd")

    def __init__(
        self,
        device: DeviceId,
        at: datetime,
        reported: datetime | None,
        live: bool,
        undescribed: Undescribed,
    ) -> None:
        self._device = device
        self._at = at
        self._reported = reported
        self._live = live
        self._undescribed = undescribed
        self.found: list[Reading] = []
        self.odd: list[str] = []

    def read(self, fields: Iterable[tuple[str, Json]]) -> None:
        """Read all fields of the row."""
        found, numbers = self.found, dict[str, Decimal]()
        device, at, reported, live = self._device, self._at, self._reported, self._live
        for name, value in fields:
            quantity = _PLAIN.get(name)
            if quantity is None:
                self._read_special(name, value, numbers)
                continue
            number = _short(value) if type(value) is str and len(value) < 16 else numeric(value)
            if number is None or name in numbers:
                self.odd.append(name)
            else:
                numbers[name] = number
                found.append(Reading(device, quantity, number, at, reported, live))
        self._derive(numbers)

    def _add(self, quantity: str, value: Decimal | str) -> None:
        self.found.append(
            Reading(self._device, quantity, value, self._at, self._reported, self._live)
        )

    def _read_special(self, name: str, value: Json, numbers: dict[str, Decimal]) -> None:
        if name in IDENTITY_FIELDS:
            return
        if name in TEXT_FIELDS:
            if text := printable(as_text(value), 64):
                self._add(vendor(name), text)
            return
        number = numeric(value)
        register = _PACKED.get(name)
        if register is None and number is None:
            return  # words of a newer firmware
        quantity = register.quantity if register else self._undescribed.quantity(name)
        if number is None or quantity is None or name in numbers:
            self.odd.append(name)
            return
        numbers[name] = number
        self._add(quantity, number)
        if register is not None:
            self._unpack(register, number)

    def _unpack(self, register: Register, number: Decimal) -> None:
        """Add the cell's voltage or temperature; 0 packs nothing."""
        kind = register.packed or Packed.CELSIUS
        whole = int(number)
        cell = unpack_cell(whole, kind) if whole == number else None
        if cell is None:
            self.odd.append(register.name)
        elif whole:
            exponent = -3 if kind is Packed.MILLIVOLT else 0
            self._add(register.unpacked, Decimal(cell.value).scaleb(exponent, _EXACT))

    def _derive(self, numbers: Mapping[str, Decimal]) -> None:
        """Add what follows from the fields, where all it needs could be read.

        Phases and the PV meter count as 0 where a firmware does not send them at all. The house
        takes what inverter, grid and the AC-coupled PV inverter give it; the common shortcut from
        DC powers ignores losses and goes negative.
        """
        odd = self.odd
        grid = _sum(numbers, odd, "PmeterL1", "PmeterL2", "PmeterL3")
        inverter = _sum(numbers, odd, "PrealL1", "PrealL2", "PrealL3")
        pv = _sum(numbers, odd, "Ppv1", "Ppv2", "PmeterDC")
        pv_meter = _sum(numbers, odd, "PmeterDC")
        if grid is not None:
            self._add("grid.power", grid)
        if pv is not None:
            self._add("pv.power", max(pv, _ZERO))
        if inverter is not None:
            self._add("inverter.power", inverter)
        if grid is not None and inverter is not None and "PmeterDC" not in odd:
            house = _EXACT.add(_EXACT.add(grid, inverter), pv_meter or _ZERO)
            self._add("house.power", max(house, _ZERO))


def _sum(numbers: Mapping[str, Decimal], odd: list[str], first: str, *more: str) -> Decimal | None:
    """Return the sum of the fields; None without the first, or with one that could not be read."""
    total = numbers.get(first)
    if total is None or (odd and not {first, *more}.isdisjoint(odd)):
        return None
    for name in more:
        number = numbers.get(name)
        if number:
            total = _EXACT.add(total, number)
    return total


# --- numbers ---

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,4})?")


def numeric(value: Json) -> Decimal | None:
    """Return the value as an exact number within MAX_DIGITS and MAX_EXPONENT, or None."""
    if isinstance(value, Decimal):
        return _bounded(value)
    if not isinstance(value, str) or len(value) > 2 * MAX_DIGITS or not _NUMBER.fullmatch(value):
        return None
    return _bounded(Decimal(value))


# The same few texts come every ten seconds.
_short = lru_cache(maxsize=2048)(numeric)


def _bounded(number: Decimal) -> Decimal | None:
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or len(digits) > MAX_DIGITS or abs(exponent) > MAX_EXPONENT:
        return None
    if not number:
        return number.copy_abs()
    # 1E+3 means 1000 and is written so everywhere else.
    return number if exponent <= 0 else Decimal(int(number))
