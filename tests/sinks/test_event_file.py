"""A JSON Lines file: whole batches, rotated, mended, and none torn by a full disk."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mitmeter.errors import SinkError
from mitmeter.sinks.event_file import FilePlan, FileSink
from mitmeter.sinks.shape import Shape
from mitmeter.sinks.sink import Accepted, Look, Occurrence
from tests.sinks.sinkkit import event, reading

SHAPE = Shape("home")


class Day:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


async def no_look(function: object) -> None:
    raise AssertionError(function)


LOOK: Look = no_look  # type: ignore[assignment]  # never called


def happened(*numbers: int) -> list[Occurrence]:
    return [Occurrence(each, event(each)) for each in numbers]


def messages(path: Path) -> list[str]:
    return [json.loads(line)["message"] for line in path.read_text().splitlines()]


async def opened(plan: FilePlan, day: Day | None = None) -> FileSink:
    sink = FileSink(plan, SHAPE, day or Day())
    await sink.open(LOOK)
    return sink


async def test_lines_are_added_to_the_file_which_others_in_the_group_may_read(
    tmp_path: Path,
) -> None:
    sink = await opened(FilePlan(tmp_path / "log" / "events.jsonl"))
    assert await sink.events(happened(1, 2)) == Accepted()
    assert await sink.events(happened(3)) == Accepted()
    path = tmp_path / "log" / "events.jsonl"
    assert messages(path) == ["event 1", "event 2", "event 3"]
    assert path.stat().st_mode & 0o037 == 0


async def test_readings_may_be_written_too(tmp_path: Path) -> None:
    sink = await opened(FilePlan(tmp_path / "r.jsonl"))
    await sink.readings([reading(1)])
    assert json.loads((tmp_path / "r.jsonl").read_text())["value"] == 0.1


async def test_a_new_file_is_begun_when_the_old_one_is_full_and_few_are_kept(
    tmp_path: Path,
) -> None:
    day = Day()
    path = tmp_path / "events.jsonl"
    sink = await opened(FilePlan(path, max_bytes=300, keep=2), day)
    (tmp_path / "events.mine.jsonl").write_text("somebody else's\n")
    for number in range(12):
        await sink.events(happened(number))
        day.now += timedelta(seconds=1)
    aside = sink.put_aside()
    assert len(aside) == 2
    kept = [line for each in [*aside, path] for line in messages(each)]
    assert kept == [f"event {n}" for n in range(12 - len(kept), 12)]
    assert all(each.stat().st_size <= 300 for each in [*aside, path])
    assert (tmp_path / "events.mine.jsonl").exists()


async def test_a_new_file_is_begun_when_the_day_ends(tmp_path: Path) -> None:
    day = Day()
    path = tmp_path / "events.jsonl"
    sink = await opened(FilePlan(path), day)
    await sink.events(happened(1))
    day.now += timedelta(days=1)
    await sink.events(happened(2))
    (old,) = sink.put_aside()
    assert (messages(old), messages(path)) == (["event 1"], ["event 2"])


async def test_a_file_moved_away_by_others_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = await opened(FilePlan(path))
    await sink.events(happened(1))
    path.rename(tmp_path / "elsewhere")
    await sink.events(happened(2))
    assert messages(path) == ["event 2"]


async def test_the_beginning_of_a_line_that_a_crash_left_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"message":"whole"}\n{"message":"hal')
    sink = await opened(FilePlan(path))
    await sink.events(happened(1))
    assert messages(path) == ["whole", "event 1"]


async def test_a_folder_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match=r"file/events\.jsonl: "):
        await opened(FilePlan(tmp_path / "file" / "events.jsonl"))


_FULL = """
import asyncio, resource, sys
from pathlib import Path
from tests.sinks.test_event_file import LOOK, FilePlan, FileSink, SHAPE, Day, SinkError, happened

async def main(path: Path) -> None:
    sink = FileSink(FilePlan(path), SHAPE, Day())
    await sink.events(happened(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, resource.RLIM_INFINITY))
    try:
        await sink.events(happened(2, 3))
    except SinkError as exc:
        print(exc)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await sink.events(happened(2, 3))

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_disk_that_fills_leaves_no_torn_line_and_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", _FULL, path],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert "events.jsonl: File too large" in done.stdout
    assert messages(path) == ["event 1", "event 2", "event 3"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
