"""Every key with its default and meaning, as commented TOML that itself parses."""

from __future__ import annotations

import json
import textwrap
from typing import Annotated, Any

from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined

from mitmeter.config.section import Section
from mitmeter.config.values import TABLES, Config, keys

_WIDTH = 96


def dump() -> str:
    """Return a whole mitmeter.toml: the defaults, and the optional tables to uncomment."""
    parts = ["# mitmeter: every key, its meaning and its default.\n"]
    defaults = Config().model_dump(mode="json", by_alias=True)
    for name, table in TABLES.items():
        if name.partition(".")[0] in {"station", "tariff"}:
            parts.append(_commented(f"[[{name}]]", table))
        elif name in defaults:
            parts.append(_section(name, table, defaults[name]))
        else:
            parts.append(_commented(f"[{name}]", table))
    return "\n".join(parts)


def _section(name: str, table: type[Section], defaults: dict[str, Any]) -> str:
    lines = [*_comment(table.__doc__ or ""), f"[{name}]"]
    for key, field in keys(table).items():
        if f"{name}.{key}" in TABLES:
            continue
        if defaults[key] is None:
            meaning = f"{field.description} Not set by default."
            lines += [*_comment(meaning), f"# {key} = {toml(field.examples[0])}"]
        else:
            lines += [*_comment(field.description), f"{key} = {toml(defaults[key])}"]
    return "\n".join(lines) + "\n"


def _commented(header: str, table: type[Section]) -> str:
    """Return the keys of a table that is not there by default, all commented out."""
    lines = [*_comment(table.__doc__ or ""), f"# {header}"]
    for key, field in keys(table).items():
        if f"{header.strip('[]')}.{key}" in TABLES:
            continue
        default = _default(field)
        meaning = field.description
        if field.is_required():
            meaning += " Required."
            default = field.examples[0]
        elif field.examples:
            default = field.examples[0]
            meaning += " Not set by default."
        # Two signs for the words and one for the keys, so that the keys can be uncommented alone.
        lines += [f"#{line}" for line in _comment(meaning)]
        lines += [f"# {key} = {toml(default)}"]
    return "\n".join(lines) + "\n"


def _default(field: Any) -> Any:
    """Return a key's default as the file would hold it: a size or a duration is text there."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return None
    return written(value, field)


def written(value: Any, field: Any) -> Any:
    """Return a key's value as the file holds it."""
    kind: Any = field.annotation
    if field.metadata:
        kind = Annotated[kind, *field.metadata]
    adapter = TypeAdapter[Any](kind, config={"arbitrary_types_allowed": True})
    return adapter.dump_python(value, mode="json")


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(" ".join(text.split()), _WIDTH)]


def toml(value: Any) -> str:
    """Return a plain value as TOML writes it. Raises TypeError for a kind TOML does not have."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML does not allow bare.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(item) for item in value)}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(str(key))} = {toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    raise TypeError(f"TOML has no {type(value).__name__}")


def _key(key: str) -> str:
    bare = key.replace("-", "").replace("_", "")
    return key if bare.isascii() and bare.isalnum() else toml(key)
