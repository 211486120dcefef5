"""How many connections are let in, in total and per address."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one listener.

    connections:  open at once, in total.
    per_address:  open at once from one address.
    backlog_bytes: unsent bytes of one connection above which we stop reading from it.
    """

    connections: int = 12_000
    per_address: int = 11_000
    backlog_bytes: int = 262_144


class Admission:
    """Counts who is in, and says why somebody is not let in."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.open = 0
        self.refused = 0
        self._by_address: Counter[str] = Counter()

    def enter(self, address: str) -> str:
        """Return "" and count the connection in, or the reason for refusing it."""
        if self.open >= self.limits.connections:
            self.refused += 1
            return f"{self.open} connections are open, the limit"
        if self._by_address[address] >= self.limits.per_address:
            self.refused += 1
            return f"{self._by_address[address]} connections from {address} are open, the limit"
        self.open += 1
        self._by_address[address] += 1
        return ""

    def leave(self, address: str) -> None:
        self.open -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
