"""JSON objects, exact numbers, and text nobody should have to read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mitmeter.devices.glow.jsontext import JsonError, parse_object


def test_numbers_keep_their_digits_and_of_a_repeated_name_the_last_counts() -> None:
    found = parse_object('{"a":0.25000,"b":1,"a":0.30}')
    assert str(found["a"]) == "0.30"
    assert found == {"a": Decimal("0.30"), "b": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello", "not JSON"),
        ("", "not JSON"),
        ("[1,2]", "not an object"),
        ('"x"', "not an object"),
        ('{"a":NaN}', "NaN is no number"),
        ('{"a":1} {"b":2}', "not JSON"),
        ('{"a":' + "9" * 5000 + "}", "not JSON"),
        ('{"a":' + "[" * 33 + "]" * 33 + "}", "nested deeper than 32"),
        ("[" * 60_000, "nested deeper than 32"),
        ('{"a":' * 20_000, "nested deeper than 32"),
        ('{"a":1e99999999999999999999}', "impossible exponent"),
    ],
)
def test_hostile_text_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(JsonError, match=reason):
        parse_object(text)


def test_an_object_of_many_shallow_arrays_is_fine() -> None:
    assert len(parse_object('{"a":[' + ",".join(["[]"] * 1000) + "]}")) == 1


def test_control_characters_inside_strings_are_tolerated() -> None:
    assert parse_object('{"a":"x\ty"}') == {"a": "x\ty"}
