"""Who speaks: every device protocol has exactly two sides."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """One side of a conversation: the device, or what it reports to (or is read by)."""

    DEVICE = "device"
    HEADEND = "headend"

    @property
    def other(self) -> Side:
        return Side.HEADEND if self is Side.DEVICE else Side.DEVICE
