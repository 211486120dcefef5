"""Makes management lines safe to share: addresses, names and numbers get pseudonyms, same shape."""

from __future__ import annotations

import re

from mitmeter.devices.kamstrup.management.messages import Line, Message, Negotiation
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Pseudonyms, Undecodable

# A module's line: what stands behind its label, or between brackets, is its owner's affair.
_VALUE = re.compile(r"(?P<label>[A-Za-z][^:\[]{0,60}: *|Connected to \[| \[[1-5]\] )(?P<value>.+)")
# A client's: everything behind the command.
_COMMAND = re.compile(r"(?P<label>\s*\S{1,3} )(?P<value>.+)")
_HELP = re.compile(r"\s*[Hh]")


def redact(sender: Side, item: Decoded[Message] | Undecodable, pseudonyms: Pseudonyms) -> bytes:
    """Return the item's bytes with nothing private in them. What is no message becomes zeros."""
    if isinstance(item, Undecodable):
        return bytes(len(item.raw))
    message = item.message
    if isinstance(message, Negotiation) or not message.text.isascii():
        # Telnet sequences lie across the text: nothing of it is worth the risk.
        return item.raw if isinstance(message, Negotiation) else _blank(message)
    pattern = _COMMAND if sender is Side.HEADEND else _VALUE
    if sender is Side.HEADEND and _HELP.match(message.text):
        return item.raw
    found = pattern.fullmatch(message.text)
    if found is None:
        # A line of another shape: long ones may hold anything.
        return item.raw if len(message.text) <= 40 else _blank(message)
    value = found["value"]
    shown = pseudonyms.text(value)
    safe = shown if len(shown) == len(value) and _keeps_shape(shown) else "x" * len(value)
    return (found["label"] + safe + message.ending).encode("latin-1")


def _blank(message: Line) -> bytes:
    return ("x" * len(message.text) + message.ending).encode("latin-1")


def _keeps_shape(text: str) -> bool:
    return text.isascii() and "\r" not in text and "\n" not in text
