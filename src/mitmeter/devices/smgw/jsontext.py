"""JSON bodies → plain values, numbers exact; hostile text is refused in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from mitmeter.errors import RemoteProtocolError

Json = str | bool | int | Decimal | None | list["Json"] | dict[str, "Json"]

MAX_DEPTH = 32  # nothing real is deeper than 7


def parse_json(body: bytes) -> Json:
    """Return what a body says. Raises RemoteProtocolError, in words, for what is no JSON."""
    if not body.strip():
        raise RemoteProtocolError("an empty body")
    try:
        text = body.decode()
        found: Json = _READ(text)
    except UnicodeDecodeError as exc:
        raise RemoteProtocolError(f"not UTF-8 text at body byte {exc.start}") from None
    except (RecursionError, ArithmeticError):
        raise RemoteProtocolError("JSON beyond all bounds") from None
    except ValueError as exc:
        raise RemoteProtocolError(f"not JSON: {exc}") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _too_deep(found):
        raise RemoteProtocolError(f"JSON nested deeper than {MAX_DEPTH}")
    return found


def parse_object(body: bytes) -> Mapping[str, Json]:
    """Return the members of a JSON object. Raises RemoteProtocolError for anything else."""
    found = parse_json(body)
    if not isinstance(found, dict):
        raise RemoteProtocolError("JSON, but not an object")
    return found


def text_of(members: Mapping[str, Json], name: str) -> str:
    """Return a member that is text; "" for any other and for none."""
    value = members.get(name)
    return value.strip() if isinstance(value, str) else ""


def objects_of(members: Mapping[str, Json], name: str) -> list[Mapping[str, Json]]:
    """Return the objects in a member that is a list; what else is in it is skipped."""
    value = members.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _constant(name: str) -> Json:
    raise ValueError(f"{name} is no number")


_READ = json.JSONDecoder(parse_float=Decimal, parse_constant=_constant, strict=False).decode


def _too_deep(value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Json] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        if not inner:
            return False
        level = inner
    return True
