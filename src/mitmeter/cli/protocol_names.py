"""A protocol as it is named on the command line."""

from __future__ import annotations

from typing import Any

from mitmeter import registry
from mitmeter.config.suggest import one_of
from mitmeter.errors import ConfigError
from mitmeter.protocol import Spec


def find_spec(name: str) -> Spec[Any]:
    """Return the protocol of that name. Raises ConfigError with the nearest name there is."""
    if name not in registry.names():
        raise ConfigError("protocol", one_of(name, registry.names()))
    return registry.spec(name)
