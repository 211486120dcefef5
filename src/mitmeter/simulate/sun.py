"""Where the sun stands, and what a clear sky gives a roof."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, atan2, cos, degrees, radians, sin

from mitmeter.simulate.site import Site

_J2000_S = 946_728_000
_SYSTEM_YIELD = 0.86  # modules warm, wires, conversion to AC
_DIFFUSE_SHARE = 0.13


@dataclass(frozen=True, slots=True)
class SunDirection:
    """A unit vector from the ground to the sun; `up` is negative at night."""

    east: float
    north: float
    up: float

    @property
    def elevation_deg(self) -> float:
        return degrees(asin(max(-1.0, min(1.0, self.up))))


def sun_direction(latitude: float, longitude: float, seconds: float) -> SunDirection:
    """Return where the sun stands `seconds` after 1970 UTC, to about 0.01° between 1950 and 2050.

    Source: the Astronomical Almanac's low-precision formulae.
    """
    days = (seconds - _J2000_S) / 86_400
    anomaly = radians((357.528 + 0.9856003 * days) % 360)
    ecliptic = radians(
        (280.460 + 0.9856474 * days + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly)) % 360
    )
    tilt = radians(23.439 - 0.0000004 * days)
    sin_declination = sin(tilt) * sin(ecliptic)
    cos_declination = cos(asin(sin_declination))
    ascension = atan2(cos(tilt) * sin(ecliptic), cos(ecliptic))
    sidereal = radians(((18.697374558 + 24.06570982441908 * days) * 15 + longitude) % 360)
    hour = sidereal - ascension
    sin_lat, cos_lat = sin(radians(latitude)), cos(radians(latitude))
    return SunDirection(
        east=-cos_declination * sin(hour),
        north=cos_lat * sin_declination - sin_lat * cos_declination * cos(hour),
        up=sin_lat * sin_declination + cos_lat * cos_declination * cos(hour),
    )


class Roof:
    """The strings of a site under a cloudless sky."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._faces: list[tuple[int, float, float, float, float]] = []
        for string in site.strings:
            azimuth, tilt = radians(string.azimuth_deg), radians(string.tilt_deg)
            self._faces.append(
                (
                    string.peak_w,
                    sin(tilt) * sin(azimuth),
                    sin(tilt) * cos(azimuth),
                    cos(tilt),
                    (1.0 + cos(tilt)) / 2.0,
                )
            )

    def clear_sky_w(self, seconds: float) -> float:
        """Return the AC power of all strings under a clear sky; 0 while the sun is down.

        Direct light is 1353 W/m² · 0.7^(air mass^0.678) (Meinel), plus a share of diffuse light.
        """
        sun = sun_direction(self._site.latitude, self._site.longitude, seconds)
        if sun.up <= 0.0:
            return 0.0
        air_mass = 1.0 / (sun.up + 0.50572 * (sun.elevation_deg + 6.07995) ** -1.6364)
        direct = 1353.0 * 0.7 ** (air_mass**0.678)
        diffuse = _DIFFUSE_SHARE * direct * (sun.up + 0.1)
        total = 0.0
        for peak, east, north, up, sky in self._faces:
            facing = sun.east * east + sun.north * north + sun.up * up
            total += peak * (direct * max(0.0, facing) + diffuse * sky)
        return total * _SYSTEM_YIELD / 1000.0
