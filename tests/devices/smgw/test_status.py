import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.smgw.status import (
    Ptb,
    Status,
    parse_gateway_word,
    parse_status,
    printed_reversed,
    reversed_word,
)


# Every row of the fact sheet's table of gateway words.
@pytest.mark.parametrize(
    ("printed", "ordinary", "ptb"),
    [
        ("a0000000", 0x00000005, Ptb.OK),
        ("e0000000", 0x00000007, Ptb.OK),
        ("a0080000", 0x00001005, Ptb.WARNING),
        ("a0040000", 0x00002005, Ptb.SUBSTITUTE),
        ("a0020000", 0x00004005, Ptb.UNUSABLE),
        ("a0400000", 0x00000205, Ptb.UNUSABLE),
        ("a0800000", 0x00000105, Ptb.FATAL),
    ],
)
def test_a_word_means_the_same_in_either_bit_order(printed: str, ordinary: int, ptb: Ptb) -> None:
    assert reversed_word(printed) == ordinary
    assert parse_gateway_word(printed) == parse_gateway_word(f"{ordinary:08x}") == Status(ordinary)
    status = parse_status(f"{printed}20003800")
    assert status is not None
    assert status.ptb is ptb


@pytest.mark.parametrize(
    ("printed", "ordinary"),
    [("20003800", 0x001C0004), ("20004000", 0x00020004), ("20103800", 0x001C0804)],
)
def test_the_meters_words_of_the_table_are_read(printed: str, ordinary: int) -> None:
    assert parse_status(f"a0000000{printed}") == Status(5, ordinary)


def test_a_fatal_meter_makes_its_value_fatal() -> None:
    status = parse_status("a000000020004000")
    assert status is not None
    assert status.ptb is Ptb.FATAL
    assert status.words == ("fatal error of the meter",)


def test_the_meters_half_can_be_left_out() -> None:
    status = parse_status("a000000020004000", meter_too=False)
    assert status is not None
    assert status.ptb is Ptb.OK


def test_short_words_are_filled_up_behind_when_reversed_and_in_front_when_not() -> None:
    assert parse_status("a0000000200038") == Status(5, 0x001C0004)
    assert parse_status("5001c0004") == Status(5, 0x001C0004)


@pytest.mark.parametrize("text", ["", "zz", "00000000", "1", "a" * 17, "-a0000000"])
def test_what_cannot_be_a_status_is_none(text: str) -> None:
    assert parse_status(text) is None


def test_the_transparency_bit_is_no_fault() -> None:
    status = parse_status("e000000020003800")
    assert status is not None
    assert status.transparent
    assert status.ptb is Ptb.OK
    assert status.words == ()


@given(word=st.integers(0, (1 << 32) - 1))
def test_printing_a_word_reversed_and_reading_it_gives_the_word(word: int) -> None:
    assert reversed_word(printed_reversed(word)) == word
