"""Any way to cut a stream, for hypothesis: no codec may care how its bytes arrive."""

from __future__ import annotations

from hypothesis import strategies as st

from mitmeter.testing.cutting import BYTE_BY_BYTE, WHOLE, Chunking


def chunkings() -> st.SearchStrategy[Chunking]:
    """Return ways to cut: whole, byte by byte, in small steps, anyhow."""
    small = st.lists(st.integers(1, 12), min_size=1, max_size=8)
    any_size = st.lists(st.integers(1, 2000), min_size=1, max_size=6)
    return st.just(WHOLE) | st.just(BYTE_BY_BYTE) | (small | any_size).map(_from_list)


def _from_list(sizes: list[int]) -> Chunking:
    return Chunking(tuple(sizes))
