"""Who an emulated display is: its persona's tables as typed values, with errors that name the key.

Everything has a default, so an empty persona is a display with an electricity meter and no gas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from mitmeter.errors import ConfigError

_HEX = re.compile(r"[0-9A-F]+")


class Quirk(StrEnum):
    """clock_unset: the clock starts at 1970. sentinels: the meters have no values. not_joined: the
    meter network is out of reach. empty_meters: clusters without attributes. no_id: no X-ID.
    lower_case: header names in lower case.

    Source: fact sheet §3.10, §5 [O, I].
    """

    CLOCK_UNSET = "clock_unset"
    SENTINELS = "sentinels"
    NOT_JOINED = "not_joined"
    EMPTY_METERS = "empty_meters"
    NO_ID = "no_id"
    LOWER_CASE = "lower_case"


@dataclass(frozen=True, slots=True)
class Identity:
    """mac: 12 hexadecimal digits. name: what X-ID says. eui: the radio's address, 16 digits."""

    mac: str
    name: str
    eui: str
    hardware: str
    radio: str
    meters: str


@dataclass(frozen=True, slots=True)
class Supply:
    """One meter: its number, its supplier, and what is on its registers when the house begins."""

    number: str
    supplier: str
    begin: int
    begin_export: int = 0
    calorific: Decimal = Decimal("39.4")


@dataclass(frozen=True, slots=True)
class Rate:
    """A tariff: label, and pounds per kWh and per day with so many decimals."""

    label: str
    price: Decimal
    standing: Decimal
    digits: int


@dataclass(frozen=True, slots=True)
class Persona:
    """All of it. every: the least and the most seconds between two reports."""

    identity: Identity
    electricity: Supply
    gas: Supply | None
    rate: Rate
    every: tuple[int, int]
    keeps_alive: bool
    quirks: frozenset[Quirk]


def read_persona(tables: Mapping[str, Any], options: Mapping[str, str]) -> Persona:
    """Return the persona, with this run's options in the place of its own words.

    options: `serial` (X-ID, and the MAC where it is one), `connection` (keep or close), `seconds`,
             `misbehave` (comma-separated).
    Raises ConfigError, naming the key, for what cannot be used.
    """
    keeps = options.get("connection", tables.get("connection", "keep"))
    if keeps not in ("keep", "close"):
        raise ConfigError("connection", f"{keeps!r} is neither 'keep' nor 'close'")
    return Persona(
        identity=_identity(_table(tables, "identity"), options.get("serial", "")),
        electricity=_supply("electricity", _table(tables, "electricity")),
        gas=_supply("gas", _table(tables, "gas")) if "gas" in tables else None,
        rate=_rate(_table(tables, "tariff")),
        every=_every(tables, options),
        keeps_alive=keeps == "keep",
        quirks=_quirks(tables, options),
    )


def _identity(table: Mapping[str, Any], serial: str) -> Identity:
    mac = _text("identity", table, "mac", "02005E302010")
    name = _text("identity", table, "name", "")
    if serial:
        name = serial
        if len(serial) in (12, 16) and _HEX.fullmatch(serial):
            mac = serial if len(serial) == 12 else serial[:6] + serial[10:]
    if len(mac) != 12 or not _HEX.fullmatch(mac):
        raise ConfigError("identity.mac", f"{mac!r} is not 12 hexadecimal digits, upper case")
    eui = f"{mac[:6]}FFFE{mac[6:]}"
    if not (name or eui).isprintable() or len(name) > 64:
        raise ConfigError("identity.name", f"{name!r} is not plain text of up to 64 characters")
    return Identity(
        mac=mac,
        name=name or eui,
        eui=eui,
        hardware=_text("identity", table, "hardware", "GLOW-IHD-01-1v4-SMETS2"),
        radio=_text("identity", table, "radio", "1.2.5"),
        meters=_text("identity", table, "meters", "SMETS2"),
    )


def _supply(name: str, table: Mapping[str, Any]) -> Supply:
    """Registers are given in kWh or m³, and held in watt-hours or litres."""
    number = "1900000000001" if name == "electricity" else "9900000001"
    return Supply(
        number=_text(name, table, "number", number),
        supplier=_text(name, table, "supplier", ""),
        begin=_thousandths(name, table, "register"),
        begin_export=_thousandths(name, table, "export_register"),
        calorific=_amount(name, table, "calorific_value", "39.4"),
    )


def _rate(table: Mapping[str, Any]) -> Rate:
    digits = table.get("digits", 4)
    if digits not in range(2, 7):
        raise ConfigError("tariff.digits", f"{digits!r} is not 2 to 6")
    label = _text("tariff", table, "label", "STANDARD")
    if len(label) > 12 or not label.isprintable():
        raise ConfigError("tariff.label", f"{label!r} is longer than 12 characters")
    price, standing = (
        _amount("tariff", table, key, default)
        for key, default in (("price", "0.25"), ("standing", "0.48"))
    )
    for key, value in (("price", price), ("standing", standing)):
        if value.scaleb(digits) != int(value.scaleb(digits)):
            raise ConfigError(f"tariff.{key}", f"{value} has more than {digits} decimals")
    return Rate(label, price, standing, digits)


def _every(tables: Mapping[str, Any], options: Mapping[str, str]) -> tuple[int, int]:
    if "seconds" in options:
        text = options["seconds"]
        if not text.isdecimal() or not 1 <= int(text) <= 3600:
            raise ConfigError("seconds", f"{text!r} is not 1 to 3600")
        return int(text), int(text)
    every = tables.get("seconds", [6, 10])
    if (
        not isinstance(every, list)
        or len(every) != 2
        or not all(isinstance(each, int) for each in every)
        or not 1 <= every[0] <= every[1] <= 3600
    ):
        raise ConfigError("seconds", f"{every!r} is not the least and the most, from 1 to 3600")
    return every[0], every[1]


def _quirks(tables: Mapping[str, Any], options: Mapping[str, str]) -> frozenset[Quirk]:
    words = options.get("misbehave")
    named = words.split(",") if words is not None else tables.get("misbehave", [])
    if not isinstance(named, list) or not all(isinstance(word, str) for word in named):
        raise ConfigError("misbehave", f"{named!r} is not a list of words")
    found = [word.strip() for word in named if word.strip()]
    for word in found:
        if word not in tuple(Quirk):
            raise ConfigError("misbehave", f"{word!r} is none of {', '.join(Quirk)}")
    return frozenset(Quirk(word) for word in found)


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name, {})
    if not isinstance(found, Mapping):
        raise ConfigError(name, "is not a table")
    return found


def _text(name: str, table: Mapping[str, Any], key: str, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise ConfigError(f"{name}.{key}", f"{value!r} is not text")
    return value


def _amount(name: str, table: Mapping[str, Any], key: str, default: str) -> Decimal:
    """Return a number that is written as text, so that it is exact, or as a number."""
    value = table.get(key, default)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            amount = Decimal(str(value))
        except ArithmeticError:
            amount = Decimal("NaN")
        if amount.is_finite() and 0 <= amount < 1_000_000_000:
            return amount
    raise ConfigError(f"{name}.{key}", f"{value!r} is no number from 0 up")


def _thousandths(name: str, table: Mapping[str, Any], key: str) -> int:
    return int(_amount(name, table, key, "0") * 1000)
