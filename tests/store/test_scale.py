from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.store.scale import area, areas, areas_until, decimal, divide, nano, sample

POWERS = st.integers(-(10**10), 10**10)
STEPS = st.integers(1, 120_000_000)


@pytest.mark.parametrize(
    ("number", "by", "quotient"),
    [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (7, 3, 2), (8, 3, 3), (-8, 3, -3), (0, 9, 0)],
)
def test_division_rounds_to_the_nearest_and_halves_to_even(
    number: int, by: int, quotient: int
) -> None:
    assert divide(number, by) == quotient


@given(value=st.decimals(-(10**9), 10**9, places=9))
def test_nine_places_survive_the_way_there_and_back(value: Decimal) -> None:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    mantissa = int("".join(map(str, digits))) * (-1 if sign else 1)
    assert decimal(nano(mantissa, exponent)) == value


def test_a_whole_number_is_shown_without_an_exponent() -> None:
    assert [str(decimal(each)) for each in (0, 12 * 10**10, -(10**9), 1_500_000_000)] == [
        "0",
        "120",
        "-1",
        "1.5",
    ]


@pytest.mark.parametrize(
    ("value", "exponent", "kept"),
    [
        (2310, -2, (1, 2310, -2)),
        ("-0.0", 0, (1, 0, -1)),
        ("12345678901234567890.5", 0, None),
        ("123456789012345678.5", 0, (1, 1234567890123456785, -1)),
        ("NaN", 0, None),
        ("-Infinity", 0, None),
        (5, 400, None),
        (5, 3, (1, 5, 3)),
        (5, -900_000, (1, 0, 0)),
        ("1E-999999", 0, (1, 0, 0)),
        (15, -19, (1, 2, -18)),
    ],
)
def test_what_nobody_can_add_up_is_no_sample(
    value: int | str, exponent: int, kept: tuple[int, int, int] | None
) -> None:
    assert sample(1, value, exponent) == kept


def test_a_kilowatt_for_ten_seconds_is_its_energy() -> None:
    # 1 kW · 10 s = 1/360 kWh
    assert area(10**9, 10**9, 10_000_000) == round(Fraction(10**9, 360))


def test_a_line_that_crosses_zero_has_energy_on_both_sides() -> None:
    # From 3 kW down to −1 kW in 72 s: 54 s above with 1.5 kW on average, 18 s below with 0.5 kW.
    assert areas(3 * 10**9, -(10**9), 72_000_000) == (22_500_000, 2_500_000)
    assert areas(-(10**9), 3 * 10**9, 72_000_000) == (22_500_000, 2_500_000)


@given(before=POWERS, after=POWERS, us=STEPS)
def test_what_is_above_less_what_is_below_is_the_signed_energy(
    before: int, after: int, us: int
) -> None:
    above, below = areas(before, after, us)
    assert above >= 0
    assert below >= 0
    assert abs(above - below - Fraction((before + after) * us, 7_200_000_000)) <= 1


@given(before=POWERS, after=POWERS, us=STEPS, share=st.integers(0, 1000))
def test_a_part_of_a_step_is_never_more_than_the_whole(
    before: int, after: int, us: int, share: int
) -> None:
    part, whole = areas_until(before, after, us, us * share // 1000), areas(before, after, us)
    assert 0 <= part[0] <= whole[0]
    assert 0 <= part[1] <= whole[1]
    assert areas_until(before, after, us, us) == whole
    assert areas_until(before, after, us, 0) == (0, 0)
