from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mitmeter.errors import JournalError
from mitmeter.journal.segments import (
    day_at,
    day_start_ns,
    segment_name,
    segment_of,
    segments,
)
from tests.journal.journal_makers import DAY, NOON


def test_segments_come_by_number_and_other_files_are_left_alone(tmp_path: Path) -> None:
    for name in (
        "00000010-2026-11-21.jsonl",
        "00000009-2026-11-20.jsonl.zst",
        "lock",
        "notes.jsonl",
        "00000011-2026-13-41.jsonl",
        ".00000009-2026-11-20.jsonl.zst.part",
    ):
        (tmp_path / name).touch()
    found = segments(tmp_path)
    assert [(one.number, one.sealed) for one in found] == [(9, True), (10, False)]


def test_the_original_is_read_where_a_crash_left_its_sealed_copy_beside_it(tmp_path: Path) -> None:
    (tmp_path / "00000001-2026-11-20.jsonl").touch()
    (tmp_path / "00000001-2026-11-20.jsonl.zst").touch()
    assert [one.sealed for one in segments(tmp_path)] == [False]


def test_a_name_tells_number_and_day() -> None:
    assert segment_name(7, date(2026, 11, 20)) == "00000007-2026-11-20.jsonl"
    found = segment_of(Path("x/00000007-2026-11-20.jsonl"))
    assert found is not None
    assert (found.number, found.day) == (7, date(2026, 11, 20))


def test_days_are_utc_days() -> None:
    assert day_at(NOON) == date(2025, 11, 20)
    start = day_start_ns(date(2025, 11, 20))
    assert start == 1_763_596_800_000_000_000
    assert day_at(start - 1) == date(2025, 11, 19)
    assert day_at(start + DAY) == date(2025, 11, 21)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="nowhere: No such file"):
        segments(tmp_path / "nowhere")
