"""The gas meter of a simulated house: it heats when the air is cold, and water when people wash.

The house knows electricity and weather only, so its gas is derived here, by half hours of UTC, from
the air's temperature at the beginning of each: a pure function of temperature, half hour and seed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from hashlib import blake2b

HALF_HOUR = timedelta(minutes=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A house of ordinary size: 240 W for every degree below 15.5 °C, the base of degree days [A].
_BASE_C = Decimal("15.5")
_WATTS_PER_DEGREE = 240
# Hot water: litres of gas in a half hour when somebody washes, and when [A].
_WASHING_LITRES = 110
_WASHING_HOURS = frozenset({6, 7, 8, 18, 19, 21})
_VOLUME_FACTOR = Decimal("1.02264")  # to 15 °C and 1013.25 mbar; fixed by law


def half_hour_litres(temperature_c: Decimal, begin: datetime, seed: int, calorific: Decimal) -> int:
    """Return what the half hour that begins there takes, in whole litres (0.001 m³).

    calorific: MJ per m³. The same half hour of the same seed always takes the same.
    """
    cold = max(Decimal(0), _BASE_C - temperature_c)
    heat_kwh = cold * _WATTS_PER_DEGREE / 2000
    litres = int(heat_kwh / energy_kwh(1, calorific))
    key = f"{seed}/gas/{int(begin.timestamp()) // 1800}".encode()
    dice = blake2b(key, digest_size=1).digest()[0]
    # The thermostat overshoots a little, one way and the other.
    litres += litres * (dice - 128) // 1024
    if begin.hour in _WASHING_HOURS:
        litres += _WASHING_LITRES * dice // 256
    return litres


def energy_kwh(litres: int, calorific: Decimal) -> Decimal:
    """Return the energy of a volume, as a UK bill has it. Source: fact sheet §3.8 [O]."""
    return Decimal(litres) / 1000 * _VOLUME_FACTOR * calorific / Decimal("3.6")


def watt_hours(litres: int, calorific: Decimal) -> int:
    """Return the energy of a volume in whole watt-hours, as a display shows it."""
    return int((energy_kwh(litres, calorific) * 1000).to_integral_value(ROUND_HALF_UP))


class GasMeter:
    """Counts from the midnight before it is first asked; `begin` litres are on it then.

    temperature_c: of the air at an instant. Asked for an earlier instant than before it starts
    anew, so it tells the same for the same instant always, as long as the first day is the same.
    """

    def __init__(
        self,
        temperature_c: Callable[[datetime], Decimal],
        seed: int,
        begin: int,
        calorific: Decimal,
    ) -> None:
        self._temperature_c = temperature_c
        self._seed = seed
        self._begin = begin
        self._calorific = calorific
        self._fitted: datetime | None = None
        self._until = _EPOCH
        self._litres = begin
        self._midnights: dict[datetime, int] = {}

    def litres(self, at: datetime) -> int:
        """Return the register: what the last whole half hour before `at` left on it."""
        fitted = self._fit(at)
        last = _EPOCH + (at - _EPOCH) // HALF_HOUR * HALF_HOUR
        if last < self._until:
            self._until, self._litres = fitted, self._begin
        while self._until < last:
            self._note_midnight()
            temperature = self._temperature_c(self._until)
            self._litres += half_hour_litres(temperature, self._until, self._seed, self._calorific)
            self._until += HALF_HOUR
        self._note_midnight()
        return self._litres

    def since(self, midnight: datetime, at: datetime) -> int:
        """Return the litres since a midnight of UTC, or since the meter was fitted."""
        now = self.litres(at)
        return now - self._midnights.get(midnight, self._begin)

    def _fit(self, at: datetime) -> datetime:
        if self._fitted is None or at < self._fitted:
            self._fitted = at.replace(hour=0, minute=0, second=0, microsecond=0)
            self._until, self._litres = self._fitted, self._begin
            self._midnights.clear()
        return self._fitted

    def _note_midnight(self) -> None:
        if self._until.hour == 0 and self._until.minute == 0:
            self._midnights[self._until] = self._litres
