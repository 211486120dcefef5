"""Settings from the environment: `MITMETER_SITE__TIMEZONE=Europe/London` is `[site] timezone`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BeforeValidator

from mitmeter.config.suggest import hint
from mitmeter.config.values import TABLES, keys
from mitmeter.errors import ConfigError

PREFIX = "MITMETER_"
SECTIONS = ("site", "journal", "store", "limits")


def variables() -> dict[str, tuple[str, str]]:
    """Return every variable that is read, with its section and key."""
    return {
        f"{PREFIX}{section}__{key}".upper(): (section, key)
        for section in SECTIONS
        for key in keys(TABLES[section])
    }


def overrides(environ: Mapping[str, str]) -> dict[tuple[str, str], object]:
    """Return what the environment sets, by section and key.

    Raises ConfigError, with the variable as its key, for one that sets nothing known.
    """
    known = variables()
    found: dict[tuple[str, str], object] = {}
    for name, text in environ.items():
        if not name.startswith(PREFIX) or "__" not in name:
            continue
        place = known.get(name)
        if place is None:
            raise ConfigError(name, f"sets nothing known; {hint(name, known)}")
        found[place] = _value(text, keys(TABLES[place[0]])[place[1]])
    return found


def _value(text: str, field: Any) -> object:
    """Return the text as a number where the key wants a plain number, else as it is."""
    read_from_text = any(isinstance(each, BeforeValidator) for each in field.metadata)
    if field.annotation is not int or read_from_text:
        return text
    return int(text) if text.isascii() and text.isdigit() else text
