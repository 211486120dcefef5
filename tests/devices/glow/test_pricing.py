"""Tariffs: fields, commas in labels, decimals."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mitmeter.devices.glow.pricing import Tariff, Unreadable, currency_words, read_tariff

SENT = datetime(2024, 1, 15, 12, 0, 7, tzinfo=UTC)
FIELDS = (
    "01,00,00000001,STANDARD,2D24BD00,2D37DAC5,00,033A,40,11,2D24BD00,FFFF,000009C4,"
    "FF,FFFFFFFF,FF,FFFFFFFF,FF,FF,00,00"
)


def body(fields: str = FIELDS, standing: str = "000012C0") -> str:
    return f"EPRICE:{fields}\r\nESTDCHG:{standing}\r\n"


def with_field(index: int, value: str) -> str:
    fields = FIELDS.split(",")
    fields[index] = value
    return ",".join(fields)


def tariff(text: str, sent: datetime | None = SENT) -> Tariff:
    found = read_tariff(text, sent)
    assert isinstance(found, Tariff), found
    return found


def test_every_field_has_its_place() -> None:
    assert tariff(body()) == Tariff(
        label="STANDARD",
        price=Decimal("0.2500"),
        standing=Decimal("0.4800"),
        currency=826,
        start=datetime(2024, 1, 1, tzinfo=UTC),
        device_time=datetime(2024, 1, 15, 12, 0, 5, tzinfo=UTC),
        duration=None,
        tier=0,
        numbers=(
            ("provider", 1),
            ("issuer_event", 0x2D24BD00),
            ("unit", 0),
            ("tiers", 0x11),
            ("block_thresholds", 0),
            ("control", 0),
        ),
        digits_assumed=False,
        refused=(),
    )


@pytest.mark.parametrize(
    ("digits", "raw", "pounds"),
    [
        ("20", "00000019", "0.25"),
        ("30", "000000FA", "0.250"),
        ("40", "000009C4", "0.2500"),
        ("50", "000061A8", "0.25000"),
        ("60", "0003D090", "0.250000"),
        ("41", "000009C4", "0.2500"),
    ],
)
def test_the_trailing_digit_says_where_the_point_is(digits: str, raw: str, pounds: str) -> None:
    fields = FIELDS.replace(",40,11,", f",{digits},11,").replace("000009C4", raw)
    found = tariff(body(fields))
    assert str(found.price) == pounds
    assert not found.digits_assumed


@pytest.mark.parametrize("digits", ["", "zz", "00", "10", "70", "F0", "140"])
def test_without_a_credible_trailing_digit_hundredths_of_a_penny_are_assumed(digits: str) -> None:
    found = tariff(body(with_field(8, digits)))
    assert found.price == Decimal("0.25")
    assert found.standing == Decimal("0.48")
    assert found.digits_assumed


@pytest.mark.parametrize("label", ["", "EVEN, ODD", "A,B,C,D", "DAY RATE", " "])
def test_a_label_may_be_empty_and_have_blanks_and_commas(label: str) -> None:
    found = tariff(body(with_field(3, label)))
    assert found.label == label.strip()
    assert found.price == Decimal("0.25")


def test_the_generation_price_of_all_ones_and_the_like_say_nothing() -> None:
    names = dict(tariff(body()).numbers)
    assert "generation_price_raw" not in names
    assert "ratio" not in names
    assert tariff(body(with_field(12, "FFFFFFFF"))).price is None
    assert tariff(body(standing="FFFFFFFF")).standing is None


@pytest.mark.parametrize(
    "text",
    [
        body().replace("\r\n", "\n"),
        body().rstrip("\r\n"),
        body() + "GPRICE:01,02\r\n",
        "ESTDCHG:000012C0\r\nEPRICE:" + FIELDS,
        body() + "ESTDCHG:00000001\r\n",
    ],
)
def test_line_ends_order_and_further_lines_do_not_matter(text: str) -> None:
    found = tariff(text)
    assert (found.price, found.standing) == (Decimal("0.25"), Decimal("0.48"))


def test_without_a_second_line_there_is_no_standing_charge() -> None:
    assert tariff("EPRICE:" + FIELDS).standing is None


def test_a_start_of_zero_is_now() -> None:
    assert tariff(body(with_field(10, "00000000"))).start is None


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "01,00",
        with_field(5, "2D37DAC"),
        with_field(5, "2D3AF000"),
        with_field(5, "00000000"),
        with_field(5, "nonsense"),
        with_field(10, "FFFFFFFF"),
        with_field(10, "00000001"),
        with_field(10, "3D24BD00"),
        "A," * 40,
    ],
)
def test_fields_without_times_where_they_belong_are_not_read(fields: str) -> None:
    assert isinstance(read_tariff(body(fields), SENT), Unreadable)


def test_a_display_without_a_set_clock_is_not_compared_with() -> None:
    assert tariff(body(with_field(5, "2D3AF000")), None).price == Decimal("0.25")
    assert isinstance(read_tariff(body(with_field(5, "0000003C")), None), Unreadable)


@pytest.mark.parametrize(
    ("raw", "price"),
    [("00004E20", Decimal(2)), ("00004E21", None), ("FFFFFFFE", None), ("00000000", Decimal(0))],
)
def test_a_unit_rate_beyond_two_pounds_is_refused_in_words(raw: str, price: Decimal | None) -> None:
    found = tariff(body(with_field(12, raw)))
    assert found.price == price
    assert len(found.refused) == (price is None)


def test_currencies_are_told_by_name_or_number() -> None:
    assert currency_words(0x033A) == "GBP"
    assert currency_words(978) == "ISO 4217 number 978"
