from __future__ import annotations

import pytest

from mitmeter.errors import JournalError
from mitmeter.journal.position import START, Position


def test_a_position_reads_back_from_its_text() -> None:
    assert str(Position(7, 1234)) == "7:1234"
    assert Position.parse("7:1234") == Position(7, 1234)


def test_positions_order_by_segment_before_offset() -> None:
    assert START < Position(1, 900) < Position(2, 0) < Position(2, 1) < Position(10, 0)


@pytest.mark.parametrize("text", ["", "7", "7:", ":7", "a:1", "7:-1", " 7:1", "7:1\n", "٧:١"])
def test_other_text_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(JournalError, match="is not <segment>:<offset>"):
        Position.parse(text)
