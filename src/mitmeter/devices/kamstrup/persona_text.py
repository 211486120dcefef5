"""Personas as TOML text: what `persona` reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Plain = str | int | float | bool | list[int] | list[float]


def toml_table(name: str, values: Mapping[str, Plain]) -> str:
    """Return a table, or the keys in front of all tables where `name` is empty."""
    head = [f"[{name}]"] if name else []
    return "\n".join([*head, *(f"{key} = {toml_value(value)}" for key, value in values.items())])


def register_line(number: int, values: Mapping[str, Plain], note: str = "") -> str:
    """Return one register as a line of the table registers."""
    inner = ", ".join(f"{key} = {toml_value(value)}" for key, value in values.items())
    return f"0x{number:04X} = {{ {inner} }}{f' # {note}' if note else ''}"


def persona_text(parts: Iterable[str], registers: Iterable[str]) -> str:
    """Return the whole file."""
    return "\n\n".join([*parts, "\n".join(["[registers]", *registers])]) + "\n"


def toml_value(value: Plain) -> str:
    """Return one value as TOML writes it; `raw` and other hex are text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, str):
        return '"' + "".join(_escaped(each) for each in value) + '"'
    return str(value)


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if " " <= character <= "~":
        return character
    return f"\\U{ord(character):08X}"
