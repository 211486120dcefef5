import pytest

from mitmeter.devices.kamstrup.management.codec import MAX_LINE, ManagementCodec
from mitmeter.devices.kamstrup.management.messages import Line, Negotiation, Spoken, spoken, told
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable


def lines(data: bytes, sender: Side = Side.HEADEND) -> list[str]:
    codec = ManagementCodec()
    items = [*codec.feed(sender, data), *codec.end(sender)]
    return [
        item.message.text
        for item in items
        if isinstance(item, Decoded) and isinstance(item.message, Line) and item.message.text
    ]


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n"])
def test_a_command_ends_with_cr_with_lf_or_with_both(ending: bytes) -> None:
    assert lines(b"!GV" + ending + b"!GC" + ending) == ["!GV", "!GC"]


def test_a_command_is_complete_at_its_cr_and_waits_for_no_lf() -> None:
    assert ManagementCodec().feed(Side.HEADEND, b"!GV\r") == [
        Decoded(b"!GV\r", Line("!GV", "\r")),
    ]


def test_a_line_end_inside_a_telnet_sequence_ends_no_line() -> None:
    codec = ManagementCodec()
    window = bytes.fromhex("fffa1f000d000afff0")
    assert codec.feed(Side.HEADEND, window + b"!GV\n") == [
        Decoded(window, Negotiation(window)),
        Decoded(b"!GV\n", Line("!GV", "\n")),
    ]


def test_a_telnet_sequence_within_a_line_is_kept_and_ignored() -> None:
    codec = ManagementCodec()
    (item,) = codec.feed(Side.HEADEND, b"!G\xff\xfd\x0aV\r")
    assert isinstance(item, Decoded)
    assert isinstance(item.message, Line)
    assert item.raw == b"!G\xff\xfd\x0aV\r"
    assert spoken(item.message) == Spoken("!GV", "")


def test_a_megabyte_without_a_line_end_is_handed_on_in_pieces_and_the_next_line_counts() -> None:
    codec = ManagementCodec()
    items = codec.feed(Side.HEADEND, b"A" * 1_000_000 + b"\r!GV\r")
    assert all(isinstance(item, Undecodable) for item in items[:-1])
    assert items[-1] == Decoded(b"!GV\r", Line("!GV", "\r"))
    assert max(len(item.raw) for item in items) <= 4096
    assert isinstance(items[0], Undecodable)
    assert items[0].reason == f"a line of more than {MAX_LINE} bytes"


def test_a_line_of_just_the_greatest_length_is_a_line() -> None:
    longest = b"A" * (MAX_LINE - 1) + b"\r"
    assert lines(longest) == ["A" * (MAX_LINE - 1)]
    assert lines(b"A" + longest) == []


def test_a_telnet_sequence_that_never_ends_is_no_message() -> None:
    codec = ManagementCodec()
    assert codec.feed(Side.HEADEND, b"\xff\xfa\x1f") == []
    assert codec.end(Side.HEADEND) == [
        Undecodable(b"\xff\xfa\x1f", "the stream ended inside a telnet sequence")
    ]


@pytest.mark.parametrize(
    ("sender", "message"),
    [
        (Side.HEADEND, Line("two\rlines", "\r")),
        (Side.HEADEND, Line("!GV", "\r\n")),
        (Side.HEADEND, Line("", "")),
        (Side.HEADEND, Negotiation(b"!GV\r")),
        (Side.DEVICE, Line("two\nlines")),
        (Side.DEVICE, Line("€")),
        (Side.DEVICE, Line("x" * MAX_LINE)),
    ],
)
def test_what_would_be_read_as_something_else_cannot_be_said(
    sender: Side, message: Line | Negotiation
) -> None:
    with pytest.raises(LocalProtocolError):
        ManagementCodec().encode(sender, message)


@pytest.mark.parametrize(
    ("text", "word", "parameters"),
    [
        ("!gc", "!GC", ""),
        ("  !si 192.168.1.9 ", "!SI", "192.168.1.9"),
        ("H !SC", "H", "!SC"),
        ("!AC 0  x", "!AC", "0  x"),
        ("\t!GV\x0b", "!GV", ""),
    ],
)
def test_a_line_is_stripped_and_split_at_its_first_space(
    text: str, word: str, parameters: str
) -> None:
    assert spoken(Line(text, "\r")) == Spoken(word, parameters)


@pytest.mark.parametrize("text", ["", "  ", "\xff\xfd\x03", "\xff\xfa\x1f\x00\xff\xf0 "])
def test_nothing_asks_for_nothing(text: str) -> None:
    assert spoken(Line(text, "\r")) is None


def test_text_is_told_line_by_line_and_an_open_end_stays_open() -> None:
    assert told("\r\nOK") == (Line("", "\r\n"), Line("OK", ""))
    assert told("a\r\n\r\n") == (Line("a", "\r\n"), Line("", "\r\n"))
    assert told("") == ()
