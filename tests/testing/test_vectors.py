"""Vector files: what they may hold, and that nothing is let through without provenance."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.testing.vectors import (
    ExpectedMessage,
    ExpectedReading,
    ExpectedUndecodable,
    Vector,
    load_vectors,
    parse_vectors,
)

SOUND = {
    "name": '"n"',
    "sender": '"device"',
    "hex": '"01 02"',
    "message": '{ type = "Note" }',
    "source": '"by hand [A]"',
}


def parse(**changes: str | None) -> Vector:
    """Return the vector of a sound entry with these changes; None leaves a key out."""
    keys = {**SOUND, **changes}
    lines = [f"{key} = {value}" for key, value in keys.items() if value is not None]
    return parse_vectors("[[vector]]\n" + "\n".join(lines), "f.toml")[0]


def test_hex_may_hold_spaces_and_line_ends() -> None:
    assert parse(hex='"""01 02\n  0A"""').data == b"\x01\x02\x0a"


def test_header_text_and_crc_are_joined() -> None:
    vector = parse(hex=None, header_hex='"01 02"', text="'{\"a\":1}'", crc_hex='"FF 00"')
    assert vector.data == b'\x01\x02{"a":1}\xff\x00'


def test_text_of_several_lines_keeps_its_line_ends() -> None:
    assert parse(hex=None, text="'''\na\nb'''").data == b"a\nb"


def test_a_message_is_kept_as_it_is_stated() -> None:
    vector = parse(sender='"headend"')
    assert vector.sender is Side.HEADEND
    assert vector.frames == (ExpectedMessage({"type": "Note"}),)


def test_frames_may_be_messages_or_undecodable() -> None:
    vector = parse(
        message=None,
        frames='[{ type = "A" }, { message = { type = "B" } }, { undecodable = "crc" }]',
    )
    assert vector.frames == (
        ExpectedMessage({"type": "A"}),
        ExpectedMessage({"type": "B"}),
        ExpectedUndecodable("crc"),
    )


def test_a_vector_may_state_that_its_bytes_are_no_message() -> None:
    assert parse(message=None, undecodable='"crc"').frames == (ExpectedUndecodable("crc"),)


def test_values_of_readings_are_exact() -> None:
    vector = parse(readings='[{ quantity = "battery.soc", value = 72.40 }]')
    assert vector.readings is not None
    assert str(vector.readings[0].value) == "72.40"


def test_the_time_of_a_reading_may_be_toml_or_text() -> None:
    vector = parse(
        readings='[{ quantity = "a", value = 1, reported = 2025-06-01T12:00:00 },'
        ' { quantity = "a", value = "on", reported = "2025-06-01 12:00:00" }]'
    )
    noon = datetime.fromisoformat("2025-06-01T12:00:00")
    assert vector.readings == (
        ExpectedReading("a", Decimal(1), noon),
        ExpectedReading("a", "on", noon),
    )


def test_no_word_of_readings_is_not_the_same_as_no_readings() -> None:
    assert parse().readings is None
    assert parse(readings="[]").readings == ()


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"source": None}, "f.toml: vector[0].source", "missing"),
        ({"source": '" "'}, "f.toml: vector[0].source", "missing"),
        ({"name": None}, "f.toml: vector[0].name", "missing"),
        ({"sender": '"server"'}, "f.toml: vector[0].sender", "neither"),
        ({"hex": '"0"'}, "f.toml: vector[0].hex", "hexadecimal"),
        ({"hex": None}, "f.toml: vector[0].hex", "missing"),
        ({"message": None}, "f.toml: vector[0].message", "exactly one"),
        ({"undecodable": '"crc"'}, "f.toml: vector[0].message", "exactly one"),
        ({"message": "{ text = 'a' }"}, "f.toml: vector[0].message[0]", "no type"),
        ({"mesage": "{}"}, "f.toml: vector[0].mesage", "not a known key"),
        ({"sha256": '"00"'}, "f.toml: vector[0].sha256", "the 2 bytes have a12871fee210fb86"),
        ({"readings": "[{ value = 1 }]"}, "f.toml: vector[0].readings[0].quantity", "missing"),
        ({"readings": "[{ quantity = 'a' }]"}, "f.toml: vector[0].readings[0].value", "missing"),
    ],
)
def test_what_is_wrong_with_a_vector_is_told_by_its_key(
    changes: dict[str, str | None], key: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(**changes)
    assert raised.value.key == key
    assert problem in raised.value.problem


def test_a_file_that_is_not_toml_is_named() -> None:
    with pytest.raises(ConfigError, match=r"f\.toml: is not TOML"):
        parse_vectors("[[vector", "f.toml")


def test_a_package_without_a_vectors_folder_has_none() -> None:
    assert load_vectors("mitmeter.testing") == ()


def test_vectors_lie_in_the_package_of_a_spec() -> None:
    names = [vector.name for vector in load_vectors("tests.testing")]
    assert names[:2] == ["the check value of CRC-16/XMODEM as a note", "a report by hand"]
