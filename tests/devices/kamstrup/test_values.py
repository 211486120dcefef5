"""Register values: exact numbers, and everything a register may hold that is none."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.kamstrup.units import symbol, unit
from mitmeter.devices.kamstrup.values import (
    Bits,
    Moment,
    MonthDay,
    Opaque,
    Scaled,
    Value,
    encode_clock,
    encode_date,
    encode_dst_date_time,
    encode_kam_date_time,
    encode_long_date,
    encode_month_day,
    encode_number,
    encode_rtc,
    encode_text,
    register_value,
    shown,
)
from mitmeter.errors import LocalProtocolError

AT = datetime.fromisoformat("2025-06-01T13:45:09")


def value(unit: int, hexed: str, sigexp: int = 0) -> Value:
    return register_value(unit, sigexp, bytes.fromhex(hexed))


@pytest.mark.parametrize(
    ("sigexp", "hexed", "text"),
    [
        (0x00, "00E7", "231"),
        (0x42, "0000021D", "5.41"),
        (0x44, "040679BA", "6753.3242"),
        (0x43, "1B40", "6.976"),
        (0xC1, "002D", "-4.5"),
        (0x03, "57", "87000"),
        (0x80, "05", "-5"),
        (0x83, "05", "-5000"),
        (0x42, "00000000", "0.00"),
        (0xC2, "0000", "0.00"),
        (0x7F, "01", "0." + "0" * 62 + "1"),
        (0x00, "FF" * 16, "340282366920938463463374607431768211455"),
        (0x50, "FF" * 16, "34028236692093846346337.4607431768211455"),
    ],
)
def test_a_number_is_exact_with_sign_and_exponent(sigexp: int, hexed: str, text: str) -> None:
    found = value(2, hexed, sigexp)
    assert isinstance(found, Decimal)
    assert shown(found) == text


def test_a_zero_has_no_sign() -> None:
    found = value(2, "0000", 0x80)
    assert isinstance(found, Decimal)
    assert not found.is_signed()


@pytest.mark.parametrize(
    ("unit", "hexed", "expected"),
    [
        (47, "00020D6D", time(13, 45, 9)),
        (47, "0000", time(0, 0, 0)),
        (48, "0003D2E9", date(2025, 6, 1)),
        (49, "0134FFE9", date(2025, 6, 1)),
        (50, "04CD", MonthDay(12, 29)),
        (50, "000000E5", MonthDay(2, 29)),
        (53, "0307092D0D010619", Moment(AT, 0x03, True)),
        (63, "0007092D0D010619", Moment(AT, 0x00, False)),
        (72, "032FCF15E5", Moment(AT, 0x03, True)),
        (79, "011906010D2D09", Moment(AT, 0x01, True)),
        (54, "36383230315445535430", "68201TEST0"),
        (54, "41420000", "AB"),
        (59, "8001", Bits(b"\x80\x01")),
        (73, "C0A801D2", "192.168.1.210"),
        (74, "20010DB8" + "00" * 11 + "01", "2001:db8::1"),
    ],
)
def test_what_is_no_number_is_read_by_its_unit(unit: int, hexed: str, expected: Value) -> None:
    assert value(unit, hexed) == expected


@pytest.mark.parametrize(
    ("unit", "hexed", "why"),
    [
        (47, "0003A980", "hour must be in 0..23"),
        (48, "0003D88D", "month must be in 1..12"),
        (48, "000F4241", "1000001 is no yymmdd"),
        (50, "00002711", "month must be in 1..12"),
        (53, "03070909", "4 bytes, expected 8"),
        (54, "1B5B324A", "not printable text"),
        (54, "C3A9", "not ASCII text"),
        (64, "0102", "the layout of unit 64 is not known"),
        (72, "03", "1 bytes, expected 5"),
        (73, "C0A801", "3 bytes, expected 4"),
        (2, "FF" * 17, "a number of 17 bytes"),
    ],
)
def test_bytes_that_are_no_such_thing_are_kept_with_the_reason(
    unit: int, hexed: str, why: str
) -> None:
    assert value(unit, hexed) == Opaque(bytes.fromhex(hexed), why)


@pytest.mark.parametrize(("unit", "size"), [(48, 4), (49, 4), (50, 2), (53, 8), (79, 7)])
def test_a_date_of_zeroes_is_not_set(unit: int, size: int) -> None:
    assert shown(register_value(unit, 0, bytes(size))) == "not set"


@given(unit=st.integers(0, 255), sigexp=st.integers(0, 255), raw=st.binary(max_size=255))
def test_no_bytes_of_any_unit_raise(unit: int, sigexp: int, raw: bytes) -> None:
    assert isinstance(shown(register_value(unit, sigexp, raw)), str)


# --- encoding ---


@given(mantissa=st.integers(-(2**32) + 1, 2**32 - 1), exponent=st.integers(-9, 9))
def test_a_number_comes_back_as_it_was(mantissa: int, exponent: int) -> None:
    number = Decimal(mantissa).scaleb(exponent)
    sigexp = 0x40 | -exponent if exponent < 0 else exponent
    found = encode_number(number, sigexp, 4)
    assert register_value(2, found.sigexp, found.raw) == number


def test_a_negative_number_has_its_sign_in_the_sign_byte() -> None:
    assert encode_number(Decimal("-4.5"), 0x41, 2) == Scaled(0xC1, b"\x00\x2d")


def test_what_a_register_cannot_show_is_cut_off_not_rounded() -> None:
    assert encode_number(Decimal("7183.29"), 0x41, 4) == Scaled(0x41, (71832).to_bytes(4, "big"))


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="65536 does not fit 2 bytes"):
        encode_number(Decimal(65_536), 0x00, 2)


def test_times_encode_to_the_worked_examples() -> None:
    assert encode_clock(AT.time()).hex() == "00020d6d"
    assert encode_date(AT.date()).hex() == "0003d2e9"
    assert encode_long_date(AT.date()).hex() == "0134ffe9"
    assert encode_month_day(MonthDay(12, 29)).hex() == "04cd"
    assert encode_rtc(AT, 0x03).hex() == "0307092d0d010619"
    assert encode_kam_date_time(AT, 0x03).hex() == "032fcf15e5"
    assert encode_dst_date_time(AT, 1).hex() == "011906010d2d09"


def test_text_is_filled_up() -> None:
    assert encode_text("AB", 4) == b"AB\0\0"


@pytest.mark.parametrize(("text", "size"), [("ABC", 2), ("é", 4)])
def test_text_that_does_not_fit_is_refused(text: str, size: int) -> None:
    with pytest.raises(LocalProtocolError):
        encode_text(text, size)


def test_a_year_that_does_not_fit_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        encode_date(date(2100, 1, 1))
    with pytest.raises(LocalProtocolError):
        encode_rtc(datetime.fromisoformat("1999-12-31T00:00:00"))


# --- units ---


_SHOWN = {
    0: "",
    1: "Wh",
    2: "kWh",
    8: "GJ",
    14: "kvarh",
    20: "GVAh",
    21: "W",
    22: "kW",
    26: "kvar",
    32: "GVA",
    33: "V",
    34: "A",
    37: "°C",
    38: "K",
    40: "m³",
    41: "l/h",
    46: "h",
    47: "",
    51: "",
    52: "bar",
    54: "",
    58: "min",
    60: "s",
    62: "d",
    65: "imp/l",
    67: "Hz",
    69: "%",
    72: "",
    79: "",
    85: "%RH",
    90: "g/kg",
    200: "unit 200",
}


@pytest.mark.parametrize(("code", "text"), _SHOWN.items())
def test_a_unit_is_shown_as_the_protocol_lists_it(code: int, text: str) -> None:
    assert symbol(code) == text


@pytest.mark.parametrize(
    ("code", "usual", "factor"),
    [
        (1, "kWh", "0.001"),
        (3, "kWh", "1000"),
        (8, "MJ", "1000"),
        (13, "kvarh", "0.001"),
        (22, "W", "1000"),
        (26, "var", "1000"),
        (35, "V", "1000"),
        (57, "MJ", "10000"),
        (33, "V", "1"),
    ],
)
def test_a_unit_knows_how_it_is_converted(code: int, usual: str, factor: str) -> None:
    assert (unit(code).usual, unit(code).factor) == (usual, Decimal(factor))
