"""Hexadecimal text and scaling: every type, every width, every pattern for "no value"."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mitmeter.devices.glow.registers import (
    BITS8,
    INT8,
    INT24,
    INT32,
    NO_VALUE,
    NOT_HEX,
    UINT8,
    UINT16,
    UINT24,
    UINT24_OR_32,
    UINT32,
    UINT48,
    HexType,
    hex_value,
    scaled,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("000005DC", 1500),
        ("05DC", 1500),
        ("FFFFFB2E", -1234),
        ("FFFB2E", -1234),
        ("00FFFB2E", -1234),
        ("FFFFFFFFFFFFFB2E", -1234),
        ("fffb2e", -1234),
        ("FFFFFF", -1),
        ("7FFFFF", 8_388_607),
        ("800001", -8_388_607),
        ("0", 0),
    ],
)
def test_a_demand_has_the_same_sign_at_any_width(text: str, value: int) -> None:
    assert hex_value(text, INT24) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("FFFFFFFFFFFF", UINT48),
        ("0000FFFFFFFFFFFF", UINT48),
        ("FFFFFF", UINT24),
        ("00FFFFFF", UINT24),
        ("FFFFFFFF", UINT24),
        ("800000", INT24),
        ("FF800000", INT24),
        ("00800000", INT24),
        ("FFFFFFFF", UINT32),
        ("80000000", INT32),
        ("FFFF", UINT16),
        ("FF", UINT8),
        ("80", INT8),
        ("FFFFFF", UINT24_OR_32),
        ("FFFFFFFF", UINT24_OR_32),
    ],
)
def test_a_sentinel_is_no_value_at_any_width(text: str, kind: HexType) -> None:
    assert hex_value(text, kind) is NO_VALUE


@pytest.mark.parametrize(
    "text", ["", "zz", "0x12", "-1", "+1", "1_0", " 12", "12 ", "1" * 17, "١٢", "1.5", "7FFFFB2E"]
)
def test_text_that_is_no_number_of_its_type_is_told_apart_from_no_value(text: str) -> None:
    assert hex_value(text, INT24) is NOT_HEX


def test_a_number_too_large_for_its_type_is_none() -> None:
    assert hex_value("1000000", UINT24) is NOT_HEX
    assert hex_value("01000000", UINT24_OR_32) == 16_777_216


def test_small_patterns_of_ones_are_numbers_where_the_type_is_larger() -> None:
    assert hex_value("FF", UINT24) == 255
    assert hex_value("FF", BITS8) == 255
    assert hex_value("BF", INT8) == -65


@pytest.mark.parametrize(
    ("raw", "multiplier", "divisor", "thousands", "shown"),
    [
        (12_345_678, 1, 1000, 0, "12345.678"),
        (0, 1, 1000, 0, "0.000"),
        (1500, 1, 1000, 1, "1500"),
        (-1234, 1, 1000, 1, "-1234"),
        (15, 1, 10, 1, "1500"),
        (1_234_567, 1, 10_000, 1, "123456.7"),
        (987_654, 10, 1000, 0, "9876.540"),
        (42, 3, 1, 0, "126"),
        (1, 1, 3600, 0, "0.0002777777777777777777777777778"),
        (281_474_976_710_654, 1, 1000, 0, "281474976710.654"),
    ],
)
def test_scaling_is_exact_and_keeps_the_divisors_decimals(
    raw: int, multiplier: int, divisor: int, thousands: int, shown: str
) -> None:
    found = scaled(raw, multiplier, divisor, thousands)
    assert str(found) == shown
    assert found == Decimal(shown)
