"""Which side we play, and who dials."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from mitmeter.model import Side
from mitmeter.protocol import Spec


class Role(StrEnum):
    """The four ways to meet a device."""

    TRAP = "trap"
    PROBE = "probe"
    EMULATE = "emulate"
    PROXY = "proxy"

    @property
    def plays(self) -> Side | None:
        """The side whose words are ours; None for a proxy, which plays neither."""
        if self is Role.PROXY:
            return None
        return Side.DEVICE if self is Role.EMULATE else Side.HEADEND

    def dials(self, spec: Spec[Any]) -> bool:
        """Return whether we open the connection: when we play the side that does so.

        A probe always does, be it to the device or to the broker it publishes at.
        """
        return self is Role.PROBE or self.plays is spec.dials
