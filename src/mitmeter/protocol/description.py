"""Messages as plain JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from mitmeter.model import Secret

# Members and headers whose value is nobody's to read over a shoulder, whatever the protocol.
CREDENTIALS = frozenset(
    {"password", "authorization", "proxy-authorization", "cookie", "set-cookie"}
)


def describe(value: object, *, reveal: bool = False) -> Any:
    """Return a message as plain JSON values: `type` first, bytes as hex, Decimals as text, pairs of
    names and values as tables, secrets hidden.
    """
    if isinstance(value, Secret):
        return value.reveal() if reveal else "…"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        shown: dict[str, Any] = {"type": type(value).__name__}
        for each in fields(value):
            shown[each.name] = describe(getattr(value, each.name), reveal=reveal)
        return shown
    if isinstance(value, Mapping):
        return {str(key): describe(item, reveal=reveal) for key, item in value.items()}
    if isinstance(value, tuple | list):
        if value and all(_is_pair(item) for item in value):
            return _table(value, reveal=reveal)
        return [describe(item, reveal=reveal) for item in value]
    return value


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)


def _table(pairs: Iterable[tuple[str, object]], *, reveal: bool) -> dict[str, Any]:
    """Return (name, value) pairs as a table; a name that occurs again becomes a list of its
    values.
    """
    shown: dict[str, Any] = {}
    repeated: set[str] = set()
    for name, value in pairs:
        hidden = not reveal and name.lower() in CREDENTIALS
        plain = "…" if hidden else describe(value, reveal=reveal)
        if name not in shown:
            shown[name] = plain
        elif name in repeated:
            shown[name].append(plain)
        else:
            repeated.add(name)
            shown[name] = [shown[name], plain]
    return shown
