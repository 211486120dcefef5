"""The status an emulated gateway gives a reading: its own word and the meter's, 32 bits each.

Source: fact sheet §1.8 [D/O].
"""

from __future__ import annotations

from mitmeter.devices.smgw.status import reversed_word
from mitmeter.errors import ConfigError

GATEWAY = 0b101  # bits 0 and 2 identify it
TRANSPARENCY = 1 << 1
TIME_INVALID = 1 << 9
METER = 1 << 2 | 0b111 << 18  # identification, and voltage on three phases
FEEDING_IN = 1 << 11


def printed_reversed(word: int) -> str:
    """Return 32 bits as gateways print them, bit 0 leftmost: 5 is a0000000."""
    return f"{int(f'{word:032b}'[::-1], 2):08x}"


def parse_reversed(text: str, key: str) -> int:
    """Return a word printed bit 0 leftmost. Raises ConfigError for what is no 8 hex digits."""
    try:
        if len(text) != 8:
            raise ValueError(text)
        return reversed_word(text)
    except ValueError:
        raise ConfigError(key, f"{text!r} is not 8 hex digits, bit 0 leftmost") from None
