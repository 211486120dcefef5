"""Golden vectors, and the worked examples cut at every byte."""

from __future__ import annotations

import pytest

from mitmeter.devices.kamstrup.codec import KamstrupCodec
from mitmeter.protocol import Decoded
from mitmeter.testing.cutting import WHOLE, cut_at
from mitmeter.testing.matching import item_difference
from mitmeter.testing.streams import Turn, decode
from mitmeter.testing.vectors import Vector, load_vectors

VECTORS = load_vectors("mitmeter.devices.kamstrup")


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_a_worked_example_says_the_same_wherever_it_is_cut(vector: Vector) -> None:
    for at in range(1, len(vector.data)):
        cut = cut_at(at)
        items = decode(KamstrupCodec(), [Turn(vector.sender, vector.data)], cut)[vector.sender]
        assert len(items) == len(vector.frames)
        for expected, item in zip(vector.frames, items, strict=True):
            assert item_difference(expected, item) == ""


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_a_worked_example_encodes_to_its_bytes(vector: Vector) -> None:
    codec = KamstrupCodec()
    items = decode(codec, [Turn(vector.sender, vector.data)], WHOLE)[vector.sender]
    again = (
        codec.encode(vector.sender, item.message) if isinstance(item, Decoded) else item.raw
        for item in items
    )
    assert b"".join(again) == vector.data


def test_every_worked_example_of_the_fact_sheet_is_there() -> None:
    names = {vector.name.partition(" ")[0] for vector in VECTORS}
    assert {f"K{number}" for number in range(1, 33)} <= names
