"""Who an emulated device is: a persona shipped with its protocol, or the operator's file."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from mitmeter.errors import ConfigError
from mitmeter.protocol import Spec


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
    name = wanted or spec.persona
    if not name:
        return {}
    if name in shipped(spec):
        text = (resources.files(spec.package) / "personas" / f"{name}.toml").read_text("utf-8")
    else:
        path = Path(name)
        if not path.is_file():
            known = ", ".join(shipped(spec)) or "none"
            raise ConfigError(key, f"{name!r} is neither a file nor a shipped persona ({known})")
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(key, f"{path}: {exc}") from exc
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(key, f"{name}: {exc}") from exc
