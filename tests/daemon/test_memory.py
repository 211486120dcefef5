"""What an emulated unit remembers, on the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mitmeter.daemon import memory as module
from mitmeter.daemon.memory import UnitMemory
from tests.transport.ends import eventually


def make(path: Path) -> tuple[UnitMemory, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    return UnitMemory(path, lambda eventid, text: told.append((eventid, text))), told


async def test_what_was_set_is_there_after_a_flush(tmp_path: Path) -> None:
    path = tmp_path / "units" / "meter.json"
    memory, _ = make(path)
    memory.set("name", "attic")
    memory.set("odd", "\x1b[2J \ud800")
    await memory.flush()
    again, told = make(path)
    assert again.get("name") == "attic"
    assert again.get("odd") == "\x1b[2J \ud800"
    assert again.get("nothing") is None
    assert told == []
    assert path.stat().st_mode & 0o777 == 0o600


async def test_it_is_written_without_being_asked_to_once_for_many_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.05)
    written: list[str] = []
    replace_file = module._replace

    def counted(path: Path, text: str) -> None:
        written.append(text)
        replace_file(path, text)

    monkeypatch.setattr(module, "_replace", counted)
    path = tmp_path / "meter.json"
    memory, _ = make(path)
    for number in range(100):
        memory.set("count", str(number))
    await eventually(path.exists)
    assert json.loads(path.read_text()) == {"count": "99"}
    assert len(written) == 1


async def test_the_same_value_again_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "meter.json"
    memory, _ = make(path)
    memory.set("name", "attic")
    await memory.flush()
    path.unlink()
    memory.set("name", "attic")
    await memory.flush()
    assert not path.exists()


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', "\x00\xff", ""])
def test_a_file_that_makes_no_sense_is_set_aside_and_told_of(tmp_path: Path, text: str) -> None:
    path = tmp_path / "meter.json"
    path.write_text(text, "latin-1")
    (tmp_path / "meter.damaged").write_text("an earlier one")
    memory, told = make(path)
    assert memory.get("a") is None
    ((eventid, words),) = told
    assert eventid == "mitmeter.unit.forgotten"
    assert "meter.damaged-2" in words
    assert not path.exists()
    assert (tmp_path / "meter.damaged-2").read_text("latin-1") == text


async def test_a_disk_that_takes_nothing_is_told_of_once(tmp_path: Path) -> None:
    (tmp_path / "units").write_text("in the way")
    memory, told = make(tmp_path / "units" / "meter.json")
    told.clear()
    memory.set("name", "attic")
    await memory.flush()
    memory.set("name", "cellar")
    await memory.flush()
    assert [eventid for eventid, _ in told] == ["mitmeter.unit.unsaved"]
    assert memory.get("name") == "cellar"
    (tmp_path / "units").unlink()
    await memory.flush()
    assert make(tmp_path / "units" / "meter.json")[0].get("name") == "cellar"
