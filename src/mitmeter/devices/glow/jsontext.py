"""JSON text → members, with numbers exact; hostile text is refused in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Json = str | bool | int | Decimal | None | list["Json"] | dict[str, "Json"]
Members = Mapping[str, Json]

MAX_DEPTH = 32  # nothing real is deeper than 5


class JsonError(Exception):
    """Why a text is no JSON object, in words."""


def parse_object(text: str) -> Members:
    """Return the members of the JSON object that the text is; of a repeated name the last counts.

    Control characters inside strings are tolerated. Raises JsonError otherwise.
    """
    try:
        found = _READ(text)
    except RecursionError:
        raise JsonError(_TOO_DEEP) from None
    except ArithmeticError:
        raise JsonError("not JSON: a number with an impossible exponent") from None
    except ValueError as exc:
        raise JsonError(f"not JSON: {exc}") from None
    if not isinstance(found, dict):
        raise JsonError("JSON, but not an object")
    # So few brackets cannot be nested too deep, the ordinary case.
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(found) > MAX_DEPTH:
        raise JsonError(_TOO_DEEP)
    return found


_TOO_DEEP = f"JSON nested deeper than {MAX_DEPTH}"


def _constant(name: str) -> Json:
    raise ValueError(f"{name} is no number")


_READ = json.JSONDecoder(parse_float=Decimal, parse_constant=_constant, strict=False).decode


def _depth(value: Any) -> int:
    """Return how deep a value is nested, counting no further than is too deep."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += [one for one in each.values() if isinstance(one, dict | list)]
            else:
                inner += [one for one in each if isinstance(one, dict | list)]
        level = inner
    return depth
