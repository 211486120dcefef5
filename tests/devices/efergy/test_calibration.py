from decimal import Decimal

import pytest

from mitmeter.devices.efergy.calibration import calibration
from mitmeter.errors import ConfigError


def test_the_default_is_230_volts_at_a_power_factor_of_0_6() -> None:
    assert calibration({}).gain_of(700_001) == Decimal("0.138")


def test_volts_and_power_factor_make_the_gain() -> None:
    assert calibration({"volts": "120", "power_factor": "0.5"}).gain == Decimal("0.06")


def test_a_gain_stands_for_both() -> None:
    assert calibration({"gain": "0.1", "volts": "120"}).gain == Decimal("0.1")


def test_a_sensor_may_have_a_gain_of_its_own() -> None:
    found = calibration({"gain": "0.1", "gain_700002": "0.06"})
    assert (found.gain_of(700_001), found.gain_of(700_002)) == (Decimal("0.1"), Decimal("0.06"))


def test_a_sensor_may_have_a_power_factor_of_its_own_at_the_same_volts() -> None:
    found = calibration({"volts": "240", "power_factor_700002": "1"})
    assert found.gain_of(700_002) == Decimal("0.24")
    assert found.gain_of(700_001) == Decimal("0.144")


@pytest.mark.parametrize(("text", "mains"), [("700001", 700_001), ("none", 0), ("", None)])
def test_the_mains_sensor_may_be_named_or_denied(text: str, mains: int | None) -> None:
    assert calibration({"mains": text}).mains == mains


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gain", "0"),
        ("gain", "-1"),
        ("gain", "11"),
        ("gain", "much"),
        ("gain_700002", "nan"),
        ("volts", "1001"),
        ("power_factor", "1.1"),
        ("power_factor_700002", ""),
        ("mains", "0"),
        ("mains", "house"),
    ],
)
def test_a_wrong_option_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        calibration({name: value})
    assert caught.value.key == f"options.{name}"


def test_options_of_other_rooms_are_left_alone() -> None:
    assert calibration({"allow": "x", "gainful": "y"}) == calibration({})


def test_the_gains_used_are_told_in_words() -> None:
    words = calibration({"gain": "0.10", "gain_700002": "1"}).in_words()
    assert words == "0.1 W/mA; 700002: 1 W/mA"
