"""An hour of the demo with a broker that is killed at random: afterwards it holds what is so."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.daemon.demo import Wishes, demo
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.course import Pace
from mitmeter.sinks.homeassistant_classes import entities
from mitmeter.store import Store
from tests.sinks.mqtt_kit import plan_for, retained, sink_to
from tests.sinks.sinkkit import Told, forward, until_status
from tests.transport.broker import NEEDS_MOSQUITTO, Broker, broker

pytestmark = [NEEDS_MOSQUITTO, pytest.mark.slow, pytest.mark.system]


async def kill(there: Broker) -> None:
    process = there._running
    assert process is not None
    process.kill()
    await asyncio.to_thread(process.wait)


async def test_after_an_hour_with_a_dying_broker_it_holds_the_newest_of_everything(
    tmp_path: Path,
) -> None:
    chance = random.Random(20261120)
    (tmp_path / "broker").mkdir()
    data, told = tmp_path / "data", Told()
    pace = Pace(batch=500, every=0.05, first=0.05, most=0.3, grace=2.0)
    async with broker(tmp_path / "broker") as there:
        async with demo(data, Wishes(speed=600.0, port=None, days=0)) as shown:
            clock = shown.daemon.clock
            plan = plan_for(there, expire=1e6)
            sink = sink_to(plan, tmp_path, now=clock.now, tell=told)
            forwarder = forward(data, sink, Choice(), pace)
            forwarder.start()
            for _ in range(4):
                await asyncio.sleep(chance.uniform(0.8, 1.6))
                await kill(there)
                await asyncio.sleep(chance.uniform(0.0, 0.4))
                await there.start()
        status = await until_status(
            forwarder, data, lambda each: each.state == "live" and each.behind == 0
        )
        held = await retained(there)
        await forwarder.stop()
    with Store.open(data / "store.db", read_only=True) as store:
        newest = store.latest()
        assert status.sent == sum(each.readings for each in store.series())
    assert {each.device.protocol for each in newest} == {"alphaess", "glow", "efergy", "kamstrup"}
    for each in newest:
        shown_now = held.json(f"mitmeter/home/{each.device.protocol}-1/state")
        field = entities(each.quantity)[0].field
        wanted = float(each.value) if isinstance(each.value, Decimal) else each.value
        assert shown_now[field] == wanted, each
    # A simulated house makes no impossible steps: the guard has nothing to say.
    assert [each for each in told.ids if each.startswith("mitmeter.counter")] == []
