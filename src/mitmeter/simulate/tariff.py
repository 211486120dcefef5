"""What the grid's energy costs: two rates by the local clock, and a standing charge."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

MINUTES_PER_DAY = 1440


@dataclass(frozen=True, slots=True)
class Tariff:
    """A day and a night rate, in currency per kWh; `standing` is per day.

    night: minutes of the local day from which, and up to which, the night rate is valid, on whole
           quarters of an hour; it may pass midnight. Two equal ones: there is no night rate.
    """

    day: Decimal = Decimal("0.2628")
    night_rate: Decimal = Decimal("0.0790")
    standing: Decimal = Decimal("0.2962")
    night: tuple[int, int] = (30, 300)

    def is_low(self, local_minute: int) -> bool:
        """Say whether the night rate is valid in that minute of the local day."""
        begin, end = self.night
        if begin <= end:
            return begin <= local_minute < end
        return local_minute >= begin or local_minute < end

    def price(self, *, low: bool) -> Decimal:
        return self.night_rate if low else self.day
