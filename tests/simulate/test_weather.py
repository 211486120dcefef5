"""Weather runs on through midnight and knows the seasons of both hemispheres."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mitmeter.simulate.site import Site
from mitmeter.simulate.weather import Weather, winter

JANUARY = datetime(2026, 1, 15, tzinfo=UTC).timestamp()
JULY = datetime(2026, 7, 16, tzinfo=UTC).timestamp()


def test_winter_is_in_january_in_london_and_in_july_in_sydney() -> None:
    assert winter(JANUARY, 51.5) > 0.99 > 0.01 > winter(JULY, 51.5)
    assert winter(JULY, -33.9) > 0.99 > 0.01 > winter(JANUARY, -33.9)


@pytest.mark.parametrize("seed", range(1, 6))
def test_pv_neither_starts_nor_swings_below_zero(seed: int) -> None:
    weather = Weather(seed, Site())
    for day in (20_240, 20_300, 20_440):
        sunshine = weather.sunshine(day)
        assert min(sunshine.mean_w) == 0
        assert max(sunshine.mean_w) <= Site().pv_limit_w
        for mean, swing in zip(sunshine.mean_w, sunshine.swing_w, strict=True):
            assert mean - 8 * swing >= 0


def test_pv_runs_on_smoothly_where_midnight_utc_is_a_sunny_noon() -> None:
    weather = Weather(1, Site(latitude=0.0, longitude=180.0))
    for day in range(20_440, 20_450):
        evening, morning = weather.sunshine(day).mean_w, weather.sunshine(day + 1).mean_w
        across = abs(morning[0] - evening[-1])
        within = max(abs(b - a) for a, b in zip(evening[-200:], evening[-199:], strict=False))
        assert evening[-1] > 0
        assert across <= max(within, 40)


def test_mains_stay_within_what_a_grid_code_allows() -> None:
    weather = Weather(2, Site())
    for i in range(2_000):
        assert 216.2 <= weather.voltage_v(JULY + 97 * i) <= 253.0
        assert 49.9 <= weather.frequency_hz(JULY + 97 * i) <= 50.1
