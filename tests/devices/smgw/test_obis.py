from decimal import Decimal

import pytest

from mitmeter.devices.smgw.obis import (
    LogicalName,
    Named,
    Scale,
    code_of,
    logical_name,
    named,
    number,
    obis,
    scale,
    scaled,
    whole,
)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("0100010800ff", "1-0:1.8.0"),
        ("010001083fff", "1-0:1.8.63"),
        ("0100100700ff", "1-0:16.7.0"),
        ("0700030100ff", "7-0:3.1.0"),
        ("010001080001", "1-0:1.8.0*1"),
    ],
)
def test_twelve_hex_digits_are_an_obis_code_and_back(code: str, shown: str) -> None:
    assert obis(code) == shown
    assert code_of(shown) == code


def test_a_logical_name_is_register_and_owner_in_lower_case() -> None:
    assert logical_name("0100100700FF.1TST0000000077.sm") == LogicalName(
        "0100100700ff", "1tst0000000077"
    )
    assert logical_name("0100010800ff") == LogicalName("0100010800ff")


@pytest.mark.parametrize("text", ["short", "", "0100010800f", "0100010800ffa.x.sm", "0100010800fg"])
def test_any_other_name_is_none(text: str) -> None:
    assert logical_name(text) is None


@pytest.mark.parametrize("text", ["1-0:1.8", "1.8.0", "1-0:1.8.256", "1-0:1,8,0", "x"])
def test_what_is_no_obis_code_has_no_hex_digits(text: str) -> None:
    assert code_of(text) is None


def test_numbers_are_exact_however_many_digits_they_have() -> None:
    assert scaled(12345678901234567890, Scale(-4, "Wh")) == Decimal("1234567890123456.7890")
    assert scaled(-4321, Scale(2, "W")) == Decimal("-432100")


@pytest.mark.parametrize("text", ["1,5", "", "1e3", "NaN", "٣", "0x10", "1.2.3"])
def test_what_is_no_plain_number_is_none(text: str) -> None:
    assert number(text) is None
    assert whole(text) is None


def test_units_and_scalers_nobody_described_are_not_guessed() -> None:
    assert scale("-1", "30") == Scale(-1, "Wh")
    assert scale(-1, 72) is None
    assert scale(99, 30) is None
    assert scale(True, 30) is None


def test_a_register_is_kept_under_its_quantity_in_the_unit_that_has() -> None:
    assert named("0100010800ff", Decimal("2468101.2"), "Wh") == Named(
        "grid.import", Decimal("2468.1012")
    )
    assert named("0100100700ff", Decimal("1.5"), "kW") == Named("grid.power", Decimal("1500"))


def test_a_register_whose_unit_does_not_fit_is_left_out() -> None:
    assert named("0100010800ff", Decimal(1), "V") is None


def test_a_register_of_no_common_meaning_keeps_its_number_and_unit() -> None:
    assert named("0100010801ff", Decimal(5000), "Wh") == Named(
        "vendor.smgw.1-0.1.8.1_kwh", Decimal("5.000")
    )
    assert named("0100600100ff", Decimal(7), "") == Named("vendor.smgw.1-0.96.1.0", Decimal(7))
