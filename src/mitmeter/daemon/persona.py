"""Who an emulated device is: a persona shipped with its protocol, or the operator's file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from mitmeter.errors import ConfigError
from mitmeter.protocol import Spec

# The key of a persona's file that says: an example everybody has.
_SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Persona:
    """A persona's file. tables: parsed, as the device gets it; known: everybody can know it."""

    name: str
    text: str
    tables: dict[str, Any]
    known: bool


def shipped(spec: Spec[Any]) -> tuple[str, ...]:
    """Return the names of the personas that come with a protocol."""
    folder = resources.files(spec.package) / "personas"
    if not folder.is_dir():
        return ()
    names = (file.name for file in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_persona(spec: Spec[Any], wanted: str, key: str = "--persona") -> dict[str, Any]:
    """Return the persona of that name, or of that file; "" means the protocol's own default.

    Raises: ConfigError naming the personas there are, or the line of the file that is wrong.
    """
    return find_persona(spec, wanted, key).tables


def find_persona(spec: Spec[Any], wanted: str, key: str = "--persona") -> Persona:
    """Return the same with its name and text; an empty one where the protocol has no default."""
    name = wanted or spec.persona
    if not name:
        return Persona("", "", {}, known=False)
    ours = name in shipped(spec)
    text = _shipped_text(spec, name) if ours else _file_text(spec, name, key)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(key, f"{name}: {exc}") from exc
    sample = tables.pop(_SAMPLE, False)
    if not isinstance(sample, bool):
        raise ConfigError(key, f"{name}: {_SAMPLE} is neither true nor false")
    return Persona(name, text, tables, known=ours or sample)


def _shipped_text(spec: Spec[Any], name: str) -> str:
    return (resources.files(spec.package) / "personas" / f"{name}.toml").read_text("utf-8")


def _file_text(spec: Spec[Any], name: str, key: str) -> str:
    path = Path(name)
    if not path.is_file():
        known = ", ".join(shipped(spec)) or "none"
        raise ConfigError(key, f"{name!r} is neither a file nor a shipped persona ({known})")
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(key, f"{path}: {exc}") from exc
