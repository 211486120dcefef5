"""How often a device speaks, and whether it has fallen silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from mitmeter.model import DeviceId
from mitmeter.store import Series, Store

_LOOKED_AT = 24
_PATIENCE = 4
_SHORTEST = 60.0


@dataclass(frozen=True, slots=True)
class Silence:
    """expected_seconds: between two reports, None where too few are known.
    silent_seconds: since the last word. stale: silent for several times as long as expected.
    """

    expected_seconds: float | None
    silent_seconds: float
    stale: bool


def silence(
    store: Store, device: DeviceId, last_seen: datetime, series: Sequence[Series], now: datetime
) -> Silence:
    """Return how a device stands, judged by its most frequent recent quantity."""
    silent = max(0.0, (now - last_seen).total_seconds())
    expected = _expected(store, device, series)
    limit = _SHORTEST if expected is None else max(_SHORTEST, _PATIENCE * expected)
    return Silence(expected, round(silent, 1), silent > limit)


def _expected(store: Store, device: DeviceId, series: Sequence[Series]) -> float | None:
    usual = max(series, key=lambda each: (each.latest_at, each.readings), default=None)
    if usual is None:
        return None
    newest = store.readings(device, usual.quantity.name, limit=_LOOKED_AT)
    times = [each.at for each in newest if each.at is not None]
    steps = [(b - a).total_seconds() for a, b in pairwise(times) if b > a]
    return round(median(steps), 1) if len(steps) >= 3 else None
