"""The sun stands where almanacs put it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mitmeter.simulate.site import PvString, Site
from mitmeter.simulate.sun import Roof, sun_direction


def elevation(latitude: float, longitude: float, at: datetime) -> float:
    return sun_direction(latitude, longitude, at.timestamp()).elevation_deg


@pytest.mark.parametrize(
    ("latitude", "longitude", "at", "expected"),
    [
        # Noon elevation is 90° − latitude + declination: 23.44° at the solstices, 0 at equinoxes.
        (51.48, 0.0, datetime(2025, 6, 21, 12, 2, tzinfo=UTC), 90 - 51.48 + 23.44),
        (51.48, 0.0, datetime(2025, 12, 21, 11, 58, tzinfo=UTC), 90 - 51.48 - 23.44),
        (0.0, 0.0, datetime(2025, 3, 20, 12, 7, tzinfo=UTC), 90.0),
        (-33.87, 151.21, datetime(2025, 12, 21, 1, 53, tzinfo=UTC), 90 - 33.87 + 23.44),
    ],
)
def test_noon_elevation_follows_from_latitude_and_season(
    latitude: float, longitude: float, at: datetime, expected: float
) -> None:
    assert elevation(latitude, longitude, at) == pytest.approx(expected, abs=0.3)


def test_the_sun_is_in_the_east_in_the_morning_and_south_at_noon() -> None:
    morning = sun_direction(51.48, 0.0, datetime(2025, 3, 20, 8, tzinfo=UTC).timestamp())
    noon = sun_direction(51.48, 0.0, datetime(2025, 3, 20, 12, 7, tzinfo=UTC).timestamp())
    assert morning.east > 0.7
    assert abs(noon.east) < 0.02
    assert noon.north < 0


def test_an_east_roof_earns_in_the_morning_and_a_west_roof_in_the_evening() -> None:
    east = Roof(Site(strings=(PvString(4_000, 90.0, 30.0),)))
    west = Roof(Site(strings=(PvString(4_000, 270.0, 30.0),)))
    morning = datetime(2025, 6, 1, 7, tzinfo=UTC).timestamp()
    evening = datetime(2025, 6, 1, 17, tzinfo=UTC).timestamp()
    assert east.clear_sky_w(morning) > 2 * west.clear_sky_w(morning)
    assert west.clear_sky_w(evening) > 2 * east.clear_sky_w(evening)


def test_a_clear_summer_noon_gives_most_of_the_peak_but_never_more() -> None:
    roof = Roof(Site(strings=(PvString(4_000, 180.0, 35.0),)))
    noon = roof.clear_sky_w(datetime(2025, 6, 1, 12, tzinfo=UTC).timestamp())
    assert 2_800 < noon < 4_000
    assert roof.clear_sky_w(datetime(2025, 6, 1, 0, tzinfo=UTC).timestamp()) == 0.0
