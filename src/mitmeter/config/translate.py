"""A validation error in pydantic's terms → one ConfigError in the operator's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mitmeter.config.section import Section
from mitmeter.config.sink_tables import KINDS, plain_loc, table_of
from mitmeter.config.suggest import hint, one_of
from mitmeter.config.values import TABLES, Config, keys
from mitmeter.errors import ConfigError

# Tables that there can be several of.
LISTS = {("station",), ("tariff",)}
_EXPECTED = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list in [brackets]",
    "dict_type": "a table",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def path_of(loc: Sequence[int | str]) -> str:
    """Return the key's path as an operator would write it: `station[2].listen`."""
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def translate(error: Any) -> ConfigError:
    """Return one of pydantic's error dicts as a ConfigError: the key's path, a plain sentence."""
    loc = error["loc"]
    return ConfigError(
        path_of(plain_loc(loc)), _problem(error["type"], loc, error["input"], error.get("ctx", {}))
    )


def _problem(kind: str, loc: tuple[int | str, ...], got: object, context: dict[str, Any]) -> str:
    if kind == "extra_forbidden":
        return _unknown(loc)
    if kind == "missing":
        described = keys(_table(loc[:-1]))[str(loc[-1])].description
        return f"is required: {described}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return _not_a_choice(got, str(context["expected"]))
    if kind == "string_pattern_mismatch":
        return f"{got!r} is not a name; letters, digits, - and _, at most 40 of them"
    if kind in {"model_type", "model_attributes_type"}:
        return _not_a_table(loc, got)
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"{got} is out of range; it must be {words} {context[bound]:g}"
    if kind == "finite_number":
        return f"{got} is not a number to reckon with"
    if kind == "union_tag_invalid":
        said = one_of(str(context["tag"]), KINDS)
        return f'which kind of sink is it? {said}; say it with kind = "…"'
    if loc in LISTS:
        return f"write [[{loc[0]}]], with two brackets: there can be several"
    return f"expected {_EXPECTED.get(kind, 'another kind of value')}, got {shown(got)}"


def _unknown(loc: tuple[int | str, ...]) -> str:
    key = str(loc[-1])
    if len(loc) > 1:
        return f"is not a known key; {hint(key, keys(_table(loc[:-1])))}"
    homes = [name for name, table in TABLES.items() if key in keys(table)]
    if homes:
        return f"is not known here; it belongs into [{homes[0]}]"
    return f"is not a known section; {hint(key, TABLES)}"


def _not_a_choice(got: object, expected: str) -> str:
    choices = [part.strip(" '") for part in expected.replace(" or ", ", ").split(",")]
    return f"{got!r} is not one of {', '.join(choices)}; {hint(str(got), choices)}"


def _not_a_table(loc: tuple[int | str, ...], got: object) -> str:
    path = ".".join(str(part) for part in loc if not isinstance(part, int))
    header = f"[[{path}]]" if (path,) in LISTS else f"[{path}]"
    return f"expected a table {header}, got {shown(got)}"


def _table(loc: Sequence[int | str]) -> type[Section]:
    """Return the model of the table a key stands in; a place in a list is the list's table."""
    sink = table_of(tuple(loc))
    if sink is not None:
        return sink
    path = ".".join(str(part) for part in loc if not isinstance(part, int))
    return TABLES[path] if path else Config


def shown(value: object) -> str:
    """Return a wrong value as the operator wrote it, with its kind."""
    if isinstance(value, bool):
        return f"{str(value).lower()} (a boolean)"
    if isinstance(value, int | float):
        return f"{value} (a number)"
    if isinstance(value, str):
        return f'"{value}" (text)'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, tuple | list):
        return "a list"
    return f"{value} (a {type(value).__name__})"
