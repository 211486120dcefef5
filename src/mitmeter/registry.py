"""Which protocols exist: the entry points of `mitmeter.devices`, ours through the same door."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mitmeter.errors import ConfigError
from mitmeter.protocol import Spec

GROUP = "mitmeter.devices"


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def names() -> tuple[str, ...]:
    """Return the registered protocols' names, sorted, without importing any of them."""
    return tuple(sorted(_entries()))


@cache
def spec(name: str) -> Spec[Any]:
    """Return the protocol's Spec. ConfigError for an unknown or broken one names what exists."""
    entry = _entries().get(name)
    if entry is None:
        raise ConfigError(
            "protocol", f"{name!r} is not known; there is {', '.join(names()) or 'none'}"
        )
    try:
        found = entry.load()
    except Exception as exc:
        raise ConfigError("protocol", f"{name!r} from {entry.value} does not load: {exc}") from exc
    if not isinstance(found, Spec):
        raise ConfigError("protocol", f"{name!r}: {entry.value} is not a Spec")
    return found
