"""Printing: JSON Lines with exact numbers, and values as people read them."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mitmeter.model import Origin, Reading, printable, quantity

# How many decimals of a unit a person looks at; exact values are what --json prints.
_DECIMALS = {"W": 0, "dBm": 0, "V": 1, "A": 1, "%": 1, "s": 1, "°C": 1, "kWh": 2, "m³": 2, "Hz": 2}

_plain = json.JSONEncoder(ensure_ascii=False).encode
_escaped = json.JSONEncoder().encode


def json_text(value: Any) -> str:
    """Return JSON on one line; Decimals become number literals with every digit they have.

    Text stays readable; what could upset a terminal (or is no character) is escaped. Numbers that
    are none become null.
    """
    if isinstance(value, str):
        return _plain(value) if value.isprintable() else _escaped(value)
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, Mapping):
        return "{" + ",".join(_key(key) + json_text(item) for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(json_text, value)) + "]"
    if isinstance(value, datetime):
        return f'"{utc_text(value)}"'
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return _plain(value)


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    return json_text(str(name)) + ":"


def utc_text(at: datetime) -> str:
    """Return an aware instant as `2021-03-24T20:59:22Z`, with microseconds where there are any."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")


def reading_object(reading: Reading) -> dict[str, Any]:
    """Return one reading in the shape of `readings --json`."""
    shown: dict[str, Any] = {
        "device": str(reading.device),
        "quantity": reading.quantity,
        "value": reading.value,
        "unit": quantity(reading.quantity).unit,
        "at": reading.at,
        "received": reading.received,
        "origin": str(reading.origin),
        "source": reading.source,
    }
    if reading.reported is not None:
        shown["reported"] = reading.reported.isoformat()
    return shown


def value_text(value: Decimal | str) -> str:
    """Return a value with every digit it has; text safe for a terminal."""
    return printable(value, 60) if isinstance(value, str) else format(value, "f")


def brief(reading: Reading) -> str:
    """Return a value with its unit, rounded to what a person looks at: `-1310 W`."""
    unit = quantity(reading.quantity).unit
    return f"{brief_value(reading)} {unit}".rstrip()


def brief_value(reading: Reading) -> str:
    """Return a value without its unit, rounded to what a person looks at."""
    value = reading.value
    decimals = _DECIMALS.get(quantity(reading.quantity).unit)
    if isinstance(value, str) or decimals is None or not value.is_finite():
        return value_text(value)
    # Adding 0 makes a zero of what would be printed as -0.
    return format(round(value, decimals) + 0, f".{decimals}f")


def mark(origin: Origin) -> str:
    """Return how simulated data is marked in tables."""
    return "simulated" if origin is Origin.SYNTHETIC else ""


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 packet`, `2 packets`, `1,200 packets`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
