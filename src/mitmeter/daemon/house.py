"""The simulated house an emulated device stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mitmeter.config.zone import parse_zone
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.plan import StationPlan
from mitmeter.errors import ConfigError
from mitmeter.protocol import House

if TYPE_CHECKING:
    from mitmeter.simulate import Site


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a house is built of: equal ones make equal houses."""

    seed: int
    since: datetime
    site: Site

    def build(self) -> House:
        from mitmeter.simulate import House as SimulatedHouse

        return SimulatedHouse(self.seed, self.since, self.site)


def grounds_of(plan: StationPlan, clock: Clock, zone: Any) -> Grounds:
    """Return what the house of one emulated device is built of.

    It was built at the turn of the year unless told otherwise; at least two days ago, so that the
    device has a history to tell. A persona's table `place`
    (latitude, longitude in degrees, zone) says where it stands, and by its `seed` who lives there.
    Raises ConfigError for no place.
    """
    from mitmeter.simulate import Site

    since = plan.house_since
    if since is None:
        lived = clock.now() - timedelta(days=2)
        since = lived.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    place = plan.persona.get("place")
    if place is None:
        return Grounds(plan.seed, since, Site(zone=zone))
    if not isinstance(place, Mapping):
        raise ConfigError("place", "is no table")
    named = place.get("zone")
    site = Site(
        latitude=_degrees(place, "latitude", Site().latitude, 90),
        longitude=_degrees(place, "longitude", Site().longitude, 180),
        zone=zone if named is None else parse_zone(str(named), "place.zone"),
    )
    seed = place.get("seed", plan.seed)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ConfigError("place.seed", f"{seed!r} is no whole number")
    return Grounds(seed, since, site)


def _degrees(place: Mapping[str, Any], name: str, usual: float, most: int) -> float:
    value = place.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
        raise ConfigError(f"place.{name}", f"{value!r} is no number from -{most} to {most}")
    return float(value)
