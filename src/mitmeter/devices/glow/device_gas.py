"""The gas meter of a simulated house, and what a bill makes of its litres.

It tells the display its register every half hour, so that is how often the register moves on.
Source: fact sheet §3.8, §3.9 [O].
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from mitmeter.protocol import House

HALF_HOUR = timedelta(minutes=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VOLUME_FACTOR = Decimal("1.02264")  # to 15 °C and 1013.25 mbar; fixed by law


def energy_kwh(litres: int, calorific: Decimal) -> Decimal:
    """Return the energy of a volume, as a UK bill has it. Source: fact sheet §3.8 [O]."""
    return Decimal(litres) / 1000 * _VOLUME_FACTOR * calorific / Decimal("3.6")


def watt_hours(litres: int, calorific: Decimal) -> int:
    """Return the energy of a volume in whole watt-hours, as a display shows it."""
    return int((energy_kwh(litres, calorific) * 1000).to_integral_value(ROUND_HALF_UP))


class GasMeter:
    """The house's gas connection; `begin` litres are on the register when the house begins."""

    def __init__(self, house: House, begin: int) -> None:
        self._house = house
        self._begin = begin
        self._held: dict[datetime, int] = {}

    def litres(self, at: datetime) -> int:
        """Return the register: what the last whole half hour before `at` left on it."""
        last = _EPOCH + (at - _EPOCH) // HALF_HOUR * HALF_HOUR
        found = self._held.get(last)
        if found is None:
            if len(self._held) >= 8:  # the present one and the beginnings of day, week and month
                self._held.clear()
            volume = self._house.energy(last).gas_volume
            found = self._held[last] = self._begin + int(volume * 1000)
        return found

    def since(self, midnight: datetime, at: datetime) -> int:
        """Return the litres since a midnight of UTC."""
        return self.litres(at) - self.litres(midnight)
