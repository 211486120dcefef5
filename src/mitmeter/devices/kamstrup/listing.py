"""What was read, in the meter's own names and units: kW stays kW, and 7183.3 keeps its decimals."""

from __future__ import annotations

from collections.abc import Iterable

from mitmeter.devices.kamstrup import identity, registers, units
from mitmeter.devices.kamstrup.messages import (
    Message,
    RegisterReply,
    RegisterValue,
    SerialReply,
    TypeReply,
)
from mitmeter.devices.kamstrup.values import shown
from mitmeter.model import Side, printable
from mitmeter.protocol import Listed, Spoken


def listing(said: Iterable[Spoken[Message]]) -> list[Listed]:
    """Return every register that was read, by id, as it was read last; then serial and type."""
    values: dict[int, RegisterValue] = {}
    others: dict[str, str] = {}
    for each in said:
        message = each.item.message
        if each.sender is not Side.DEVICE:
            continue
        if isinstance(message, RegisterReply):
            values |= {value.id: value for value in message.values}
        elif isinstance(message, SerialReply):
            others["Serial number"] = str(message.serial)
        elif isinstance(message, TypeReply):
            others["Type"] = identity.model(message.code)
            others["Software"] = identity.software(message.revision)
    listed = [_listed(values[id]) for id in sorted(values)]
    return listed + [Listed(name, text, "") for name, text in others.items() if text]


def _listed(value: RegisterValue) -> Listed:
    known = registers.register(value.id)
    name = f"Register {value.id} (0x{value.id:04X})" if known is None else known.name
    hidden = known is not None and known.role is registers.Role.HIDDEN
    text = value.raw.hex() if hidden else printable(shown(value.value))
    return Listed(name, text, units.symbol(value.unit))
