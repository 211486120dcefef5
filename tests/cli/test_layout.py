"""How messages stand on the page."""

from __future__ import annotations

from mitmeter.cli.layout import Kind, OneLine, Said, SideBySide, Stacked, folded, layout_for
from mitmeter.model import Side

ASKED = Said("A", "10:15:03.000", "", Side.HEADEND, False, type="Get", text="Get 7", raw=b"R7\n")
TOLD = Said("A", "10:15:03.250", "", Side.DEVICE, False, type="Got", text="Got 7=1", raw=b"7=1\n")


def page(layout: Stacked | SideBySide | OneLine, *said: Said) -> list[str]:
    lines = [line for each in said for line in layout.lines(each)]
    return [*lines, *layout.rest()]


def test_on_a_wide_terminal_an_answer_stands_beside_its_request() -> None:
    assert page(SideBySide(64), ASKED, TOLD) == [
        "10:15:03.000  Get 7            │ 10:15:03.250  Got 7=1",
        "              52 37 0a         │               37 3d 31 0a",
    ]


def test_a_request_nobody_answers_stands_alone() -> None:
    lines = page(SideBySide(64), ASKED, ASKED, TOLD)
    assert lines[:2] == [
        "10:15:03.000  Get 7            │",
        "              52 37 0a         │",
    ]
    assert len(lines) == 4


def test_what_the_device_says_unasked_stands_at_the_right() -> None:
    assert page(SideBySide(64), TOLD)[0] == f"{'':30} │ 10:15:03.250  Got 7=1"


def test_answers_of_other_conversations_are_not_taken_for_ones_own() -> None:
    other = Said("B", "10:15:03.100", "BBBB  ", Side.DEVICE, False, text="Got 9", raw=b"9")
    assert page(SideBySide(64), ASKED, other) == [
        "10:15:03.000  Get 7            │",
        "              52 37 0a         │",
        f"{'':30} │ 10:15:03.100  BBBB  Got 9",
        f"{'':30} │               39",
    ]


def test_on_a_narrow_terminal_they_are_stacked_with_their_bytes() -> None:
    assert page(Stacked(40), ASKED, TOLD) == [
        "10:15:03.000  ◀ head-end Get 7",
        f"    000000  {'52 37 0a':48} R7.",
        "10:15:03.250  device ▶   Got 7=1",
        f"    000000  {'37 3d 31 0a':48} 7=1.",
    ]


def test_long_messages_are_folded_and_many_bytes_counted() -> None:
    long = Said("A", "10:15:03.000", "", Side.DEVICE, False, text="word " * 30, raw=b"x" * 600)
    lines = page(SideBySide(90), long)
    assert all(len(line) <= 90 for line in lines)
    assert lines[-1].endswith("… 88 bytes more")
    assert page(Stacked(60), long)[-1] == "    … 88 bytes more"


def test_half_messages_wait_until_they_are_whole() -> None:
    part = Said("A", "10:15:03.000", "", Side.DEVICE, False, Kind.PART, text="3 bytes of …")
    assert page(SideBySide(120), part) == page(Stacked(80), part) == []
    assert page(OneLine(), part) == ["10:15:03.000  device ▶   3 bytes of …"]


def test_the_window_decides() -> None:
    assert isinstance(layout_for(120), SideBySide)
    assert isinstance(layout_for(119), Stacked)
    assert isinstance(layout_for(0), Stacked)


def test_folding_loses_no_character() -> None:
    text = "a" * 25 + " b-c " + "d" * 3
    lines = folded(text, 10, "  ")
    assert all(len(line) <= 10 for line in lines)
    assert "".join(line.removeprefix("  ") for line in lines) == text
