"""Three phases of the simulated house: power, voltage and current that move together.

Powers are whole watts and sum to the power at the grid connection; all phases have its sign, as the
382 tells a phase's import only. Per phase U × I × cos φ = P, up to the rounding of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b

from mitmeter.model import nanoseconds
from mitmeter.protocol import HouseState

_NODE_S = 300  # how load wanders between the phases: nodes this far apart, straight lines between
_SAG_W = 2_500  # a phase that carries so much more than its share is a volt lower


@dataclass(frozen=True, slots=True)
class Wiring:
    """How a house hangs on its phases, L1 to L3.

    shares:  what of the load is on each, in per cent of all, on average.
    offsets: how much higher than the house's voltage each is, in tenths of a volt.
    cosines: power factors in per cent, 1 to 100.
    """

    shares: tuple[int, int, int] = (34, 41, 25)
    offsets: tuple[int, int, int] = (3, 9, -21)
    cosines: tuple[int, int, int] = (98, 97, 99)


@dataclass(frozen=True, slots=True)
class Phase:
    """power_w + is import; voltage in tenths of a volt; current in hundredths of an ampere."""

    power_w: int
    decivolts: int
    centiamps: int


def phases(
    house: HouseState, watts: int, at: datetime, wiring: Wiring, seed: int
) -> tuple[Phase, ...]:
    """Return L1 to L3 at an instant, with so many watts over all three; + is import."""
    step = nanoseconds(at) // 10_000_000_000 * 10  # the house's powers change every ten seconds
    parts = _split(watts, _weights(wiring.shares, step, seed))
    mains = int((house.voltage_v * 10).to_integral_value())
    found = []
    for power, offset, cosine in zip(parts, wiring.offsets, wiring.cosines, strict=True):
        decivolts = mains + offset - (3 * power - watts) * 10 // (3 * _SAG_W)
        found.append(Phase(power, decivolts, _centiamps(power, decivolts, cosine)))
    return tuple(found)


def idle(house: HouseState, wiring: Wiring) -> tuple[Phase, ...]:
    """Return L1 to L3 with the relays open: voltage, and nothing that flows."""
    mains = int((house.voltage_v * 10).to_integral_value())
    return tuple(Phase(0, mains + offset, 0) for offset in wiring.offsets)


def volts(phase: Phase) -> Decimal:
    return Decimal(phase.decivolts).scaleb(-1)


def amperes(phase: Phase) -> Decimal:
    return Decimal(phase.centiamps).scaleb(-2)


def _split(watts: int, weights: tuple[int, ...]) -> list[int]:
    """Return the watts in whole parts of the weights' size; their sum is exact."""
    size, whole = abs(watts), sum(weights)
    parts = [size * weight // whole for weight in weights[:-1]]
    parts.append(size - sum(parts))
    return parts if watts >= 0 else [-part for part in parts]


@lru_cache(maxsize=64)
def _weights(shares: tuple[int, int, int], second: int, seed: int) -> tuple[int, ...]:
    node, within = divmod(second, _NODE_S)
    left, right = _octets(seed, node), _octets(seed, node + 1)
    return tuple(
        max(1, share) * (96 * _NODE_S + one * (_NODE_S - within) + other * within)
        for share, one, other in zip(shares, left, right, strict=True)
    )


def _octets(seed: int, node: int) -> bytes:
    return blake2b(f"{seed}/phases/{node}".encode(), digest_size=3).digest()


def _centiamps(power: int, decivolts: int, cosine: int) -> int:
    """Return P / (U cos φ), rounded. W · 100 · 10 · 100 over tenths of volts and per cents."""
    below = max(1, decivolts * cosine)
    return (abs(power) * 100_000 + below // 2) // below
