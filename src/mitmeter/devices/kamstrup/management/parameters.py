"""How parameters of management commands are written: addresses, ports and numbers.

Nothing here refuses: what makes no sense becomes what the module makes of it [H].
"""

from __future__ import annotations

NOWHERE = "0.0.0.0"
_LARGEST = 0xFFFF_FFFF


def address(text: str) -> str:
    """Return a dotted quad from one, or from 12 digits; `0.0.0.0` for anything else."""
    if len(text) == 12 and _digits(text):
        parts = [text[at : at + 3] for at in range(0, 12, 3)]
    else:
        parts = text.split(".")
    if len(parts) != 4 or not all(_digits(part) and len(part) <= 3 for part in parts):
        return NOWHERE
    octets = [int(part) for part in parts]
    return NOWHERE if max(octets) > 255 else ".".join(map(str, octets))


def port(text: str, present: int) -> int:
    """Return a port; 0, what is no number and what is too large leave it as it is."""
    found = int(text) if _digits(text) and len(text) <= 10 else 0
    return found if 1 <= found <= 65_535 else present


def unsigned(text: str) -> int:
    """Return a number of 32 bits; 0 for what is none.

    A real module writes beyond its memory when the number is too long [O]; this one does not.
    """
    found = int(text) if _digits(text) and len(text) <= 12 else 0
    return found if found <= _LARGEST else 0


def plain(text: str, longest: int) -> str:
    """Return text as the module keeps it: printable ASCII only [A], so long at most."""
    return "".join(each for each in text if " " <= each <= "~")[:longest]


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
