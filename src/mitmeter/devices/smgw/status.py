"""What a gateway says of a value's validity: status words, and the five classes made of them.

The status has 64 bits, the gateway's word before the meter's; bits count from the least significant
of each word. Theben prints each word bit-reversed, leftmost bit first, which shows by its first
digit: bits 0 and 2 are always set, so it is `a` or `e`; in the ordinary form the last one is `5` or
`7`. Source: gateway fact sheet §1.8 [D, O].
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

_HEX = re.compile(r"[0-9a-fA-F]{1,16}")
_ALWAYS = 0b101

_TRANSPARENT, _FATAL, _TIME, _WARNING, _SIGNED, _VALUE = 1, 8, 9, 12, 13, 14
_METER_FATAL = 17
_GATEWAY_WORDS = {
    _FATAL: "fatal error",
    _TIME: "system time invalid",
    _WARNING: "warning",
    _SIGNED: "temporary error, signed value invalid",
    _VALUE: "temporary error, value invalid",
}
_METER_WORDS = {
    9: "magnetic influence on the meter",
    10: "manipulation of the meter",
    15: "wrong phase sequence",
    _METER_FATAL: "fatal error of the meter",
}


class Ptb(IntEnum):
    """The class of a value after PTB-A 50.8. From UNUSABLE on it is no reading."""

    OK = 0
    WARNING = 1
    SUBSTITUTE = 2
    UNUSABLE = 3
    FATAL = 4

    @property
    def usable(self) -> bool:
        return self < Ptb.UNUSABLE

    @property
    def word(self) -> str:
        return ("ok", "warning", "substitute", "unusable", "fatal")[self]


@dataclass(frozen=True, slots=True)
class Status:
    """Both words in ordinary bit order; meter is None where it is not to be relied on."""

    gateway: int
    meter: int | None = None

    @property
    def ptb(self) -> Ptb:
        """Return the class: the first rule that hits."""
        gateway = self.gateway
        if gateway >> _FATAL & 1 or (self.meter or 0) >> _METER_FATAL & 1:
            return Ptb.FATAL
        if gateway >> _TIME & 1 or gateway >> _VALUE & 1:
            return Ptb.UNUSABLE
        if gateway >> _SIGNED & 1:
            return Ptb.SUBSTITUTE
        return Ptb.WARNING if gateway >> _WARNING & 1 else Ptb.OK

    @property
    def transparent(self) -> bool:
        return bool(self.gateway >> _TRANSPARENT & 1)

    @property
    def words(self) -> tuple[str, ...]:
        """Return what is wrong, in words; nothing for a sound value."""
        meter = self.meter or 0
        return (
            *(text for bit, text in _GATEWAY_WORDS.items() if self.gateway >> bit & 1),
            *(text for bit, text in _METER_WORDS.items() if meter >> bit & 1),
        )


def parse_status(text: str, *, meter_too: bool = True) -> Status | None:
    """Return the status of up to 16 hex digits in either bit order, None for anything else.

    What is shorter is filled up behind where it is reversed, in front where it is not [I].
    meter_too: an EMH gateway's second half fits neither order and is left out [O].
    """
    plain = text.strip().lower()
    if not _HEX.fullmatch(plain):
        return None
    if plain[0] in "ae" and len(plain) >= 8:
        full = plain.ljust(16, "0")
        gateway, meter = reversed_word(full[:8]), reversed_word(full[8:])
    else:
        full = plain.rjust(16, "0")
        gateway, meter = int(full[:8], 16), int(full[8:], 16)
    if gateway & _ALWAYS != _ALWAYS:
        return None
    return Status(gateway, meter if meter_too else None)


def parse_gateway_word(text: str) -> Status | None:
    """Return the status of a gateway's word alone, up to 8 hex digits in either order."""
    plain = text.strip().lower()
    if not _HEX.fullmatch(plain) or len(plain) > 8:
        return None
    reverse = plain[0] in "ae"
    word = reversed_word(plain.ljust(8, "0")) if reverse else int(plain, 16)
    return Status(word) if word & _ALWAYS == _ALWAYS else None


def reversed_word(text: str) -> int:
    """Return the ordinary number of 8 hex digits printed with bit 0 leftmost."""
    return int(f"{int(text, 16):032b}"[::-1], 2)


def printed_reversed(word: int) -> str:
    """Return 32 bits as Theben prints them."""
    return f"{int(f'{word:032b}'[::-1], 2):08x}"
