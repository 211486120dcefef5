"""The settings of a rule, given as text."""

from __future__ import annotations

from collections.abc import Mapping

from mitmeter.errors import ConfigError


def choice(options: Mapping[str, str], name: str, usual: str, other: str) -> bool:
    """Tell whether the other than the usual value is given. Raises ConfigError for a third one."""
    given = options.get(name, usual)
    if given not in (usual, other):
        raise ConfigError(f"options.{name}", f"{given!r} is neither {usual!r} nor {other!r}")
    return given == other
