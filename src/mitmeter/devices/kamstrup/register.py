"""What one register is: its name, what it is good for, and how the public profile encodes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a register's value becomes: a reading, a fact, the device's time, or nothing.

    PRIVATE is a fact nobody else may see; UNREAD is what we never ask for.
    """

    MEASURE = "measure"
    FACT = "fact"
    PRIVATE = "private"
    TIME = "time"
    HIDDEN = "hidden"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Template:
    """How the public emulation profile encodes it, and the mantissa it starts with."""

    unit: int
    length: int
    sigexp: int
    start: int


@dataclass(frozen=True, slots=True)
class Register:
    """One register of a profile.

    slug:     its short name, unique in its profile: `vendor.kamstrup.<slug>` and option values.
    name:     for people.
    quantity: the catalogue's name where it is one, in W, kWh, V, A.
    """

    id: int
    slug: str
    name: str
    role: Role = Role.MEASURE
    quantity: str = ""
    template: Template | None = None
