"""How a switch is declared and set: by the persona's table, or by an option of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from mitmeter.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

D = TypeVar("D", bound="DataclassInstance")
T = TypeVar("T")
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def word(usual: str, *others: str) -> Any:
    """Return a switch that is one of a few words."""
    return field(default=usual, metadata={"words": (usual, *others)})


def number(usual: int, least: int, most: int) -> Any:
    """Return a switch that is a whole number."""
    return field(default=usual, metadata={"least": least, "most": most})


def seconds(usual: float) -> Any:
    """Return a switch that is a time in seconds."""
    return field(default=usual, metadata={"least": 0.0, "most": 3_600.0})


def read_switches(
    kind: type[D],
    name: str,
    table: Mapping[str, Any],
    usual: Mapping[str, Any],
    options: Mapping[str, str],
) -> D:
    """Return the switches of one table.

    usual:   what differs from the defaults for this make.
    options: settings of the run; they win. Keys are `table.switch` or `switch`.
    Raises:  ConfigError, naming the key, for what cannot be used.
    """
    known = {each.name: each for each in fields(kind)}
    only(table, known, name)
    found: dict[str, Any] = {}
    for each in known.values():
        key = f"{name}.{each.name}"
        value = usual.get(each.name, each.default)
        if each.name in table:
            value = _checked(table[each.name], each.default, each.metadata, key)
        for option in (each.name, key):
            if option in options:
                value = _parsed(options[option], each.default, each.metadata, option)
        found[each.name] = value
    return kind(**found)


def switch_names(name: str, kind: type[Any]) -> set[str]:
    """Return under which keys options may set these switches."""
    names = {each.name for each in fields(kind)}
    return names | {f"{name}.{each}" for each in names}


def only(given: Mapping[str, Any], known: Iterable[str], key: str) -> None:
    """Raise ConfigError for a key that is not known."""
    names = tuple(known)
    for name in given:
        if name not in names:
            path = f"{key}.{name}" if key else str(name)
            raise ConfigError(path, f"is not known; there is {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a persona, read key by key. key: its path, for errors."""

    given: Mapping[str, Any]
    key: str

    def text(self, name: str, usual: str = "") -> str:
        return self._one(name, usual, str, "text")

    def whole(self, name: str, usual: int) -> int:
        return self._one(name, usual, int, "whole number")

    def flag(self, name: str, *, usual: bool) -> bool:
        return self._one(name, usual, bool, "true or false")

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.given.get(name, [])
        if not isinstance(value, list | tuple) or not all(isinstance(e, str) for e in value):
            raise ConfigError(f"{self.key}.{name}", f"{value!r} is no list of texts")
        return tuple(value)

    def tables(self, name: str) -> tuple[Table, ...]:
        value = self.given.get(name, [])
        if not isinstance(value, list | tuple) or not all(isinstance(e, Mapping) for e in value):
            raise ConfigError(f"{self.path(name)}", "is no list of tables, such as [[…]] makes")
        return tuple(Table(e, f"{self.path(name)}[{i}]") for i, e in enumerate(value, 1))

    def table(self, name: str) -> Table:
        value = self.given.get(name, {})
        if not isinstance(value, Mapping):
            raise ConfigError(self.path(name), "is no table")
        return Table(value, self.path(name))

    def path(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name

    def _one(self, name: str, usual: T, kind: type[T], called: str) -> T:
        value = self.given.get(name, usual)
        if type(value) is not kind:
            raise ConfigError(self.path(name), f"{value!r} is no {called}")
        return value


def _checked(value: Any, usual: Any, bounds: Mapping[str, Any], key: str) -> Any:
    if isinstance(usual, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(usual):
        called = {bool: "true or false", int: "whole number", float: "number", str: "text"}
        raise ConfigError(key, f"{value!r} is no {called[type(usual)]}")
    if "words" in bounds and value not in bounds["words"]:
        raise ConfigError(key, f"{value!r} is none of {', '.join(bounds['words'])}")
    if "least" in bounds and not bounds["least"] <= value <= bounds["most"]:
        raise ConfigError(key, f"{value!r} is not from {bounds['least']} to {bounds['most']}")
    return value


def _parsed(text: str, usual: Any, bounds: Mapping[str, Any], key: str) -> Any:
    """Return an option's value."""
    if isinstance(usual, bool):
        if text.lower() not in (*_YES, *_NO):
            raise ConfigError(key, f"{text!r} is neither true nor false")
        return text.lower() in _YES
    if isinstance(usual, int | float):
        try:
            return _checked(type(usual)(text), usual, bounds, key)
        except (ValueError, OverflowError):
            raise ConfigError(key, f"{text!r} is no number") from None
    return _checked(text, usual, bounds, key)
