from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.store.value import instant, micros, pack, unpack, wall

SURELY_EXACT = st.decimals(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("0", (0, 0)),
        ("0.0", (0, -1)),
        ("23.10", (2310, -2)),
        ("-2233.5000", (-22335000, -4)),
        ("17042661", (17042661, 0)),
        ("1.5E+10", (15, 9)),
        ("9223372036854775807", (9223372036854775807, 0)),
    ],
)
def test_a_number_is_an_integer_and_a_power_of_ten(text: str, columns: tuple[int, int]) -> None:
    assert pack(Decimal(text)) == columns


@pytest.mark.parametrize("text", ["-0.0", "NaN", "-Infinity", "9223372036854775808", "-0E+3"])
def test_what_no_integer_can_hold_is_kept_as_text(text: str) -> None:
    assert pack(Decimal(text)) == (text, 0)


@given(SURELY_EXACT)
def test_any_number_comes_back_digit_for_digit(value: Decimal) -> None:
    back = unpack(*pack(value))
    assert isinstance(back, Decimal)
    assert back.as_tuple() == value.as_tuple()


def test_a_number_of_five_thousand_digits_comes_back() -> None:
    value = Decimal("1" + "0" * 4999)
    assert str(unpack(*pack(value))) == "1" + "0" * 4999


@pytest.mark.parametrize("text", ["Normal", "99,99", "12", ""])
def test_a_state_stays_text_even_when_it_looks_like_a_number(text: str) -> None:
    assert unpack(*pack(text)) == text
    assert isinstance(unpack(*pack(text)), str)


def test_half_a_surrogate_pair_is_kept_escaped() -> None:
    assert pack("a\ud800b") == ("a\\ud800b", None)


@given(st.datetimes())
def test_a_naive_time_comes_back_to_the_microsecond(at: datetime) -> None:
    assert wall(micros(at)) == at


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_to_the_microsecond(at: datetime) -> None:
    assert instant(micros(at)) == at


def test_an_instant_before_the_calendar_begins_is_its_first() -> None:
    east = datetime.fromisoformat("0001-01-01T00:00:00+14:00")
    assert instant(micros(east)) == datetime(1, 1, 1, tzinfo=UTC)
