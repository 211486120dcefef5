"""JSON text ⇄ members."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mitmeter.devices.alphaess.jsontext import MAX_DEPTH, JsonError, json_text, parse_members
from mitmeter.devices.alphaess.messages import Json, Object


def nested(depth: int) -> Json:
    return () if depth <= 1 else (nested(depth - 1),)


def test_members_are_written_without_blanks_but_before_the_names_given() -> None:
    members = (("a", "0"), ("b", True), ("c", Decimal("9.20")), ("d", None))
    assert json_text(members, {"a", "c"}) == '{"a":"0","b":true, "c":9.20,"d":null}'


def test_blanks_are_read_anywhere() -> None:
    assert parse_members(' {"a" : [ 1 ,{ } ] }\r\n') == (("a", (Decimal(1), Object(()))),)


def test_control_characters_are_read_as_they_are_and_written_escaped() -> None:
    members = parse_members('{"a":"x\ny"}')
    assert members == (("a", "x\ny"),)
    assert json_text(members) == '{"a":"x\\ny"}'


def test_half_characters_are_written_escaped() -> None:
    assert json_text((("a", "\ud83d!"),)) == '{"a":"\\ud83d!"}'


def test_the_deepest_value_allowed_goes_both_ways_and_one_more_does_not() -> None:
    members = (("a", nested(MAX_DEPTH - 1)),)
    assert parse_members(json_text(members)) == members
    with pytest.raises(JsonError, match="nested deeper"):
        json_text((("a", nested(MAX_DEPTH)),))
    with pytest.raises(JsonError, match="nested deeper"):
        parse_members('{"a":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}")


def test_brackets_inside_text_are_text() -> None:
    assert parse_members('{"a":"[{"}') == (("a", "[{"),)
