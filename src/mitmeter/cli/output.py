"""Printing: JSON Lines with exact numbers, and tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from mitmeter.model import Origin, Reading, printable, quantity


def json_text(value: Any) -> str:
    """Return JSON on one line; Decimals become number literals with every digit they have."""
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, Mapping):
        members = (f"{json.dumps(str(key))}:{json_text(item)}" for key, item in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(json_text(item) for item in value) + "]"
    if isinstance(value, datetime):
        return json.dumps(utc_text(value))
    return json.dumps(value, ensure_ascii=False)


def utc_text(at: datetime) -> str:
    """Return an aware instant as `2021-03-24T20:59:22Z`, with microseconds only where there are
    any.
    """
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
    return printable(value, 60) if isinstance(value, str) else format(value, "f")


def mark(origin: Origin) -> str:
    """Return how simulated data is marked in tables."""
    return "simulated" if origin is Origin.SYNTHETIC else ""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """Print rows under headings, as wide as the terminal; `empty` when there are none."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column in ("value", "bytes", "chunks", "readings", "skew")
        table.add_column(column, justify="right" if right else "left", no_wrap=right)
    count = 0
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
        count += 1
    if not count:
        print(empty, file=sys.stderr)
        return
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
