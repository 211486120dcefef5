"""One JSON object on a line, as `mitmeter readings --json` prints it, → a row.

`{"device":"glow:02005EFFFE302010","quantity":"grid.power","value":312,"at":"2026-11-20T10:00:00Z"}`;
`unit` and `source` may stand there and are not looked at; `received`, `reported` and `origin` are
kept. In the place of `quantity` and `value` there may be several at once:
`"values":{"grid.power":312,"grid.import":4200.118}`.
"""

from __future__ import annotations

import json
from datetime import UTC
from decimal import Decimal
from typing import Any

from mitmeter.devices.history.rows import Reader, Row
from mitmeter.devices.history.values import (
    bounded,
    device,
    instant,
    own_time,
    quantity_name,
    state,
    value,
)
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import Origin, printable

_decode = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal).decode


def json_row(text: str, reader: Reader) -> Row:
    """Raises RemoteProtocolError naming the member that is missing or wrong."""
    try:
        found = _decode(text)
    except (ValueError, ArithmeticError, RecursionError) as exc:
        raise RemoteProtocolError(f"no JSON: {printable(str(exc), 80)}") from exc
    if not isinstance(found, dict):
        raise RemoteProtocolError("no JSON object")
    told = _text(found, "device")
    who = reader.device if told is None else device(told)
    if who is None:
        raise RemoteProtocolError("device is missing")
    at_text = _text(found, "at", numbers=True)
    if at_text is None:
        raise RemoteProtocolError("at is missing")
    at = instant(at_text, reader.zone)
    received = _text(found, "received")
    reported = _text(found, "reported")
    heard = at if received is None else instant(received, UTC)
    own = at if received is None and reported is None else None
    return Row(
        device=who,
        at=at,
        values=_values(found, reader),
        received=heard,
        reported=own if reported is None else own_time(reported),
        origin=Origin.SYNTHETIC if found.get("origin") == "synthetic" else Origin.OBSERVED,
    )


def _values(found: dict[str, Any], reader: Reader) -> tuple[tuple[str, Decimal | str], ...]:
    several = found.get("values")
    if several is None:
        name = _text(found, "quantity")
        if name is None:
            raise RemoteProtocolError("quantity is missing")
        several = {name: found.get("value")}
    if not isinstance(several, dict):
        raise RemoteProtocolError("values is no table")
    return tuple(_value(name, each, reader) for name, each in several.items())


def _value(told: str, given: Any, reader: Reader) -> tuple[str, Decimal | str]:
    name = quantity_name(reader.quantities.get(told, told))
    if isinstance(given, Decimal):
        number = bounded(given)
        if number is None:
            raise RemoteProtocolError(f"{name}: {given} is out of reach")
        return name, number
    if not isinstance(given, str):
        raise RemoteProtocolError(f"{name}: {printable(str(given), 40)} is no value")
    # A text of a vendor's is a text, whatever it looks like: a number would stand without quotes.
    return name, state(name, given) if name.startswith("vendor.") else value(name, given)


def _text(found: dict[str, Any], name: str, *, numbers: bool = False) -> str | None:
    given = found.get(name)
    if isinstance(given, Decimal) and numbers:
        return format(given, "f") if bounded(given) is not None else str(given)
    if given is not None and not isinstance(given, str):
        raise RemoteProtocolError(f"{name} is no text")
    return given
