from decimal import Decimal

import pytest

from mitmeter.devices.efergy.device_sensors import Sensor, sensors
from mitmeter.errors import ConfigError
from mitmeter.testing.house import SteadyHouse
from tests.devices.efergy.efergy_sayings import NOON

HOUSE = SteadyHouse().state(NOON)  # grid -180 W, pv 1500 W, battery -800 W, load 520 W


@pytest.mark.parametrize(
    ("feeds", "milliamps"), [("grid", 1800), ("pv", 15_000), ("battery", 8000), ("load", 5200)]
)
def test_a_clamp_tells_the_magnitude_of_what_it_is_around(feeds: str, milliamps: int) -> None:
    sensor = Sensor(1, feeds=feeds, gain=Decimal("0.1"))
    assert sensor.values(HOUSE) == (("P1", Decimal(milliamps)),)


def test_without_tables_there_is_one_clamp_at_the_grid() -> None:
    assert sensors(None) == (Sensor(700_001),)


def test_a_table_describes_a_sensor() -> None:
    table = {"sid": 5, "kind": "EFCT", "feeds": "load", "gain": "0.06", "rssi": -80}
    assert sensors([table]) == (Sensor(5, "EFCT", "load", Decimal("0.06"), -80),)


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ("x", "sensor"),
        ([], "sensor"),
        ([{"sid": n} for n in range(1, 7)], "sensor"),
        ([{"sid": 1}, {"sid": 1}], "sensor"),
        ([5], "sensor[0]"),
        ([{}], "sensor[0].sid"),
        ([{"sid": 1}, {"sid": 10_000_000}], "sensor[1].sid"),
        ([{"sid": 1, "feeds": "sun"}], "sensor[0].feeds"),
        ([{"sid": 1, "kind": "EFXX"}], "sensor[0].kind"),
        ([{"sid": 1, "gain": "0"}], "sensor[0].gain"),
        ([{"sid": 1, "rssi": "-61"}], "sensor[0].rssi"),
        ([{"sid": 1, "colour": "red"}], "sensor[0].colour"),
    ],
)
def test_what_cannot_be_used_is_named(tables: object, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        sensors(tables)
    assert caught.value.key == key
