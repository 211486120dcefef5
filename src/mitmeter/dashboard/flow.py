"""Where energy flows now: of several devices that know, one speaks for each part of the house."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from mitmeter.model import DeviceId, Reading

POWERS = {
    "grid_w": "grid.power",
    "pv_w": "pv.power",
    "battery_w": "battery.power",
    "house_w": "house.power",
    "soc_percent": "battery.soc",
}
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Said:
    """A number, who said it, and when it was so."""

    value: Decimal
    device: DeviceId
    at: datetime


@dataclass(frozen=True, slots=True)
class Flow:
    """parts: by the names of POWERS, only those that are known. stale: one of them is old."""

    parts: Mapping[str, Said]
    at: datetime | None
    stale: bool


def flow(latest: Iterable[Reading], patience: Mapping[DeviceId, timedelta], now: datetime) -> Flow:
    """Return the newest of each part.

    A device that is not silent is heard before one that is; of several, the one that knows most
    parts, so that what stands together on the screen was measured together.
    """
    known: dict[DeviceId, dict[str, Said]] = {}
    names = {quantity: part for part, quantity in POWERS.items()}
    for each in latest:
        part = names.get(each.quantity)
        if part is None or isinstance(each.value, str) or not each.value.is_finite():
            continue
        at = each.at or each.received
        known.setdefault(each.device, {})[part] = Said(each.value, each.device, at)

    def fresh(said: Said) -> bool:
        return now - said.at <= patience.get(said.device, timedelta(minutes=5))

    def rank(said: Said) -> tuple[object, ...]:
        if not fresh(said):
            return (1, -said.at.timestamp())
        return (0, -len(known[said.device]), str(said.device))

    parts: dict[str, Said] = {}
    for part in POWERS:
        candidates = [told[part] for told in known.values() if part in told]
        if candidates:
            parts[part] = min(candidates, key=rank)
    times = [said.at for said in parts.values()]
    return Flow(parts, max(times, default=None), any(not fresh(said) for said in parts.values()))


def gas_per_hour(newest: list[Reading], now: datetime) -> tuple[Decimal, DeviceId] | None:
    """Return the gas flow in m³/h between the last two different counts; None without two."""
    counts = [each for each in newest if isinstance(each.value, Decimal) and each.at is not None]
    if len(counts) < 2:
        return None
    last = counts[-1]
    earlier = next((each for each in reversed(counts[:-1]) if each.at != last.at), None)
    if earlier is None or earlier.at is None or last.at is None:
        return None
    step, seconds = _difference(earlier, last), (last.at - earlier.at).total_seconds()
    # A meter that reports by the half hour says nothing of the hour before last.
    if step is None or step < 0 or (now - last.at).total_seconds() > 2 * max(seconds, _HOUR):
        return None
    return step * _HOUR / Decimal(seconds), last.device


def _difference(earlier: Reading, later: Reading) -> Decimal | None:
    if isinstance(earlier.value, str) or isinstance(later.value, str):
        return None
    found = later.value - earlier.value
    return found if found.is_finite() else None
