"""What an emulated unit says by UDP beside everything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Datagram:
    """One datagram to send."""

    host: str
    port: int
    payload: bytes


class Beat(Protocol):
    """What an emulated unit says by UDP now and then, to tell that it is alive."""

    @property
    def local_port(self) -> int: ...

    def due(self) -> datetime | None:
        """Return when to call `tick` next; None while there is nothing to say."""
        ...

    def tick(self, now: datetime) -> Datagram | None: ...

    def heard(self, host: str, now: datetime) -> bool:
        """Note a datagram; return whether it was an answer."""
        ...

    def restarts(self, now: datetime) -> bool:
        """Tell whether the unit restarts because nobody answers."""
        ...
