"""The rule `redact`: credentials, address, licence and phone number never reach the cloud.

Masks keep length and shape, and the frame is encoded anew, so lengths and checksums stay valid.
The serial number stays by default, since without it the cloud cannot tell whose readings it gets.
The cloud's answers pass unchanged, also where they tell the owner's address to the battery. A cloud
that checks the password may refuse a masked login; what it says then was never captured [U].
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from mitmeter.devices.alphaess.codec import encode, sealed
from mitmeter.devices.alphaess.identity import device_of
from mitmeter.devices.alphaess.messages import (
    History,
    Json,
    JsonMessage,
    Members,
    Message,
    Notice,
    Object,
    Other,
)
from mitmeter.devices.alphaess.options import choice
from mitmeter.devices.alphaess.registers import PRIVATE_FIELDS
from mitmeter.errors import LocalProtocolError
from mitmeter.model import DeviceId, Event, Severity, Side, printable
from mitmeter.protocol import (
    Command,
    Decoded,
    HeadendContext,
    Report,
    RuleAction,
    Undecodable,
    Verdict,
)

_OWNER = frozenset({"Password", "License", "Address", "ZipCode", "PhoneNumber", "WifiSN"})
# The restart notice carries the address of the network module: `!MAC:02 00 00 00 00 07!` [O].
_MAC = re.compile(r"(?<=MAC:)[0-9A-Fa-f :-]+")
_WHY = "private text masked"
_CRC_BYTES = 2


class RedactRule:
    """Masks what the battery tells of its owner in one conversation.

    options: `serials`      `no` (default) or `yes`: mask every serial number as well.
             `undecodable`  `drop` (default) or `pass`: bytes of the battery that are no message
                            cannot be redacted.
    Raises ConfigError for other values.
    """

    __slots__ = ("_device", "_drops_undecodable", "_private", "_said", "_text")

    def __init__(self, context: HeadendContext) -> None:
        serials = choice(context.options, "serials", "no", "yes")
        self._drops_undecodable = not choice(context.options, "undecodable", "drop", "pass")
        self._private = _OWNER | PRIVATE_FIELDS if serials else _OWNER
        names = "|".join(sorted(self._private)).encode()
        self._text = re.compile(rb'(?<=["])(' + names + rb')("\s*:\s*")([^"]*)')
        self._said = False
        self._device: DeviceId | None = None

    def judge(
        self, sender: Side, item: Decoded[Message] | Undecodable, now: datetime
    ) -> Verdict[Message]:
        if sender is not Side.DEVICE:
            return Verdict(item.raw)
        if isinstance(item, Undecodable):
            if self._drops_undecodable:
                return self._withheld(item.raw, item.reason, now)
            return Verdict(item.raw)
        self._device = device_of(item.message) or self._device
        if isinstance(item.message, Other):
            return self._other(item.raw, item.message)
        masked = self._masked(item.message)
        if masked == item.message:
            return Verdict(item.raw)
        try:
            return Verdict(encode(sender, masked), _WHY)
        except LocalProtocolError as exc:
            return self._withheld(item.raw, str(exc), now)

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[Message]]:
        return ()

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[Message]] | None:
        return None

    def _masked(self, message: Message) -> Message:
        if isinstance(message, Notice):
            return replace(message, members=_without_mac(message.members))
        if isinstance(message, JsonMessage):
            return replace(message, members=self._masked_members(message.members))
        if isinstance(message, History):
            return self._masked_rows(message)
        return message

    def _other(self, raw: bytes, message: Other) -> Verdict[Message]:
        """Mask what looks like a private member in a frame whose content nobody has described."""
        payload = self._text.sub(_masked_match, message.payload)
        if payload == message.payload:
            return Verdict(raw)
        return Verdict(sealed(raw[: -len(payload) - _CRC_BYTES] + payload), _WHY)

    def _masked_members(self, members: Members) -> Members:
        return tuple(
            (name, _masked_value(value) if name in self._private else value)
            for name, value in members
        )

    def _masked_rows(self, message: History) -> History:
        hidden = [at for at, name in enumerate(message.columns) if name in self._private]
        if not hidden:
            return message
        rows = tuple(
            tuple(mask(text) if at in hidden else text for at, text in enumerate(row))
            for row in message.rows
        )
        return replace(message, rows=rows)

    def _withheld(self, raw: bytes, reason: str, now: datetime) -> Verdict[Message]:
        why = "what the battery said cannot be redacted: withheld"
        if self._said:
            return Verdict(None, why)
        self._said = True
        event = Event(
            "mitmeter.alphaess.redact.withheld",
            now,
            f"{why} ({printable(reason)}); more of it is withheld without a word",
            Severity.WARNING,
            self._device,
            {"bytes": len(raw)},
        )
        return Verdict(None, why, (Report(event),))


def mask(text: str) -> str:
    """Return text of the same shape that tells nothing: `1 Sample St` becomes `0 Xxxxxx Xx`."""
    return "".join(_mask_character(character) for character in text)


def _mask_character(character: str) -> str:
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return character


def _masked_value(value: Json) -> Json:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Decimal):
        return Decimal(0)
    return "" if isinstance(value, Object | tuple) else value


def _masked_match(found: re.Match[bytes]) -> bytes:
    name, between, value = found.groups()
    # Latin-1 keeps one byte per character, whatever the bytes mean.
    return bytes(name + between + mask(value.decode("latin-1")).encode("latin-1"))


def _without_mac(members: Members) -> Members:
    return tuple(
        (name, _MAC.sub(lambda mac: re.sub("[0-9A-Fa-f]", "0", mac[0]), value))
        if isinstance(value, str)
        else (name, value)
        for name, value in members
    )
