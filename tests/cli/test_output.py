"""JSON and values as they are printed."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from mitmeter.cli.output import brief, counted, json_text, utc_text, value_text
from mitmeter.model import DeviceId, Reading

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def reading(quantity: str, value: Decimal | str) -> Reading:
    return Reading(DeviceId("alphaess", "AL1"), quantity, value, NOON)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("-1310.0960"), "-1310.0960"),
        (Decimal("1E+3"), "1000"),
        (Decimal("NaN"), "null"),
        (float("inf"), "null"),
        (93.6, "93.6"),
        (True, "true"),
        (None, "null"),
        ("21 °C", '"21 °C"'),
        ({"a": [1, ("b",)], "c": {}}, '{"a":[1,["b"]],"c":{}}'),
        (NOON, '"2026-06-15T12:00:00Z"'),
    ],
)
def test_json_keeps_every_digit_and_stays_readable(value: object, text: str) -> None:
    assert json_text(value) == text


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "\x9b31m", "\ud800", "\u202e", 'say "hi"'])
def test_text_that_could_upset_a_terminal_is_escaped_and_comes_back_whole(text: str) -> None:
    shown = json_text(text)
    assert shown.isprintable()
    assert json.loads(shown) == text


def test_an_instant_of_any_zone_is_shown_in_utc() -> None:
    at = datetime(2026, 6, 15, 14, 0, 0, 250_000, timezone(timedelta(hours=2)))
    assert utc_text(at) == "2026-06-15T12:00:00.250000Z"


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [
        ("battery.power", Decimal("-1309.5576"), "-1310 W"),
        ("grid.power", Decimal("-0.4"), "0 W"),
        ("battery.soc", Decimal("38"), "38.0 %"),
        ("grid.import", Decimal("551.794"), "551.79 kWh"),
        ("vendor.alphaess.Sva", Decimal("327.125"), "327.125"),
        ("vendor.alphaess.EmsStatus", "Normal\x1b", "Normal\\x1b"),
        ("pv.power", Decimal("NaN"), "NaN W"),
    ],
)
def test_a_brief_value_is_rounded_to_what_a_person_looks_at(
    quantity: str, value: Decimal | str, text: str
) -> None:
    assert brief(reading(quantity, value)) == text


def test_an_exact_value_is_written_without_an_exponent() -> None:
    assert value_text(Decimal("1E-7")) == "0.0000001"


def test_one_of_a_thing_and_many_of_them() -> None:
    assert counted(1, "packet") == "1 packet"
    assert counted(1200, "packet") == "1,200 packets"
    assert counted(2, "entry", "entries") == "2 entries"
