"""A meter that was read, as a persona with which the emulated one says the same, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mitmeter.devices.kamstrup.messages import (
    RegisterReply,
    RegisterValue,
    SerialReply,
    TypeReply,
)
from mitmeter.devices.kamstrup.persona_text import Plain, persona_text, register_line, toml_table
from mitmeter.devices.kamstrup.registers import name_of
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Spoken


def portrait(said: Iterable[Spoken[Any]]) -> str:
    """Return the persona of the meter that took part in what was said, as TOML text.

    Of what was said twice, the last counts. Registers are constants: this meter stands still.
    Raises RemoteProtocolError when no register was read.
    """
    meter: dict[str, Plain] = {}
    registers: dict[int, RegisterValue] = {}
    for each in said:
        if each.sender is not Side.DEVICE:
            continue
        message = each.item.message
        if isinstance(message, TypeReply):
            meter["type"] = f"{message.code:04x}"
            meter["revision"] = f"{message.revision:04x}"
        elif isinstance(message, SerialReply):
            meter["serial"] = message.serial
        elif isinstance(message, RegisterReply):
            meter["address"] = message.address
            registers |= {value.id: value for value in message.values}
    if not registers:
        raise RemoteProtocolError("no register of the meter was read, so there is nothing to save")
    # What was not read is not known: no relay, and no answer to a login.
    top = toml_table("", {"name": "A meter that was read"})
    rest = toml_table("meter", {**meter, "relay": False, "login": "silent"})
    return persona_text([top, rest], map(_line, (registers[key] for key in sorted(registers))))


def _line(value: RegisterValue) -> str:
    told: dict[str, Plain] = {"unit": value.unit, "sigexp": value.sigexp, "raw": value.raw.hex()}
    if value.announced is not None:
        told["announced"] = value.announced
    return register_line(value.id, told, name_of(value.id))
