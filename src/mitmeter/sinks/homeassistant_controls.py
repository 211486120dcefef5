"""Commands as switches, numbers and buttons.

A command without arguments, or with optional ones only, is a button; one whose only argument is a
choice is a button for each. Charging from the grid has a form of its own: a switch, and two numbers
that say how.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Protocol

from mitmeter.model import DeviceId

Settings = Mapping[str, str | float]

_OPTIONAL = re.compile(r"\s*\[[^\]]*\]")
_CHOICE = re.compile(r"([a-z-]+)=([a-z-]+(?:\|[a-z-]+)+)\Z")
ON, OFF, PRESS = "ON", "OFF", "PRESS"


class Home(Protocol):
    """The daemon as the MQTT sink sees it."""

    def title(self, protocol: str) -> str:
        """Return what a protocol's devices are, such as "Glow display"."""

    def offers(self, device: DeviceId) -> Mapping[str, str]:
        """Return the commands that are let through to the device now, with their arguments as the
        protocol writes them down; none where control is off.
        """

    async def command(
        self, device: DeviceId, name: str, arguments: Mapping[str, str]
    ) -> tuple[bool, str]:
        """Give a command; return whether it was accepted, and what became of it in words."""


class Platform(StrEnum):
    BUTTON = "button"
    SWITCH = "switch"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Order:
    """A command with its arguments."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Control:
    """One entity.

    key:   of the entity, and of its topic. field: its name in the state, "" for a button.
    order: what a button does. usual: what shows before anybody has set it.
    low, high, step, unit: of a number.
    enabled: shown without being asked for.
    """

    key: str
    platform: Platform
    name: str
    field: str = ""
    order: Order | None = None
    usual: str | float | None = None
    low: int = 0
    high: int = 0
    step: int = 1
    unit: str = ""
    enabled: bool = True


_CHARGE = "charge-from-grid"
_STOP_AT = Control(
    "charge_stop_at",
    Platform.NUMBER,
    "Charge from grid up to",
    "charge_stop_at_percent",
    usual=80,
    low=15,
    high=100,
    step=1,
    unit="%",
)
_MINUTES = Control(
    "charge_minutes",
    Platform.NUMBER,
    "Charge from grid for",
    "charge_minutes",
    usual=60,
    low=30,
    high=1320,
    step=30,
    unit="min",
)
_CHARGE_CONTROLS = (
    Control("charge_from_grid", Platform.SWITCH, "Charge from grid", "charge_from_grid"),
    _STOP_AT,
    _MINUTES,
)


def controls(offers: Mapping[str, str]) -> tuple[Control, ...]:
    """Return the entities for the commands that are offered; the others are for the topic only."""
    found: list[Control] = []
    for name, arguments in offers.items():
        needed = _OPTIONAL.sub("", arguments).strip()
        choice = _CHOICE.match(needed)
        if name == _CHARGE:
            found += _CHARGE_CONTROLS
        elif not needed:
            found.append(_button(name, Order(name)))
        elif choice is not None:
            argument, values = choice.groups()
            found += (
                _button(f"{name}-{value}", Order(name, {argument: value}), enabled=False)
                for value in values.split("|")
            )
    return tuple(found)


def order_of(control: Control, payload: str, settings: Settings) -> Order | str | float:
    """Return the command that a payload asks for, or, of a number, what it is set to.

    Raises ValueError in words for anything else.
    """
    match control.platform:
        case Platform.BUTTON:
            if payload != PRESS or control.order is None:
                raise ValueError(f"a button takes {PRESS}")
            return control.order
        case Platform.NUMBER:
            return _number(control, payload)
        case Platform.SWITCH:
            if payload == OFF:
                return Order(_CHARGE, {"enabled": "false"})
            if payload != ON:
                raise ValueError(f"a switch takes {ON} or {OFF}")
            stop_at = settings.get(_STOP_AT.field, _STOP_AT.usual)
            minutes = settings.get(_MINUTES.field, _MINUTES.usual)
            return Order(
                _CHARGE, {"from": "now", "for": f"{minutes:.0f}", "stop-at": f"{stop_at:.0f}"}
            )


def _number(control: Control, payload: str) -> float:
    try:
        found = Decimal(payload)
    except InvalidOperation:
        raise ValueError("a number is expected") from None
    if not found.is_finite() or not control.low <= found <= control.high:
        raise ValueError(f"a number from {control.low} to {control.high} is expected")
    return float(round(found))


def _button(key: str, order: Order, *, enabled: bool = True) -> Control:
    words = key.replace("-", " ")
    return Control(
        key.replace("-", "_"),
        Platform.BUTTON,
        words[:1].upper() + words[1:],
        order=order,
        enabled=enabled,
    )
