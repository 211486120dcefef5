"""Lines: where they end, how long they may be, what is none."""

from __future__ import annotations

import pytest

from mitmeter.devices.history.codec import HistoryCodec
from mitmeter.devices.history.messages import MOST_LINE, Line
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable

DEVICE = Side.DEVICE


def test_a_line_that_is_too_long_is_given_back_and_the_next_one_still_decodes() -> None:
    codec = HistoryCodec()
    items = codec.feed(DEVICE, b"x" * (2 * MOST_LINE + 7) + b"\nshort\n")
    assert [type(each) for each in items] == [Undecodable, Undecodable, Undecodable, Decoded]
    assert [len(each.raw) for each in items] == [MOST_LINE, MOST_LINE, 8, 6]
    assert codec.feed(DEVICE, b"a,b\n") == [Decoded(b"a,b\n", Line("a,b"))]


def test_the_longest_line_there_may_be_is_one_message() -> None:
    line = b"y" * (MOST_LINE - 1) + b"\n"
    (item,) = HistoryCodec().feed(DEVICE, line)
    assert item == Decoded(line, Line("y" * (MOST_LINE - 1)))


def test_the_sides_do_not_mix() -> None:
    codec = HistoryCodec()
    codec.feed(DEVICE, b"one ")
    codec.feed(Side.HEADEND, b"two")
    assert codec.feed(DEVICE, b"line\n") == [Decoded(b"one line\n", Line("one line"))]
    assert codec.end(Side.HEADEND) == [Decoded(b"two", Line("two", ""))]


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"a\x00b\n", "control character 0x00"), (b"\xff\n", "no UTF-8"), (b"a\rb\n", "0x0d")],
)
def test_what_is_no_text_is_undecodable(raw: bytes, words: str) -> None:
    (item,) = HistoryCodec().feed(DEVICE, raw)
    assert isinstance(item, Undecodable)
    assert words in item.reason


@pytest.mark.parametrize(
    "line",
    [
        Line("a\nb"),
        Line("a\r"),
        Line("", ""),
        Line("a", "\r"),
        Line("x" * MOST_LINE),
        Line("\ud800"),
    ],
)
def test_what_is_not_one_line_cannot_be_said(line: Line) -> None:
    with pytest.raises(LocalProtocolError):
        HistoryCodec().encode(DEVICE, line)
