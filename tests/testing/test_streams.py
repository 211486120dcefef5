"""The streams the laws are tried on: whole frames are among them, and so is what is none."""

from __future__ import annotations

from hypothesis import find, given
from hypothesis import strategies as st

from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from mitmeter.testing.corpus import NASTY
from mitmeter.testing.cutting import BYTE_BY_BYTE
from mitmeter.testing.streams import Turn, decode, frames, spoken, turns
from tests.testing.toy_protocol import Note, ToyCodec, frame, messages

ANY_TURNS = turns(frames(ToyCodec, messages()))


@given(frames(ToyCodec, st.tuples(st.sampled_from(list(Side)), st.text(max_size=9).map(Note))))
def test_a_frame_is_the_encoding_of_one_message(turn: Turn) -> None:
    (item,) = decode(ToyCodec(), [turn])[turn.sender]
    assert isinstance(item, Decoded)
    assert isinstance(item.message, Note)
    assert turn.data == frame(item.message.text)


def test_streams_hold_good_frames_behind_bad_ones() -> None:
    def good_behind_bad(said: list[Turn]) -> bool:
        items = decode(ToyCodec(), said)[Side.DEVICE]
        return (
            len(items) > 1 and isinstance(items[-1], Decoded) and isinstance(items[0], Undecodable)
        )

    find(ANY_TURNS, good_behind_bad)


def test_streams_hold_both_senders() -> None:
    find(ANY_TURNS, lambda said: {turn.sender for turn in said} == set(Side))


def test_streams_hold_nasty_samples() -> None:
    hello = NASTY[0].data
    find(ANY_TURNS, lambda said: any(turn.data == hello for turn in said))


def test_decoding_ends_both_sides() -> None:
    half = frame("half")[:4]
    said = [Turn(Side.DEVICE, half), Turn(Side.HEADEND, b"x")]
    items = decode(ToyCodec(), said, BYTE_BY_BYTE)
    assert b"".join(item.raw for item in items[Side.DEVICE]) == half
    assert items[Side.HEADEND] == [Undecodable(b"x", "noise before a start byte")]


def test_what_was_spoken_is_joined_by_sender() -> None:
    said = [Turn(Side.DEVICE, b"a"), Turn(Side.HEADEND, b"b"), Turn(Side.DEVICE, b"c")]
    assert spoken(said) == {Side.DEVICE: b"ac", Side.HEADEND: b"b"}
