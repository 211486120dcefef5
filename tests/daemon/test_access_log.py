"""The access log: a file a day, gone after some."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mitmeter.daemon.access_log import AccessLog
from mitmeter.protocol import Served

SERVED = Served("192.168.1.20", "GET", "/smgw/m2m", 307, 12, 0.25, False)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Days:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def test_a_line_says_when_who_what_how_much_and_by_whom(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, "gateway", Days())
    log.write(SERVED)
    log.close()
    (path,) = tmp_path.iterdir()
    assert path.name == "gateway-access-2026-03-01.log"
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_text() == (
        "2026-03-01T12:00:00.000+00:00 192.168.1.20 GET /smgw/m2m 307 12 0.250s device\n"
    )


def test_each_day_has_its_file_and_the_oldest_goes(tmp_path: Path) -> None:
    days = Days()
    log = AccessLog(tmp_path, "gateway", days, keep=3)
    for _ in range(6):
        log.write(SERVED)
        days.now += timedelta(days=1)
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"gateway-access-2026-03-0{day}.log" for day in (3, 4, 5, 6)
    ]


def test_another_stations_files_stay(tmp_path: Path) -> None:
    (tmp_path / "other-access-2020-01-01.log").write_text("")
    log = AccessLog(tmp_path, "gateway", Days(), keep=1)
    log.write(SERVED)
    log.close()
    assert (tmp_path / "other-access-2020-01-01.log").exists()


def test_a_folder_that_cannot_be_written_costs_lines_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = AccessLog(tmp_path / "file", "gateway", Days())
    log.write(SERVED)
    log.close()
    assert (tmp_path / "file").read_text() == ""
