"""Golden vectors, whole and byte by byte, in the order the protocol is spoken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mitmeter.devices.alphaess.codec import AlphaEssCodec
from mitmeter.devices.alphaess.readings import AlphaEssProjection
from mitmeter.model import Reading
from mitmeter.protocol import Decoded
from mitmeter.testing.cutting import BYTE_BY_BYTE, WHOLE, Chunking, cut_at
from mitmeter.testing.matching import item_difference, readings_difference
from mitmeter.testing.streams import Turn, decode
from mitmeter.testing.vectors import Vector, load_vectors

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
VECTORS = load_vectors("mitmeter.devices.alphaess")


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_a_golden_vector_decodes_to_what_it_states_and_encodes_to_its_bytes(vector: Vector) -> None:
    for cut in (WHOLE, BYTE_BY_BYTE, cut_at(*vector.cuts)):
        _check(vector, cut)


def _check(vector: Vector, cut: Chunking) -> None:
    codec, projection = AlphaEssCodec(), AlphaEssProjection()
    items = decode(codec, [Turn(vector.sender, vector.data)], cut)[vector.sender]
    readings: list[Reading] = []
    for expected, item in zip(vector.frames, items, strict=True):
        assert item_difference(expected, item) == ""
        if isinstance(item, Decoded):
            assert codec.encode(vector.sender, item.message) == item.raw
            said = projection.project(vector.sender, item.message, NOON)
            readings += [each for each in said if isinstance(each, Reading)]
    assert readings_difference(vector.readings, readings) == ""


def test_there_is_a_vector_of_every_kind_of_frame() -> None:
    types = {part.parts["type"] for v in VECTORS for part in v.frames if hasattr(part, "parts")}
    assert types == {
        *("Login", "Notice", "ConfigRequest", "ConfigReport", "Telemetry", "Status", "History"),
        *("Acknowledgement", "Reply", "ConfigReply", "ServerCommand"),
    }
