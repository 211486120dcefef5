"""The battery's clock: local, without a zone, drifting, set only by the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mitmeter.devices.alphaess.device_clock import DeviceClock

JUNE = datetime(2025, 6, 1, 23, 50, 0, tzinfo=UTC)


def clock(zone: str, offset: float = 0, drift_ppb: int = 0) -> DeviceClock:
    made = DeviceClock(ZoneInfo(zone), timedelta(seconds=offset), drift_ppb)
    made.start(JUNE)
    return made


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_it_shows_the_zones_standard_time_on_both_halves_of_the_world() -> None:
    assert clock("Europe/Berlin").local(JUNE) == wall("2025-06-02 00:50:00")
    assert clock("Australia/Sydney").local(JUNE) == wall("2025-06-02 09:50:00")
    assert clock("Europe/Dublin").local(JUNE) == wall("2025-06-01 23:50:00")


def test_drift_counts_from_the_start_in_both_directions_of_time() -> None:
    fast = clock("UTC", drift_ppb=1_000_000)
    assert fast.local(JUNE + timedelta(seconds=1000)) == wall("2025-06-02 00:06:41")
    assert fast.local(JUNE - timedelta(seconds=1000)) == wall("2025-06-01 23:33:19")


def test_setting_it_starts_the_drift_anew_and_leaves_earlier_times_alone() -> None:
    fast = clock("UTC", offset=90, drift_ppb=1_000_000)
    later = JUNE + timedelta(seconds=2000)
    before = fast.local(JUNE + timedelta(seconds=1999))
    fast.set(later, wall("2025-06-02 12:00:00"))
    assert fast.local(later) == wall("2025-06-02 12:00:00")
    assert fast.local(later + timedelta(seconds=1000)) == wall("2025-06-02 12:16:41")
    assert fast.local(JUNE + timedelta(seconds=1999)) == before


def test_starting_twice_counts_once() -> None:
    made = clock("UTC", offset=5)
    made.start(JUNE + timedelta(days=100))
    assert made.local(JUNE) == wall("2025-06-01 23:50:05")


def test_an_index_sets_it_to_the_zones_time_on_the_nearest_day() -> None:
    # 23:50:00 UTC is 85 800 000 ms; in Berlin it is 01:50 of the next day, in summer time.
    slow = clock("Europe/Berlin", offset=-3000)
    slow.set_from_index(JUNE, 85_800_000)
    assert slow.local(JUNE) == wall("2025-06-02 01:50:00")
