"""A year of the house is a year of an ordinary house."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mitmeter.protocol import HouseEnergy
from mitmeter.simulate import BatterySize, House, PvString, Site

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
SOUTH = (PvString(1_000, 180.0, 35.0),)


def year(seed: int, site: Site) -> HouseEnergy:
    return House(seed, BEGIN, site).energy(BEGIN + YEAR)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_family_uses_what_families_use(seed: int) -> None:
    assert 2_500 < year(seed, Site()).load < 5_000


@pytest.mark.parametrize(
    ("latitude", "least", "most"),
    # What one kWp facing south yields in a year there, by PVGIS: about 750, 1000 and 1450 kWh; one
    # sky serves all places here, so the south is a little greyer than it is.
    [(60.0, 600, 950), (51.5, 850, 1_150), (40.0, 1_050, 1_500)],
)
def test_a_roof_yields_what_its_latitude_gives(latitude: float, least: int, most: int) -> None:
    site = Site(latitude=latitude, strings=SOUTH, pv_limit_w=5_000)
    assert least < year(1, site).pv < most


def test_a_roof_facing_north_yields_less_than_one_facing_south() -> None:
    north = year(1, Site(strings=(PvString(1_000, 0.0, 35.0),))).pv
    flat = year(1, Site(strings=(PvString(1_000, 0.0, 0.0),))).pv
    south = year(1, Site(strings=SOUTH)).pv
    assert north < flat < south
    assert north < Decimal("0.75") * south


def test_every_kilowatt_hour_comes_from_somewhere_and_goes_somewhere() -> None:
    found = year(2, Site())
    came = found.imported + found.pv + found.discharged
    went = found.load + found.exported + found.charged
    assert abs(came - went) < Decimal("1e-18")


def test_a_battery_spares_imports_and_loses_a_little() -> None:
    without = year(1, Site(battery=BatterySize(charge_limit_w=0, discharge_limit_w=0)))
    found = year(1, Site())
    assert found.imported < Decimal("0.6") * without.imported
    assert without.charged == without.discharged == 0
    lost = found.charged - found.discharged
    assert Decimal("0.05") < lost / found.charged < Decimal("0.12")
