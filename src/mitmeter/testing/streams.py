"""What a codec may be fed, for hypothesis: good frames, spoilt ones, and what is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from mitmeter.model import Side
from mitmeter.protocol import Codec, Decoded, Undecodable
from mitmeter.testing.corpus import NASTY
from mitmeter.testing.cutting import WHOLE, Chunking

Item = Decoded[Any] | Undecodable
Messages = st.SearchStrategy[tuple[Side, Any]]


@dataclass(frozen=True, slots=True)
class Turn:
    """Some bytes of one sender, before the other has its say."""

    sender: Side
    data: bytes


def frames(make_codec: Callable[[], Codec[Any]], messages: Messages) -> st.SearchStrategy[Turn]:
    """Return one whole message's bytes."""
    return messages.map(lambda said: Turn(said[0], make_codec().encode(*said)))


def turns(whole: st.SearchStrategy[Turn], most: int = 6) -> st.SearchStrategy[list[Turn]]:
    """Return a stretch of a conversation: whole frames, spoilt ones and garbage in any order."""
    return st.lists(whole | _spoilt(whole) | _garbage(), max_size=most)


@st.composite
def _spoilt(draw: st.DrawFn, whole: st.SearchStrategy[Turn]) -> Turn:
    """Return a frame with a few bytes changed, lost, added or said twice."""
    turn = draw(whole)
    data = turn.data
    start = draw(st.integers(0, max(len(data) - 1, 0)))
    stop = draw(st.integers(start, min(start + 16, len(data))))
    new = draw(
        st.sampled_from(("flip", "lose", "add", "twice", "tail", "head")).flatmap(
            lambda how: _spoiling(how, data, start, stop)
        )
    )
    return Turn(turn.sender, new)


def _spoiling(how: str, data: bytes, start: int, stop: int) -> st.SearchStrategy[bytes]:
    if how == "flip":
        mask = st.integers(1, 255)
        return mask.map(lambda bits: data[:start] + _flipped(data, start, bits) + data[start + 1 :])
    if how == "add":
        return st.binary(min_size=1, max_size=16).map(
            lambda extra: data[:start] + extra + data[start:]
        )
    spoilt = {
        "lose": data[:start] + data[stop:],
        "twice": data[:stop] + data[start:],
        "tail": data[start:],
        "head": data[:start],
    }
    return st.just(spoilt[how])


def _flipped(data: bytes, at: int, bits: int) -> bytes:
    return bytes([data[at] ^ bits]) if data else b""


def _garbage() -> st.SearchStrategy[Turn]:
    sides = st.sampled_from(list(Side))
    data = st.binary(max_size=200) | st.sampled_from([each.data for each in NASTY])
    return st.builds(Turn, sides, data)


def decode(
    codec: Codec[Any], said: Iterable[Turn], cut: Chunking = WHOLE
) -> dict[Side, list[Item]]:
    """Return what a codec makes of the turns and of both ends, by sender."""
    found: dict[Side, list[Item]] = {side: [] for side in Side}
    for turn in said:
        for part in cut(turn.data):
            found[turn.sender] += codec.feed(turn.sender, part)
    for side in Side:
        found[side] += codec.end(side)
    return found


def spoken(said: Iterable[Turn]) -> dict[Side, bytes]:
    """Return all the bytes of the turns, by sender."""
    joined = dict.fromkeys(Side, b"")
    for turn in said:
        joined[turn.sender] += turn.data
    return joined
