"""Into a real VictoriaMetrics: everything arrives once, whatever happens to the server."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.model import Reading
from mitmeter.sinks.course import Pace
from mitmeter.sinks.influx import Dialect, InfluxPlan, InfluxSink
from mitmeter.sinks.status import State
from mitmeter.store import Batch, Clock, Moment, Store
from tests.sinks.sinkkit import BATTERY, NOON, forward, make_store, until_status
from tests.sinks.victoria import NEEDS_VICTORIA, Victoria

pytestmark = [NEEDS_VICTORIA, pytest.mark.slow]

QUANTITIES = {
    "grid.power": "power_value_w",
    "grid.import": "energy_value_kwh",
    "battery.soc": "share_value_percent",
    "grid.voltage.l1": "voltage_value_v",
}


def fill(store: Store, first: int, count: int) -> None:
    """Put `count` messages of four readings into the store, one a minute."""
    made = []
    for number in range(first, first + count):
        at = NOON + timedelta(minutes=number)
        values = [
            Reading(BATTERY, name, Decimal(number * 7 % 9973 + place) / 10, at)
            for place, name in enumerate(QUANTITIES)
        ]
        made.append(Moment(values, at, Clock.RECEIVED, source=f"0197289abc000001/{number}"))
    store.apply(Batch("", moments=made))


def expected(count: int) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Return what the server has to hold, reckoned from the numbers alone."""
    noon = 1748779200000
    return {
        (metric, name): [
            (noon + 60_000 * number, (number * 7 % 9973 + place) / 10) for number in range(count)
        ]
        for place, (name, metric) in enumerate(QUANTITIES.items())
    }


async def until_held(server: Victoria, count: int) -> None:
    """Wait until the server shows so many of each; it shows what it took some time later."""
    async with asyncio.timeout(30):
        while True:
            held = await asyncio.to_thread(server.samples)
            if sum(map(len, held.values())) >= count * len(QUANTITIES):
                break
            await asyncio.sleep(0.2)
    assert held == expected(count)


async def test_a_months_lag_is_caught_up_exactly(tmp_path: Path) -> None:
    month = 30 * 1440
    server = Victoria(tmp_path / "victoria")
    with make_store(tmp_path / "store.db") as store:
        for first in range(0, month, 1440):
            fill(store, first, 1440)
    await server.start()
    try:
        plan = InfluxPlan(server.url, Dialect.VICTORIA, "home")
        forwarder = forward(tmp_path, InfluxSink(plan), pace=Pace(batch=5000, every=0.1))
        forwarder.start()
        status = await until_status(forwarder, tmp_path, lambda each: each.state == State.LIVE)
        await forwarder.stop()
        assert (status.sent, status.behind) == (month * 4, 0)
        await until_held(server, month)
    finally:
        server.stop()


async def test_a_server_killed_and_started_again_at_random_holds_everything_once(
    tmp_path: Path,
) -> None:
    chance = random.Random(20261120)
    server = Victoria(tmp_path / "victoria")
    plan = InfluxPlan(server.url, Dialect.VICTORIA, "home", timeout=5.0, settles=8.0)
    pace = Pace(batch=1000, every=0.05, first=0.05, most=0.3)
    written = 0
    with make_store(tmp_path / "store.db") as store:
        await server.start()
        forwarder = forward(tmp_path, InfluxSink(plan), pace=pace)
        forwarder.start()
        try:
            for _ in range(4):
                for _ in range(chance.randint(10, 40)):
                    fill(store, written, 50)
                    written += 50
                    await asyncio.sleep(0.02)
                server.kill()
                fill(store, written, 200)
                written += 200
                await asyncio.sleep(chance.uniform(0.05, 0.5))
                await server.start()
            status = await until_status(
                forwarder,
                tmp_path,
                lambda each: each.state == State.LIVE and each.behind == 0,
            )
            assert status.dead == 0
            await until_held(server, written)
        finally:
            await forwarder.stop()
            server.stop()


async def test_a_daemon_killed_in_between_sends_nothing_twice_that_counts(tmp_path: Path) -> None:
    server = Victoria(tmp_path / "victoria")
    plan = InfluxPlan(server.url, Dialect.VICTORIA, "home", settles=8.0)
    await server.start()
    try:
        with make_store(tmp_path / "store.db") as store:
            for start in range(0, 3000, 500):
                fill(store, start, 500)
                # No grace: the batch under way is cut off, as a crash would.
                pace = Pace(batch=300, every=0.01, grace=0.0)
                forwarder = forward(tmp_path, InfluxSink(plan), pace=pace)
                forwarder.start()
                # Once it has begun, in the middle of what comes after.
                await until_status(forwarder, tmp_path, lambda each, n=start: each.sent > n)  # type: ignore[misc]  # bound at once
                await forwarder.stop()
            forwarder = forward(tmp_path, InfluxSink(plan), pace=Pace(batch=300, every=0.01))
            forwarder.start()
            await until_status(
                forwarder,
                tmp_path,
                lambda each: each.state == State.LIVE and each.behind == 0,
            )
            await forwarder.stop()
            await until_held(server, 3000)
    finally:
        server.stop()
