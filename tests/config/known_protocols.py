"""Three protocols that exist for these tests only, instead of whatever is installed."""

from __future__ import annotations

from typing import Any, cast

import pytest

from mitmeter import registry
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.protocol import Spec


def never(*_: object) -> Any:
    raise AssertionError("a configuration never makes a codec or a party")


def made(name: str, dials: Side, parties: bool, rules: tuple[str, ...] = ()) -> Spec[Any]:
    return Spec(
        name=name,
        title=name,
        dials=dials,
        listen="tcp://127.0.0.1:7777",
        codec=never,
        projection=never,
        package="tests.config",
        headend=never if parties else None,
        device=never if parties else None,
        rules={rule: cast(Any, never) for rule in rules},
    )


SPECS = {
    "battery": made("battery", Side.DEVICE, True, ("redact", "deny-writes")),
    "meter": made("meter", Side.HEADEND, True),
    "tap": made("tap", Side.DEVICE, False),
    "dialled-tap": made("dialled-tap", Side.HEADEND, False),
}


def spec(name: str) -> Spec[Any]:
    if name == "faulty":
        raise ConfigError("protocol", "'faulty' does not load: why")
    return SPECS[name]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the registry know these protocols and no other."""
    monkeypatch.setattr(registry, "names", lambda: (*sorted(SPECS), "faulty"))
    monkeypatch.setattr(registry, "spec", spec)
