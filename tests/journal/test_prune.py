from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mitmeter.journal.position import Position
from mitmeter.journal.prune import prune
from mitmeter.journal.segments import segments

NOW = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 10**9
DAYS = 86_400.0


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Five segments of 100 bytes, one a day, the last begun today."""
    for number in range(1, 6):
        end = "" if number > 3 else ".zst"
        (tmp_path / f"{number:08d}-2026-11-{15 + number}.jsonl{end}").write_bytes(bytes(100))
    return tmp_path


def left(folder: Path) -> list[int]:
    return [segment.number for segment in segments(folder)]


def test_segments_go_once_their_day_has_been_over_for_long_enough(journal: Path) -> None:
    # The 16th ended 3.5 days ago, the 17th 2.5 days ago.
    done = prune(journal, now_ns=NOW, keep_seconds=2.5 * DAYS)
    assert [(one.segment.number, one.size) for one in done] == [(1, 100), (2, 100)]
    assert left(journal) == [3, 4, 5]


def test_the_oldest_go_until_the_rest_fits(journal: Path) -> None:
    done = prune(journal, now_ns=NOW, keep_bytes=250)
    assert [one.segment.number for one in done] == [1, 2, 3]
    assert done[0].reason == "the journal was larger than 250 bytes"
    assert left(journal) == [4, 5]


def test_the_segment_being_written_never_goes(journal: Path) -> None:
    prune(journal, now_ns=NOW + 10**18, keep_seconds=0, keep_bytes=0)
    assert left(journal) == [5]


def test_what_the_store_has_not_taken_in_never_goes(journal: Path) -> None:
    prune(journal, now_ns=NOW, keep_seconds=0, keep_bytes=0, consumed=Position(3, 50))
    assert left(journal) == [3, 4, 5]


def test_without_limits_everything_stays(journal: Path) -> None:
    assert prune(journal, now_ns=NOW) == []
    assert left(journal) == [1, 2, 3, 4, 5]


def test_both_files_of_an_unfinished_sealing_go_together(journal: Path) -> None:
    (journal / "00000001-2026-11-16.jsonl").write_bytes(bytes(100))
    prune(journal, now_ns=NOW, keep_seconds=3 * DAYS)
    assert left(journal) == [2, 3, 4, 5]


def test_a_segment_begun_before_the_clock_was_set_is_as_old_as_the_next(tmp_path: Path) -> None:
    for name in ("1-1970-01-01", "2-2036-01-01", "3-2026-11-19", "4-2026-11-20"):
        (tmp_path / f"0000000{name}.jsonl").write_bytes(bytes(100))
    assert prune(tmp_path, now_ns=NOW, keep_seconds=1 * DAYS) == []
    prune(tmp_path, now_ns=NOW + int(2 * DAYS) * 10**9, keep_seconds=1 * DAYS)
    assert left(tmp_path) == [4]


def test_an_empty_folder_has_nothing_to_prune(tmp_path: Path) -> None:
    assert prune(tmp_path, now_ns=NOW, keep_bytes=0) == []
