"""The framer, on a toy protocol: 0xA5, a length byte, so many bytes, and their sum."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.model import Side
from mitmeter.wire.framing import (
    FIRST_PIECE,
    MAX_CLAIMS,
    PIECE,
    Framing,
    Garbage,
    Grammar,
    NeedMore,
    Skip,
    Take,
    Verdict,
    sound_inside,
)


def judge(sender: Side, data: bytes, at: int) -> Verdict:
    if data[at] != 0xA5:
        return Skip(1, "no start")
    if len(data) - at < 2:
        return NeedMore(3)
    size = data[at + 1] + 3
    if len(data) - at < size:
        return NeedMore(size)
    body = data[at + 2 : at + size - 1]
    return Take(size) if sum(body) & 0xFF == data[at + size - 1] else Skip(size, "bad sum")


TOY = Grammar(
    starts=re.compile(rb"\xa5[^\xff]", re.DOTALL),
    head_size=2,
    max_size=257,
    framer=judge,
    stranger=lambda raw, opening: f"{'opening' if opening else 'noise'} {len(raw)}",
)

HELLO = b"\xa5\x05hello\x14"
EMPTY = b"\xa5\x00\x00"
SPOILT = b"\xa5\x05hellO\x14"


def items(*parts: bytes) -> list[bytes | Garbage]:
    framing = Framing(TOY, Side.DEVICE)
    return [*(item for part in parts for item in framing.feed(part)), *framing.end()]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def reasons(found: Iterable[bytes | Garbage]) -> list[str]:
    return ["frame" if isinstance(item, bytes) else item.reason for item in found]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_frames_come_out_whole_and_in_order(size: int) -> None:
    data = HELLO + EMPTY + HELLO
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    assert items(*parts) == [HELLO, EMPTY, HELLO]


def test_a_frame_is_handed_on_as_soon_as_its_last_byte_is_there() -> None:
    framing = Framing(TOY, Side.DEVICE)
    assert framing.feed(HELLO[:-1]) == []
    assert framing.feed(HELLO[-1:]) == [HELLO]


def test_a_spoilt_frame_is_one_piece_of_garbage_and_the_next_frame_survives() -> None:
    assert items(SPOILT + HELLO) == [Garbage(SPOILT, "bad sum"), HELLO]


def test_a_spoilt_frame_is_reported_without_waiting_for_the_next_one() -> None:
    framing = Framing(TOY, Side.DEVICE)
    assert framing.feed(SPOILT + b"\x00") == [Garbage(SPOILT, "bad sum")]


def test_two_spoilt_frames_are_two_pieces_of_garbage() -> None:
    assert items(SPOILT + SPOILT + HELLO) == [
        Garbage(SPOILT, "bad sum"),
        Garbage(SPOILT, "bad sum"),
        HELLO,
    ]


def test_a_length_that_is_too_large_does_not_hold_back_the_frames_behind_it() -> None:
    framing = Framing(TOY, Side.DEVICE)
    found = framing.feed(b"\xa5\xf0abc" + HELLO)
    assert found == [
        Garbage(b"\xa5\xf0abc", "frame of 243 bytes, but a sound frame begins after 5 of them"),
        HELLO,
    ]


def test_a_length_that_is_too_small_does_not_swallow_the_frame_behind_it() -> None:
    short = b"\xa5\x02hello\x14"
    assert items(short + HELLO)[-1] == HELLO


def test_a_spoilt_frame_that_reaches_into_a_good_one_does_not_take_it_along() -> None:
    # The bad one claims 9 bytes; the good one begins at the 7th.
    found = items(b"\xa5\x06abcd" + HELLO)
    assert found[-1] == HELLO
    assert [item.raw for item in found[:-1] if isinstance(item, Garbage)] == [b"\xa5\x06abcd"]


def test_noise_between_frames_is_one_piece_of_garbage() -> None:
    assert items(HELLO + b"noise" + EMPTY) == [HELLO, Garbage(b"noise", "noise 5"), EMPTY]


def test_a_stream_that_opens_with_noise_shows_its_first_bytes_at_once() -> None:
    framing = Framing(TOY, Side.DEVICE)
    framing.feed(b"x" * (FIRST_PIECE - 1))
    assert reasons(framing.feed(b"xxx")) == ["opening 8"]
    assert reasons(framing.end()) == ["noise 2"]


def test_endless_noise_is_handed_on_in_pieces_of_one_size() -> None:
    framing = Framing(TOY, Side.DEVICE)
    framing.feed(HELLO)
    found = [item for _ in range(10) for item in framing.feed(b"x" * 1000)]
    assert reasons(found) == [f"noise {PIECE}"] * 2


def test_the_end_of_the_stream_says_how_much_of_a_frame_was_there() -> None:
    assert reasons(items(HELLO[:4])) == ["frame of 8 bytes, but the stream ended after 4 of them"]


def test_after_the_end_a_new_stream_begins() -> None:
    framing = Framing(TOY, Side.DEVICE)
    framing.feed(HELLO + HELLO[:4])
    framing.end()
    assert framing.feed(HELLO) == [HELLO]
    framing.end()
    assert reasons([*framing.feed(b"xx"), *framing.end()]) == ["opening 2"]


def test_a_frame_inside_another_wins_because_it_is_complete_first() -> None:
    inner = b"\xa5\x01\x07\x07"
    outer = b"\xa5\x06ab" + inner + bytes([(97 + 98 + sum(inner)) & 0xFF])
    assert sound_inside(TOY, Side.DEVICE, outer)
    assert inner in items(outer)
    assert items(outer) == items(*byte_by_byte(outer))


def test_an_ordinary_frame_has_no_other_inside() -> None:
    assert not sound_inside(TOY, Side.DEVICE, HELLO)


def test_bytes_held_back_are_bounded_whatever_comes() -> None:
    framing = Framing(TOY, Side.DEVICE)
    fed = out = worst = 0
    for part in [b"\xa5\xfe"] * 3000 + [b"\xa5"] * 3000:
        fed += len(part)
        out += sum(len(i if isinstance(i, bytes) else i.raw) for i in framing.feed(part))
        worst = max(worst, fed - out)
    assert worst <= 2 * TOY.max_size + PIECE


def test_more_starts_than_may_race_do_not_hide_what_comes_after_them() -> None:
    starts = b"\xa5\xf0" * (MAX_CLAIMS + 8)
    assert items(starts + bytes(300) + HELLO)[-1] == HELLO


PIECES = st.sampled_from(
    [
        HELLO,
        EMPTY,
        SPOILT,
        b"\xa5",
        b"\xa5\xf0",
        b"\xa5\x04",
        b"\xa5\xff",
        b"\xa5\x06\xa5\x01\x07\x07",
    ]
) | st.binary(max_size=12)


@given(parts=st.lists(PIECES, max_size=12), cuts=st.lists(st.integers(0, 120), max_size=8))
def test_what_comes_out_does_not_depend_on_the_cuts_and_nothing_is_lost(
    parts: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(parts)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(edges)]
    whole = items(data)
    assert b"".join(i if isinstance(i, bytes) else i.raw for i in whole) == data
    assert items(*pieces) == whole
    assert items(*byte_by_byte(data)) == whole
