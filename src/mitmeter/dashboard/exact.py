"""Readings as lines of text with every digit they have: CSV and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from mitmeter.model import Reading, quantity

COLUMNS = ("device", "quantity", "value", "unit", "at", "received", "origin", "source", "reported")
# What a spreadsheet would take for a formula when it stands at the beginning of a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_head(columns: Iterable[str] = COLUMNS) -> str:
    return ",".join(columns) + "\r\n"


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as CSV (RFC 4180). Text that would be a formula gets a ' in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([_cell(each) for each in row] for row in rows)
    return out.getvalue()


def reading_cells(reading: Reading) -> tuple[object, ...]:
    """Return a reading's cells in the order of COLUMNS."""
    return (
        str(reading.device),
        reading.quantity,
        reading.value,
        quantity(reading.quantity).unit,
        reading.at,
        reading.received,
        str(reading.origin),
        reading.source,
        None if reading.reported is None else reading.reported.isoformat(),
    )


def reading_line(reading: Reading) -> str:
    """Return a reading as one line of JSON, in the shape of `mitmeter readings --json`."""
    value = reading.value
    if isinstance(value, str):
        shown = json.dumps(value)
    else:
        shown = format(value, "f") if value.is_finite() else "null"
    cells = dict(zip(COLUMNS, reading_cells(reading), strict=True))
    del cells["value"]
    if cells["reported"] is None:
        del cells["reported"]
    parts = [f"{json.dumps(name)}:{_json(cell)}" for name, cell in cells.items()]
    parts.insert(2, f'"value":{shown}')
    return "{" + ",".join(parts) + "}\n"


def utc_text(at: datetime) -> str:
    """Return an aware instant as `2021-03-24T20:59:22Z`, with microseconds where there are any."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _json(cell: object) -> str:
    return json.dumps(utc_text(cell) if isinstance(cell, datetime) else cell)


def _cell(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
