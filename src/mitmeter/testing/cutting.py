"""A way to cut a stream into chunks: one read is not one message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, cycle, repeat


@dataclass(frozen=True, slots=True)
class Chunking:
    """A way to cut any stream, whatever its length; call it with the bytes.

    sizes:  sizes of the chunks, in order; none means one chunk.
    repeat: whether the sizes start again when they are used up; else the rest is one chunk.
    """

    sizes: tuple[int, ...] = ()
    repeat: bool = True

    def __call__(self, data: bytes) -> Iterator[bytes]:
        """Yield the chunks; joined they are `data`, none is empty."""
        sizes = self.sizes or (len(data),)
        endless = cycle(sizes) if self.repeat else chain(sizes, repeat(len(data)))
        start = 0
        while start < len(data):
            stop = start + next(endless)
            yield data[start:stop]
            start = stop


WHOLE = Chunking()
BYTE_BY_BYTE = Chunking((1,))


def cut_at(*offsets: int) -> Chunking:
    """Return the chunking that cuts a stream at these offsets, ascending and from 1."""
    starts = (0, *offsets)
    sizes = tuple(stop - start for start, stop in zip(starts, offsets, strict=False))
    if any(size < 1 for size in sizes):
        raise ValueError(f"offsets {offsets} do not ascend from 1")
    return Chunking(sizes, repeat=False)
