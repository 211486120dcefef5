"""Cutting loses nothing and cuts where it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.testing.chunkings import chunkings
from mitmeter.testing.cutting import BYTE_BY_BYTE, WHOLE, Chunking, cut_at


@given(data=st.binary(max_size=3000), cut=chunkings())
def test_the_chunks_joined_are_the_stream_and_none_is_empty(data: bytes, cut: Chunking) -> None:
    parts = list(cut(data))
    assert b"".join(parts) == data
    assert all(parts)


def test_the_whole_is_one_chunk() -> None:
    assert list(WHOLE(b"abc")) == [b"abc"]


def test_nothing_is_no_chunk() -> None:
    assert list(WHOLE(b"")) == []


def test_byte_by_byte_cuts_after_every_byte() -> None:
    assert list(BYTE_BY_BYTE(b"abc")) == [b"a", b"b", b"c"]


def test_sizes_start_again_when_they_are_used_up() -> None:
    assert list(Chunking((1, 2))(b"abcdefg")) == [b"a", b"bc", b"d", b"ef", b"g"]


def test_cut_at_cuts_at_the_offsets_and_leaves_the_rest_whole() -> None:
    assert list(cut_at(1, 3)(b"abcdefgh")) == [b"a", b"bc", b"defgh"]


@pytest.mark.parametrize("offsets", [(0,), (3, 3), (3, 1)])
def test_offsets_that_do_not_ascend_are_refused(offsets: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="do not ascend"):
        cut_at(*offsets)
