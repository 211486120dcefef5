"""What one series says of the energy between two instants, as intermediate results."""

from __future__ import annotations

from dataclasses import dataclass, field

from mitmeter.model import DeviceId
from mitmeter.store.energy import Mark


@dataclass(slots=True)
class Piece:
    """The energy between two borders (µs), in 1e-9 kWh; None where nothing is known of it."""

    since: int
    until: int
    energy: int | None = None
    marks: set[Mark] = field(default_factory=set)

    def add(self, energy: int) -> None:
        self.energy = energy if self.energy is None else self.energy + energy


@dataclass(frozen=True, slots=True)
class Break:
    """A step between two readings of a counter that no line is drawn through.

    energy: what was counted in it, None where that is unknown.
    """

    device: DeviceId
    quantity: str
    since: int
    until: int
    before: int
    after: int
    mark: Mark
    energy: int | None


@dataclass(slots=True)
class Measured:
    """The pieces between borders, and the breaks that touch any of them."""

    pieces: list[Piece] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
