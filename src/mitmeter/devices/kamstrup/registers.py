"""All registers we know by id, and how to find them by what an operator writes.

The profiles share the ids 1001 to 1005 and 1010, which mean the same in both; no other id has two
meanings. Slugs are unique here: where both profiles have one, the heat meter's has `heat_` in
front.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mitmeter.devices.kamstrup.register import Register, Role, Template
from mitmeter.devices.kamstrup.registers_382 import MORE_382, PROFILE_382
from mitmeter.devices.kamstrup.registers_heat import PROFILE_HEAT

__all__ = [
    "BY_SLUG",
    "MORE_382",
    "PROFILE_382",
    "PROFILE_HEAT",
    "REGISTERS",
    "Register",
    "Role",
    "Template",
    "find",
    "name_of",
    "register",
    "slug_of",
]

LAST_ID = 0xFFFF


def _all() -> dict[int, Register]:
    found = {each.id: each for each in (*PROFILE_382, *MORE_382)}
    taken = {each.slug for each in found.values()}
    for each in PROFILE_HEAT:
        if each.id not in found:
            slug = f"heat_{each.slug}" if each.slug in taken else each.slug
            found[each.id] = replace(each, slug=slug)
    return found


REGISTERS: Mapping[int, Register] = _all()
BY_SLUG: Mapping[str, Register] = {each.slug: each for each in REGISTERS.values()}


def register(id: int) -> Register | None:
    """Return what is known of a register, or None."""
    return REGISTERS.get(id)


def name_of(id: int) -> str:
    """Return a register's name for people; one nobody has described says so."""
    known = REGISTERS.get(id)
    return f"unknown register {id}" if known is None else known.name


def slug_of(id: int) -> str:
    known = REGISTERS.get(id)
    return f"register_{id}" if known is None else known.slug


def find(text: str) -> int | None:
    """Return the id an operator means: a decimal number, 0x…, or a slug; None where it is none."""
    word = text.strip().lower()
    known = BY_SLUG.get(word)
    if known is not None:
        return known.id
    digits, base = (word[2:], 16) if word.startswith("0x") else (word, 10)
    try:
        id = int(digits, base)
    except ValueError:
        return None
    return id if digits.isalnum() and digits.isascii() and 0 <= id <= LAST_ID else None
