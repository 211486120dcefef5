from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mitmeter.devices.efergy.registers import number, seconds_of, sid_of, told_time

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)


def test_a_value_is_exact() -> None:
    assert number("350.50") == Decimal("350.50")


@pytest.mark.parametrize(
    "text",
    ["2147483647.2147483647", "2147483647", "-2147483647", "nan", "inf", "-inf", "", "1e5", "1_0"],
)
def test_overflows_and_what_is_no_number_give_no_value(text: str) -> None:
    assert number(text) is None


def test_a_value_in_digits_of_another_script_is_none() -> None:
    assert number("١٢") is None


@pytest.mark.parametrize(("text", "sid"), [("700001", 700_001), ("0", 0), ("9999999", 9_999_999)])
def test_a_sensor_id_has_1_to_7_digits(text: str, sid: int) -> None:
    assert sid_of(text) == sid


@pytest.mark.parametrize("text", ["", "10000000", "-1", "7a", "²"])
def test_anything_else_is_no_sensor_id(text: str) -> None:
    assert sid_of(text) is None


@pytest.mark.parametrize("text", ["65A51E40", "65a51e40", "65A51E40:05"])
def test_hub_time_is_unix_seconds_in_hex_and_its_suffix_is_cut_off(text: str) -> None:
    assert seconds_of(text) == 1_705_320_000


@pytest.mark.parametrize("text", ["", ":05", "65A51E4G", "0x65A51E", "165A51E40", "+5A51E40"])
def test_a_time_that_is_not_hex_is_none(text: str) -> None:
    assert seconds_of(text) is None


def test_a_plausible_time_is_utc() -> None:
    assert told_time(1_705_320_000, NOON) == NOON


@pytest.mark.parametrize("seconds", [None, 0, 1_420_070_399, 1_705_320_000 + 86_401])
def test_times_before_2015_and_after_tomorrow_are_none(seconds: int | None) -> None:
    assert told_time(seconds, NOON) is None


def test_the_first_and_the_last_plausible_time_count() -> None:
    assert told_time(1_420_070_400, NOON) == datetime(2015, 1, 1, tzinfo=UTC)
    assert told_time(1_705_320_000 + 86_400, NOON) == datetime(2024, 1, 16, 12, tzinfo=UTC)
