"""One line of a CSV → a row. Two forms, told apart by the header:

long: `device,quantity,value,at`, one value to a line, any order of columns;
wide: `at,grid.power,grid.import`, one column to a quantity; an empty cell is no value.

The columns `received`, `reported` and `origin` are kept; `unit` and `source` not looked at.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC
from decimal import Decimal
from functools import lru_cache

from mitmeter.devices.history.rows import Reader, Row
from mitmeter.devices.history.values import device, instant, own_time, quantity_name, value
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import Origin, printable

DEVICE, QUANTITY, VALUE, AT = "device", "quantity", "value", "at"
RECEIVED, REPORTED, ORIGIN = "received", "reported", "origin"
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_IGNORED = frozenset({"unit", "source"})
_NAMES = {
    "time": AT, "timestamp": AT, "date": AT, "datetime": AT, "name": QUANTITY,
}  # fmt: skip
_KNOWN = frozenset({DEVICE, QUANTITY, VALUE, AT, RECEIVED, REPORTED, ORIGIN}) | _IGNORED


def cells(text: str, delimiter: str) -> list[str]:
    """Return a line's cells. Raises RemoteProtocolError for quotes that do not match."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as exc:
        raise RemoteProtocolError(f"no CSV: {exc}") from exc
    return rows[0] if rows else []


def columns(header: str, delimiter: str) -> tuple[str, ...]:
    """Return the names of a header's columns, in our words."""
    found = (each.strip() for each in cells(header, delimiter))
    return tuple(_column(each) for each in found)


def _column(told: str) -> str:
    name = told.lower()
    name = _NAMES.get(name, name)
    return name if name in _KNOWN else told


def check_columns(reader: Reader) -> None:
    """Raise RemoteProtocolError where nothing can be read of lines with these columns."""
    _plan(reader.columns, tuple(reader.quantities.items()))
    if DEVICE not in reader.columns and reader.device is None:
        raise RemoteProtocolError("there is no column 'device', and no device is named")


def csv_row(text: str, reader: Reader) -> Row:
    """Raises RemoteProtocolError naming the column that is wrong."""
    found = cells(text, reader.delimiter)
    names = reader.columns
    if len(found) != len(names):
        raise RemoteProtocolError(f"{len(found)} cells under {len(names)} columns")
    plan = _plan(names, tuple(reader.quantities.items()))
    who = reader.device if plan.device is None else device(found[plan.device].strip())
    if who is None:
        raise RemoteProtocolError("device is missing")
    at = instant(found[plan.at].strip(), reader.zone)
    values: list[tuple[str, Decimal | str]] = []
    if plan.quantity is not None:
        told = found[plan.quantity].strip()
        name = quantity_name(reader.quantities.get(told, told))
        values.append((name, value(name, _plain(found[plan.value], reader))))
    for index, name in plan.wide:
        cell = _plain(found[index], reader)
        if cell:
            values.append((name, value(name, cell)))
    if not plan.more:
        return Row(who, at, values, at, at)
    more = {name: found[index].strip() for name, index in plan.more}
    received, reported = more.get(RECEIVED, ""), more.get(REPORTED, "")
    own = None if received and not reported else at
    return Row(
        who,
        at,
        values,
        instant(received, UTC) if received else at,
        own_time(reported) if reported else own,
        Origin.SYNTHETIC if more.get(ORIGIN) == "synthetic" else Origin.OBSERVED,
    )


def _plain(cell: str, reader: Reader) -> str:
    """Return a cell's value; where commas do not part cells, they are decimal points."""
    cell = cell.strip()
    if reader.delimiter != "," and _COMMA.fullmatch(cell):
        return cell.replace(",", ".")
    return cell


class _Plan:
    """Where in a line the cells are that count."""

    __slots__ = ("at", "device", "more", "quantity", "value", "wide")

    def __init__(self, names: tuple[str, ...], renamed: dict[str, str]) -> None:
        place = {name: index for index, name in reversed(list(enumerate(names)))}
        if AT not in place:
            raise RemoteProtocolError("there is no column 'at'")
        self.at = place[AT]
        self.device = place.get(DEVICE)
        self.quantity = place.get(QUANTITY)
        self.value = place.get(VALUE, -1)
        self.wide: tuple[tuple[int, str], ...] = ()
        if self.quantity is None:
            self.wide = tuple(
                (index, quantity_name(renamed.get(name, name)))
                for name, index in place.items()
                if name not in _KNOWN and name
            )
            if not self.wide:
                raise RemoteProtocolError("there is no column 'quantity', nor one of a quantity")
        elif self.value < 0:
            raise RemoteProtocolError("there is no column 'value'")
        else:
            odd = next((name for name in names if name not in _KNOWN), None)
            if odd is not None:
                raise RemoteProtocolError(f"column {printable(odd, 40)!r} is not known")
        self.more = tuple(
            (name, place[name]) for name in (RECEIVED, REPORTED, ORIGIN) if name in place
        )


@lru_cache(maxsize=256)
def _plan(names: tuple[str, ...], renamed: tuple[tuple[str, str], ...]) -> _Plan:
    return _Plan(names, dict(renamed))
