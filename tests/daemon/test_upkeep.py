"""What a daemon tidies up beside its work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mitmeter.daemon.history import History, bring_in
from mitmeter.daemon.plan import DaemonPlan
from mitmeter.daemon.supervisor import Daemon
from tests.transport.ends import eventually

ZONE = ZoneInfo("Europe/London")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CSV = {"format": "csv", "columns": "at,grid.power,grid.import", "device": "glow:AB"}


def half_hours(days: int) -> list[bytes]:
    rows = [
        f"{(BEGIN + timedelta(minutes=30 * n)).isoformat()},312,{4200 + n / 10}\n".encode()
        for n in range(48 * days)
    ]
    return [b"at,grid.power,grid.import\n", *rows]


async def test_what_was_imported_at_once_is_summed_up_in_the_background(tmp_path: Path) -> None:
    bring_in(tmp_path, ZONE, [(History("old.csv", CSV, False), half_hours(30))])
    async with Daemon(DaemonPlan("test", ZONE, ()), tmp_path).running() as daemon:
        store = daemon.store
        assert store is not None
        waiting = store.settle(0)
        assert waiting > 1000
        await eventually(lambda: store.settle(0) < 100)
