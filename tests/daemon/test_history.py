"""History in the journal: exact, once, known to rebuild, and no business of any clock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mitmeter.daemon.history import History, bring_in, look
from mitmeter.daemon.rebuild import rebuild
from mitmeter.errors import ConfigError, JournalError
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import DeviceId, Origin, Reading
from mitmeter.store import ClockBook, Store

ZONE = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
LONG_AGO = datetime(2019, 3, 31, 1, 30, tzinfo=UTC)
LINES = [
    b"at,grid.power,grid.import\n",
    b"2019-03-31T01:30:00Z,312,4200.10\n",
    b"2026-11-20T09:30:00Z,-5,4201.00\n",
]
CSV = {"format": "csv", "columns": "at,grid.power,grid.import", "device": "glow:AB"}


def held(data: Path) -> list[Reading]:
    with contextlib.closing(Store.open(data / "store.db", read_only=True)) as store:
        return list(store.readings(limit=None))


def bring(data: Path, lines: Iterable[bytes] = LINES, *, synthetic: bool = False) -> int:
    return bring_in(data, ZONE, [(History("old.csv", CSV, synthetic), lines)], at=NOW).new


def test_instants_stay_exact_however_old_they_are(tmp_path: Path) -> None:
    assert bring(tmp_path) == 4
    found = [(each.quantity, str(each.value), each.at) for each in held(tmp_path)]
    assert sorted(found)[:2] == [
        ("grid.import", "4200.10", LONG_AGO),
        ("grid.import", "4201.00", NOW - timedelta(minutes=30)),
    ]
    assert {each.origin for each in held(tmp_path)} == {Origin.OBSERVED}


def test_a_file_imported_again_adds_nothing(tmp_path: Path) -> None:
    bring(tmp_path)
    before = held(tmp_path)
    assert bring(tmp_path) == 0
    assert held(tmp_path) == before


def test_rebuild_knows_what_was_imported(tmp_path: Path) -> None:
    bring(tmp_path, synthetic=True)
    found = rebuild(tmp_path, ZONE, lambda count: None)
    assert (found.same, found.added, found.removed, found.changed, found.kept) == (4, 0, 0, 0, 0)
    assert {each.origin for each in held(tmp_path)} == {Origin.SYNTHETIC}


def test_pieces_may_end_anywhere(tmp_path: Path) -> None:
    whole = b"".join(LINES)
    assert bring(tmp_path, [whole[i : i + 7] for i in range(0, len(whole), 7)]) == 4


def test_a_long_history_is_read_to_its_end(tmp_path: Path) -> None:
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    lines = [LINES[0]]
    for n in range(20_000):
        at = begin + n * timedelta(minutes=30)
        lines.append(f"{at.isoformat()},{n},{n}.5\n".encode())
    assert bring(tmp_path, lines) == 40_000


def test_a_device_heard_first_long_ago_is_known_since_then(tmp_path: Path) -> None:
    bring(tmp_path)
    with contextlib.closing(Store.open(tmp_path / "store.db", read_only=True)) as store:
        (device,) = store.devices()
    assert (device.first_seen, device.last_seen) == (LONG_AGO, NOW - timedelta(minutes=30))


def test_a_directory_at_work_is_left_alone_and_its_holder_named(tmp_path: Path) -> None:
    with (
        JournalWriter(tmp_path / "journal", owner="mitmeter run"),
        pytest.raises(JournalError, match="in use by mitmeter run"),
    ):
        bring(tmp_path)


def test_looking_names_the_first_line_that_is_wrong_and_counts_the_rest() -> None:
    lines = [*LINES, b"yesterday,1,2\n", b"2026-11-20T10:00:00Z,1,x\n"]
    stopped = look(lines, CSV)
    assert (stopped.lines, stopped.bad, stopped.reason) == (4, 4, "'yesterday' is no time")
    content = look(lines, CSV, stop=False)
    assert (content.lines, content.bad, content.readings) == (5, 4, 4)
    assert (content.since, content.until) == (LONG_AGO, NOW - timedelta(minutes=30))
    assert content.devices == {DeviceId("glow", "AB")}


def test_looking_refuses_settings_that_make_no_sense() -> None:
    with pytest.raises(ConfigError, match="columns"):
        look(LINES, {"format": "csv", "columns": "a,b"})


def live(seconds: int, skew: int) -> Reading:
    received = NOW + timedelta(seconds=seconds)
    reported = received + timedelta(seconds=skew)
    return Reading(DeviceId("glow", "AB"), "grid.power", Decimal(1), received, reported)


def test_history_is_not_corrected_by_a_clock_and_corrects_none() -> None:
    past = [
        Reading(DeviceId("glow", "AB"), "grid.power", Decimal(n), at, at, live=False, at=at)
        for n, at in enumerate((LONG_AGO, NOW - timedelta(hours=1), NOW + timedelta(seconds=15)))
    ]
    # A clock a minute ahead.
    plain, disturbed = ClockBook(ZONE), ClockBook(ZONE)
    expected = [plain.date([live(10 * n, 60)]) for n in range(20)]
    got = []
    for n in range(20):
        got.append(disturbed.date([live(10 * n, 60)]))
        dated = disturbed.date(past)
        assert [each.at for each in dated.moments] == [each.at for each in past]
        assert not dated.events
    assert got == expected
    assert plain.changed() == disturbed.changed()
