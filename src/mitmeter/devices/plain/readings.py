"""Nothing is read out of bytes nobody has described."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.plain.messages import Message
from mitmeter.model import Side
from mitmeter.protocol import Projected


class PlainProjection:
    """Fulfils `mitmeter.protocol.Projection`."""

    __slots__ = ()

    def project(self, sender: Side, message: Message, at: datetime) -> Iterable[Projected]:
        return ()
