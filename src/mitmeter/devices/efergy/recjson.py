"""The body of an h1 report: text ⇄ rows.

`json=` MAC, time, version, JSON and hash, split by pipes; usually not percent-encoded in spite of
its Content-Type [O].
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import unquote_to_bytes

from mitmeter.devices.efergy.messages import CurrentRow, Odd
from mitmeter.devices.efergy.registers import MOST_LINES, MOST_SID, OVERFLOW

_START = b"json="
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class RecJson:
    """What stands behind `json=`."""

    mac: str
    ts: str
    firmware: str
    rows: tuple[CurrentRow, ...]
    odd: tuple[Odd, ...]


def parse_recjson(body: bytes) -> RecJson | str:
    """Return what an h1 body says, or why it says nothing, in words. Total."""
    if not body.startswith(_START):
        return "the body does not begin with json="
    inner = body[len(_START) :]
    if b"|" not in inner and b"%7c" in inner.lower():
        inner = unquote_to_bytes(inner)
    # From the outside, so that a pipe inside the JSON does no harm.
    parts = inner.decode("latin-1").split("|", 3)
    if len(parts) < 4 or "|" not in parts[3]:
        return f"{inner.count(b'|') + 1} parts between pipes, 5 expected"
    mac, ts, firmware, rest = parts
    text = rest.rpartition("|")[0]
    try:
        told = json.loads(text, parse_float=Decimal, parse_constant=str)
    except (ValueError, RecursionError) as exc:
        return f"no JSON between the pipes: {type(exc).__name__}"
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, list):
        return "the JSON has no list named data"
    return RecJson(mac, ts, firmware, *_rows(data))


def _rows(data: list[object]) -> tuple[tuple[CurrentRow, ...], tuple[Odd, ...]]:
    rows: list[CurrentRow] = []
    odd: list[Odd] = []
    for each in data[:MOST_LINES]:
        found = _row(each)
        if isinstance(found, CurrentRow):
            rows.append(found)
        else:
            odd.append(Odd(_json(each), found))
    if len(data) > MOST_LINES:
        odd.append(Odd("", f"{len(data) - MOST_LINES} rows beyond the {MOST_LINES}th"))
    return tuple(rows), tuple(odd)


def _row(row: object) -> CurrentRow | str:
    """Return one row, or why it is none."""
    if not isinstance(row, list) or len(row) < 4:
        return "no row of at least 4 items"
    sid, unit, mode, current = row[:4]
    if type(sid) is not int or not 0 < sid <= MOST_SID:
        return "no sensor id of 1 to 7 digits"
    if unit != "mA" or not isinstance(mode, str):
        return "the unit is not mA"
    # A boolean is an int to Python; NaN and Infinity arrive as text.
    if type(current) is not int and not isinstance(current, Decimal):
        return "the current is no number"
    milliamps = Decimal(current)
    if not -OVERFLOW < milliamps < OVERFLOW:
        return "the current is an overflow"
    return CurrentRow(sid, unit, mode, milliamps, tuple(_json(item) for item in row[4:12]))


def _json(value: object) -> str:
    try:
        return json.dumps(value, default=str)[:_SHOWN]
    except (ValueError, RecursionError):
        return "…"


def recjson_body(mac: str, ts: str, firmware: str, rows: Iterable[CurrentRow], hash_: str) -> bytes:
    """Return the body an h1 hub says these rows in, not percent-encoded."""
    written = ",".join(_written(row) for row in rows)
    return f'json={mac}|{ts}|{firmware}|{{"data":[{written}]}}|{hash_}'.encode("latin-1")


def _written(row: CurrentRow) -> str:
    items = (str(row.sid), json.dumps(row.unit), json.dumps(row.mode), str(row.milliamps))
    return f"[{','.join((*items, *row.rest))}]"
