"""JSON text ⇄ members: order and repeated keys kept, numbers exact, hostile text refused in words.

The wire has no whitespace but after a few commas, which the caller names. Control characters inside
strings are tolerated when reading and escaped when writing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from decimal import Decimal
from json.encoder import encode_basestring as quoted
from typing import Any

from mitmeter.devices.alphaess.messages import Json, Members, Object

MAX_DEPTH = 32  # nothing real is deeper than 1


class JsonError(Exception):
    """Why a text is no JSON object, or a value cannot be written as JSON, in words."""


def parse_members(text: str) -> Members:
    """Return the members of the JSON object that the text is. Raises JsonError otherwise."""
    if text[:1] in _BLANKS:
        text = text.strip(_BLANKS)
        if not text:
            raise JsonError("empty where a JSON object belongs")
    try:
        found, end = _READ(text)
        if text[end:].strip(_BLANKS):
            raise JsonError(f"more text after the JSON, at offset {end}")
        if type(found) is not Object:
            raise JsonError("JSON, but not an object")
        # An object of plain values, the ordinary case, has one brace and no bracket.
        if "[" in text or text.count("{") > 1:
            return tuple((name, _frozen(value, 1)) for name, value in found.members)
    except RecursionError:
        raise JsonError(_TOO_DEEP) from None
    except ArithmeticError:
        raise JsonError("not JSON: a number with an impossible exponent") from None
    except ValueError as exc:
        raise JsonError(f"not JSON: {exc}") from None
    return found.members


def json_text(members: Members, spaced: Collection[str] = ()) -> str:
    """Return the members as JSON, with a space after the comma before the `spaced` names only.

    Raises JsonError for a number that is not finite, for depth, and for two half characters that a
    reader would join.
    """
    parts: list[str] = []
    for name, value in members:
        if parts:
            parts.append(", " if name in spaced else ",")
        parts += (quoted(name), ":", quoted(value) if type(value) is str else _text(value, 1))
    text = f"{{{''.join(parts)}}}"
    if text.isascii() or not _HALF.search(text):
        return text
    if _JOINING.search(text):
        raise JsonError("two halves of a character in a row")
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


_TOO_DEEP = f"JSON nested deeper than {MAX_DEPTH}"
_BLANKS = " \t\r\n"
_HALF = re.compile("[\ud800-\udfff]")
_JOINING = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def _object(pairs: list[tuple[str, Any]]) -> Object:
    return Object(tuple(pairs))


def _constant(name: str) -> Json:
    raise ValueError(f"{name} is no number")


_READ = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=Decimal,
    parse_float=Decimal,
    parse_constant=_constant,
    strict=False,
).raw_decode


def _frozen(value: Any, depth: int) -> Json:
    """Return a parsed value with tuples for lists. Raises JsonError below MAX_DEPTH."""
    if not isinstance(value, list | Object):
        plain: Json = value
        return plain
    if depth >= MAX_DEPTH:
        raise JsonError(_TOO_DEEP)
    if isinstance(value, list):
        return tuple(_frozen(each, depth + 1) for each in value)
    return Object(tuple((name, _frozen(each, depth + 1)) for name, each in value.members))


def _text(value: Json, depth: int) -> str:
    if isinstance(value, str):
        return quoted(value)
    if value is True or value is False:
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise JsonError(f"{value} is no JSON number")
        return str(value)
    if depth >= MAX_DEPTH:
        raise JsonError(_TOO_DEEP)
    if isinstance(value, Object):
        inner = (f"{quoted(name)}:{_text(each, depth + 1)}" for name, each in value.members)
        return f"{{{','.join(inner)}}}"
    return f"[{','.join(_text(each, depth + 1) for each in value)}]"
