"""The MQTT sink and a real mosquitto: what a subscriber holds is what the store says."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mitmeter.errors import SinkError
from mitmeter.model import DeviceId, Event, Fact, Origin, Reading, Secret, Severity
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.course import Pace
from mitmeter.sinks.mqtt import MqttSink
from mitmeter.sinks.mqtt_plan import MqttPlan
from mitmeter.sinks.mqtt_topics import Topics
from mitmeter.sinks.resume import Now
from mitmeter.store import Batch, Clock, Known, Moment, Store
from tests.sinks.mqtt_kit import (
    NOON,
    Hand,
    plan_for,
    retained,
    sink_to,
    subscribed,
    until_retained,
)
from tests.sinks.sinkkit import Told, forward, make_store, noted, until, until_status
from tests.transport.broker import NEEDS_MOSQUITTO, Broker, broker

pytestmark = NEEDS_MOSQUITTO

GLOW = DeviceId("glow", "02005EFFFE302010")
BATTERY = DeviceId("alphaess", "AL9900000000007")
QUICK = Pace(batch=500, every=0.02, first=0.02, most=0.2, grace=2.0)
STATE = "mitmeter/home/glow-1/state"
CONFIG = "homeassistant/device/mitmeter_glow_02005efffe302010/config"


def said(
    device: DeviceId, quantity: str, value: str | Decimal, seconds: float, **other: Any
) -> Reading:
    at = NOON + timedelta(seconds=seconds)
    plain = isinstance(value, str) and not value.lstrip("-")[:1].isdigit()
    return Reading(
        device, quantity, value if plain else Decimal(value), at, at=at, **{"source": "0/0"} | other
    )


def put(store: Store, readings: Sequence[Reading], facts: Sequence[Known] = ()) -> None:
    moments = [Moment([each], each.received, Clock.RECEIVED) for each in readings]
    store.apply(Batch("", moments=moments, facts=facts))


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Broker]:
    (tmp_path / "broker").mkdir()
    async with broker(tmp_path / "broker") as found:
        yield found


async def test_what_a_device_says_is_one_retained_state_and_one_announcement(
    tmp_path: Path, mosquitto: Broker
) -> None:
    with make_store(tmp_path / "store.db") as store:
        put(
            store,
            [
                said(GLOW, "grid.import", "12345.678", 0),
                said(GLOW, "grid.power", "-512", 3),
                said(GLOW, "gas.volume", "5655.83", 1),
                said(GLOW, "clock.skew", "-0.8", 2),
            ],
        )
        sink = sink_to(plan_for(mosquitto), tmp_path, now=Hand(NOON + timedelta(seconds=5)))
        forwarder = forward(tmp_path, sink, Choice(start=Now()), QUICK)
        async with subscribed(mosquitto) as heard:
            forwarder.start()
            await until(lambda: STATE in heard.held)
            put(store, [said(GLOW, "grid.power", "40", 10)])
            await until(lambda: heard.json(STATE).get("power_w") == 40)
            await forwarder.stop()
    held = await retained(mosquitto)
    assert held.json(STATE) == {
        "ts": "2026-11-20T12:00:10Z",
        "elec_import_kwh": 12345.678,
        "power_w": 40,
        "power_import_w": 40,
        "power_export_w": 0,
        "gas_m3": 5655.83,
        "clock_skew_s": -0.8,
        "stale": False,
    }
    first = json.loads(next(payload for topic, payload in heard.heard if topic == STATE))
    assert (first["power_import_w"], first["power_export_w"]) == (0, 512)
    assert heard.times(CONFIG) == 1
    assert held.json(CONFIG)["stat_t"] == STATE


async def test_who_comes_later_holds_what_the_store_says_is_newest(
    tmp_path: Path, mosquitto: Broker
) -> None:
    chance = random.Random(7)
    with make_store(tmp_path / "store.db") as store:
        forwarder = forward(tmp_path, sink_to(plan_for(mosquitto), tmp_path), Choice(), QUICK)
        forwarder.start()
        energy = Decimal(100)
        for step in range(40):
            energy += Decimal(chance.randint(0, 500)) / 1000
            rows = [
                said(BATTERY, "grid.import", energy, 10 * step),
                said(BATTERY, "battery.soc", str(chance.randint(0, 100)), 10 * step + 1),
                said(GLOW, "gas.volume", str(50 + step), 10 * step + 2),
                # Rows out of a device's memory come late, and change nothing.
                said(BATTERY, "battery.soc", "1", 10 * step - 3600 + chance.random(), live=False),
            ]
            chance.shuffle(rows)
            put(store, rows)
            await asyncio.sleep(0.002)
        status = await until_status(
            forwarder, tmp_path, lambda each: each.state == "live" and each.behind == 0
        )
        newest = {(each.device.protocol, each.quantity): each.value for each in store.latest()}
        await forwarder.stop()
    held = await retained(mosquitto)
    battery, display = held.json("mitmeter/home/alphaess-1/state"), held.json(STATE)
    assert battery["elec_import_kwh"] == float(newest["alphaess", "grid.import"])
    assert battery["battery_soc_percent"] == float(newest["alphaess", "battery.soc"])
    assert display["gas_m3"] == 89
    assert status.sent == 160


async def test_a_backlog_is_walked_through_and_only_its_end_is_published(
    tmp_path: Path, mosquitto: Broker
) -> None:
    with make_store(tmp_path / "store.db") as store:
        put(store, [said(GLOW, "grid.import", str(100 + n), 3600 * n) for n in range(3000)])
        sink = sink_to(plan_for(mosquitto), tmp_path)
        async with subscribed(mosquitto, "mitmeter/#") as heard:
            forwarder = forward(tmp_path, sink, Choice(), QUICK)
            forwarder.start()
            status = await until_status(
                forwarder, tmp_path, lambda each: each.state == "live" and each.behind == 0
            )
            await forwarder.stop()
            await until(lambda: heard.held.get("mitmeter/home/availability") == b"offline")
    assert status.sent == 3000
    values = {
        json.loads(payload)["elec_import_kwh"] for topic, payload in heard.heard if topic == STATE
    }
    assert values == {3099}


async def test_the_cursor_stays_until_the_broker_is_there(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    there = Broker(tmp_path / "broker")
    with make_store(tmp_path / "store.db") as store:
        forwarder = forward(tmp_path, sink_to(plan_for(there), tmp_path), Choice(), QUICK)
        forwarder.start()
        put(store, [said(GLOW, "grid.power", "1", 0)])
        status = await until_status(forwarder, tmp_path, lambda each: each.state == "waiting")
        assert status.sent == 0
        assert "nobody listens there" in status.reason
        await there.start()
        try:
            await until_status(forwarder, tmp_path, lambda each: each.sent == 1)
            held = await retained(there)
            assert held.json(STATE)["power_w"] == 1
            assert held.held["mitmeter/home/availability"] == b"online"
        finally:
            await forwarder.stop()
            there.stop()


async def test_a_broker_that_lost_everything_is_given_it_again_though_nothing_new_is_said(
    tmp_path: Path, mosquitto: Broker
) -> None:
    with make_store(tmp_path / "store.db") as store:
        put(store, [said(GLOW, "grid.power", "77", 0), said(BATTERY, "battery.soc", "50", 0)])
        forwarder = forward(
            tmp_path, sink_to(plan_for(mosquitto), tmp_path), Choice(start=Now()), QUICK
        )
        forwarder.start()
        await until_retained(mosquitto, STATE)
        before = await retained(mosquitto)
        mosquitto.stop()
        await mosquitto.start()
        await until_retained(mosquitto, STATE)
        await until_retained(mosquitto, "mitmeter/home/alphaess-1/state")
        after = await retained(mosquitto)
        await forwarder.stop()
    assert after.held == before.held


async def test_a_broker_restarted_in_the_middle_ends_up_with_the_newest(
    tmp_path: Path, mosquitto: Broker
) -> None:
    chance = random.Random(20261120)
    with make_store(tmp_path / "store.db") as store:
        forwarder = forward(tmp_path, sink_to(plan_for(mosquitto), tmp_path), Choice(), QUICK)
        forwarder.start()
        step = 0
        for _ in range(3):
            for _ in range(chance.randint(20, 60)):
                step += 1
                put(store, [said(GLOW, "grid.import", Decimal(step) / 100, step)])
                await asyncio.sleep(0.003)
            mosquitto.stop()
            for _ in range(20):
                step += 1
                put(store, [said(GLOW, "grid.import", Decimal(step) / 100, step)])
            await asyncio.sleep(chance.uniform(0.01, 0.2))
            await mosquitto.start()
        status = await until_status(
            forwarder, tmp_path, lambda each: each.state == "live" and each.behind == 0
        )
        await forwarder.stop()
    assert (status.sent, status.dead) == (step, 0)
    assert (await retained(mosquitto)).json(STATE)["elec_import_kwh"] == step / 100


async def running(
    folder: Path, plan: MqttPlan, *readings: Reading, **other: Any
) -> tuple[Store, MqttSink, Any]:
    """Return a store with readings, and a sink that is served from it."""
    store = make_store(folder / "store.db")
    put(store, readings)
    sink = sink_to(plan, folder, **other)
    events = Choice(start=Now(), events=True)
    forwarder = forward(folder, sink, events, QUICK)
    forwarder.start()
    return store, sink, forwarder


async def test_when_home_assistant_starts_everything_is_announced_again(
    tmp_path: Path, mosquitto: Broker
) -> None:
    async with subscribed(mosquitto) as heard:
        store, _, forwarder = await running(
            tmp_path,
            plan_for(mosquitto),
            said(GLOW, "grid.power", "1", 0),
            said(BATTERY, "battery.soc", "50", 0),
        )
        await until(lambda: heard.times(CONFIG) == 1 and heard.times(STATE) == 1)
        await mosquitto.publish("homeassistant/status", b"offline")
        await mosquitto.publish("homeassistant/status", b"online")
        await until(lambda: heard.times(CONFIG) == 2 and heard.times(STATE) == 2)
        await until(lambda: heard.times("homeassistant/device/mitmeter_hub_home/config") == 2)
        await forwarder.stop()
        store.close()


async def test_a_birth_message_of_long_ago_announces_nothing_twice(
    tmp_path: Path, mosquitto: Broker
) -> None:
    await mosquitto.publish("homeassistant/status", b"online", retain=True)
    async with subscribed(mosquitto) as heard:
        store, _, forwarder = await running(
            tmp_path, plan_for(mosquitto), said(GLOW, "grid.power", "1", 0)
        )
        await until(lambda: heard.times(STATE) == 1)
        put(store, [said(GLOW, "grid.power", "2", 1)])
        await until(lambda: heard.json(STATE)["power_w"] == 2)
        await forwarder.stop()
        store.close()
    assert heard.times(CONFIG) == 1


async def test_a_silent_device_becomes_unavailable_and_comes_back(
    tmp_path: Path, mosquitto: Broker
) -> None:
    now = Hand(NOON)
    there = "mitmeter/home/glow-1/availability"
    async with subscribed(mosquitto) as heard:
        store, _, forwarder = await running(
            tmp_path, plan_for(mosquitto), said(GLOW, "grid.power", "1", 0), now=now
        )
        await until(lambda: heard.held.get(there) == b"online")
        now.at += timedelta(minutes=6)
        await until(lambda: heard.held.get(there) == b"offline")
        await until(lambda: heard.json(STATE)["stale"] is True)
        assert heard.json(STATE)["power_w"] is None
        put(store, [said(GLOW, "grid.power", "3", 360)])
        await until(lambda: heard.held.get(there) == b"online")
        await until(lambda: heard.json(STATE)["power_w"] == 3)
        await forwarder.stop()
        store.close()


async def test_a_new_quantity_is_announced(tmp_path: Path, mosquitto: Broker) -> None:
    async with subscribed(mosquitto) as heard:
        store, _, forwarder = await running(
            tmp_path, plan_for(mosquitto), said(GLOW, "grid.power", "1", 0)
        )
        await until(lambda: heard.times(CONFIG) == 1)
        put(store, [said(GLOW, "gas.volume", "7", 1)])
        await until(lambda: "gas_volume" in heard.json(CONFIG)["cmps"])
        await forwarder.stop()
        store.close()


async def test_a_held_dip_and_a_doubted_jump_never_reach_the_broker_over_a_restart_of_ours(
    tmp_path: Path, mosquitto: Broker
) -> None:
    told = Told()
    async with subscribed(mosquitto, "mitmeter/#") as heard:
        store, _, forwarder = await running(
            tmp_path, plan_for(mosquitto), said(GLOW, "grid.import", "100.5", 0), tell=told
        )
        await until(lambda: heard.times(STATE) == 1)
        put(store, [said(GLOW, "grid.import", "100.4", 10)])
        await until(lambda: told.ids == ["mitmeter.counter.dipped"])
        await forwarder.stop()
        put(store, [said(GLOW, "grid.import", "100.45", 20), said(GLOW, "gas.volume", "5", 20)])
        again = forward(
            tmp_path, sink_to(plan_for(mosquitto), tmp_path, tell=told), Choice(start=Now()), QUICK
        )
        again.start()
        await until(lambda: heard.json(STATE).get("gas_m3") == 5)
        put(store, [said(GLOW, "grid.import", "0", 30)])
        await until(lambda: "mitmeter.counter.doubted" in told.ids)
        put(store, [said(GLOW, "grid.import", "100.7", 40)])
        await until(lambda: heard.json(STATE)["elec_import_kwh"] == 100.7)
        await again.stop()
        store.close()
    shown = [json.loads(payload) for topic, payload in heard.heard if topic == STATE]
    assert {each["elec_import_kwh"] for each in shown} == {100.5, 100.7}
    assert told.ids == ["mitmeter.counter.dipped", "mitmeter.counter.doubted"]


async def test_an_event_is_passed_on_and_one_that_tells_of_another_meter_is_believed(
    tmp_path: Path, mosquitto: Broker
) -> None:
    async with subscribed(mosquitto) as heard:
        store, _, forwarder = await running(
            tmp_path, plan_for(mosquitto), said(GLOW, "grid.import", "4000", 0)
        )
        await until(lambda: heard.times(STATE) == 1)
        put(store, [said(GLOW, "grid.import", "3", 60)])
        swap = Event("mitmeter.glow.meter.replaced", NOON, "another meter", Severity.NOTICE, GLOW)
        store.apply(Batch("", events=[noted(swap)]))
        await until(lambda: heard.json(STATE)["elec_import_kwh"] == 3)
        await until(lambda: "mitmeter/home/events" in heard.held)
        assert heard.json("mitmeter/home/events")["message"] == "another meter"
        await forwarder.stop()
        store.close()
    assert "mitmeter/home/events" not in (await retained(mosquitto)).held


async def test_a_device_that_is_ignored_from_now_on_is_removed(
    tmp_path: Path, mosquitto: Broker
) -> None:
    store, _, forwarder = await running(
        tmp_path,
        plan_for(mosquitto),
        said(GLOW, "grid.power", "1", 0),
        said(BATTERY, "battery.soc", "50", 0),
    )
    await until_retained(mosquitto, STATE)
    await forwarder.stop()
    plan = plan_for(mosquitto, ignored=frozenset({str(GLOW)}))
    again = forward(tmp_path, sink_to(plan, tmp_path), Choice(start=Now()), QUICK)
    again.start()
    await until_gone(mosquitto, CONFIG)
    put(store, [said(GLOW, "grid.power", "2", 5)])
    await until_status(again, tmp_path, lambda each: each.skipped == 1)
    await again.stop()
    store.close()
    held = await retained(mosquitto)
    assert not [topic for topic in held.held if "glow" in topic]
    assert "mitmeter/home/alphaess-1/state" in held.held


async def test_without_discovery_what_home_assistant_was_told_is_taken_back(
    tmp_path: Path, mosquitto: Broker
) -> None:
    store, _, forwarder = await running(
        tmp_path, plan_for(mosquitto), said(GLOW, "grid.power", "1", 0)
    )
    await until_retained(mosquitto, STATE)
    await forwarder.stop()
    plan = plan_for(mosquitto, discovery=False)
    again = forward(tmp_path, sink_to(plan, tmp_path), Choice(start=Now()), QUICK)
    again.start()
    await until_gone(mosquitto, CONFIG)
    await again.stop()
    store.close()
    held = await retained(mosquitto)
    assert not [topic for topic in held.held if topic.startswith("homeassistant")]
    assert STATE in held.held


async def test_another_prefix_leaves_nothing_behind(tmp_path: Path, mosquitto: Broker) -> None:
    store, _, forwarder = await running(
        tmp_path, plan_for(mosquitto), said(GLOW, "grid.power", "1", 0)
    )
    await until_retained(mosquitto, STATE)
    await forwarder.stop()
    plan = plan_for(mosquitto, topics=Topics("energy", "home"))
    again = forward(tmp_path, sink_to(plan, tmp_path), Choice(start=Now()), QUICK)
    again.start()
    await until_gone(mosquitto, STATE)
    held = await until_retained(mosquitto, "energy/home/glow-1/state")
    await again.stop()
    store.close()
    assert not [topic for topic in held.held if topic.startswith("mitmeter/")]
    assert held.json(CONFIG)["stat_t"] == "energy/home/glow-1/state"


async def test_a_simulated_device_is_marked(tmp_path: Path, mosquitto: Broker) -> None:
    store, _, forwarder = await running(
        tmp_path, plan_for(mosquitto), said(GLOW, "grid.power", "1", 0, origin=Origin.SYNTHETIC)
    )
    held = await until_retained(mosquitto, CONFIG)
    await forwarder.stop()
    store.close()
    assert held.json(CONFIG)["dev"]["name"] == "Glow display (simulated)"


async def test_a_wrong_password_makes_the_sink_wait_and_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    async with broker(tmp_path / "broker", guarded=True, secret=True) as there:
        plan = plan_for(there)
        wrong = replace(plan, broker=replace(plan.broker, password=Secret("not-this-one")))
        with make_store(tmp_path / "store.db") as store:
            put(store, [said(GLOW, "grid.power", "1", 0)])
            forwarder = forward(tmp_path, sink_to(wrong, tmp_path), Choice(), QUICK)
            forwarder.start()
            status = await until_status(forwarder, tmp_path, lambda each: each.state == "waiting")
            await forwarder.stop()
            assert "refuses the user name or password" in status.reason
            assert "not-this-one" not in status.reason
            right = forward(tmp_path, sink_to(plan, tmp_path), Choice(), QUICK)
            right.start()
            await until_status(right, tmp_path, lambda each: each.sent == 1)
            await right.stop()
            assert (await retained(there)).json(STATE)["power_w"] == 1


async def test_a_device_ignored_while_the_broker_was_away_is_removed_once_it_is_back(
    tmp_path: Path, mosquitto: Broker
) -> None:
    store, _, forwarder = await running(
        tmp_path,
        plan_for(mosquitto),
        said(GLOW, "grid.power", "1", 0),
        said(BATTERY, "battery.soc", "50", 0),
    )
    held = await until_retained(mosquitto, STATE)
    await forwarder.stop()
    left = {topic: payload for topic, payload in held.held.items() if "glow" in topic}
    mosquitto.stop()
    plan = plan_for(mosquitto, ignored=frozenset({str(GLOW)}))
    for _ in range(2):
        waiting = forward(tmp_path, sink_to(plan, tmp_path), Choice(start=Now()), QUICK)
        waiting.start()
        put(store, [said(BATTERY, "battery.soc", "51", 60)])
        await until_status(waiting, tmp_path, lambda each: each.state == "waiting")
        await waiting.stop()
    await mosquitto.start()
    for topic, payload in left.items():  # as a broker that keeps what is retained
        await mosquitto.publish(topic, payload, retain=True)
    again = forward(tmp_path, sink_to(plan, tmp_path), Choice(start=Now()), QUICK)
    again.start()
    await until_gone(mosquitto, CONFIG)
    await until_gone(mosquitto, STATE)
    await again.stop()
    store.close()


async def test_a_broker_that_hangs_is_given_up_and_served_again_when_it_goes_on(
    tmp_path: Path, mosquitto: Broker
) -> None:
    plan = plan_for(mosquitto)
    plan = replace(plan, broker=replace(plan.broker, timeout=0.3))
    store, _, forwarder = await running(tmp_path, plan, said(GLOW, "grid.power", "1", 0))
    await until_retained(mosquitto, STATE)
    process = mosquitto._running
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        put(store, [said(GLOW, "grid.power", "2", 10)])
        status = await until_status(forwarder, tmp_path, lambda each: each.state == "waiting")
        assert "did not answer in time" in status.reason
    finally:
        process.send_signal(signal.SIGCONT)
    await until_status(forwarder, tmp_path, lambda each: each.state == "live" and each.behind == 0)
    assert (await retained(mosquitto)).json(STATE)["power_w"] == 2
    await forwarder.stop()
    store.close()


async def test_what_today_costs_is_shown_with_the_midnight_it_began(
    tmp_path: Path, mosquitto: Broker
) -> None:
    rows = [
        said(GLOW, "price.import", "0.25", -11 * 3600),
        said(GLOW, "grid.import", "100", -11 * 3600),
        said(GLOW, "grid.import", "104", -60),
    ]
    with make_store(tmp_path / "store.db") as store:
        put(store, rows, [Known(Fact(GLOW, "currency", "GBP"), NOON)])
        sink = sink_to(plan_for(mosquitto), tmp_path)
        forwarder = forward(tmp_path, sink, Choice(start=Now()), QUICK)
        forwarder.start()
        held = await until_retained(mosquitto, "mitmeter/home/state")
        await forwarder.stop()
    shown = held.json("mitmeter/home/state")
    assert (shown["cost_today_electricity"], shown["cost_today"]) == (1.0, 1.0)
    assert shown["cost_today_since"] == "2026-11-20T00:00:00+00:00"
    hub = held.json("homeassistant/device/mitmeter_hub_home/config")
    assert hub["cmps"]["cost_today"]["unit_of_meas"] == "GBP"


async def test_a_damaged_memory_is_named_and_waited_for(tmp_path: Path, mosquitto: Broker) -> None:
    (tmp_path / "sinks").mkdir()
    (tmp_path / "sinks" / "mqtt.json").write_text('{"version": 1}')
    store, _, forwarder = await running(
        tmp_path, plan_for(mosquitto), said(GLOW, "grid.power", "1", 0)
    )
    status = await until_status(forwarder, tmp_path, lambda each: each.state == "waiting")
    assert "mqtt.json is damaged" in status.reason
    (tmp_path / "sinks" / "mqtt.json").unlink()
    await until_retained(mosquitto, STATE)
    await forwarder.stop()
    store.close()


async def test_a_sink_that_is_not_open_takes_nothing(tmp_path: Path, mosquitto: Broker) -> None:
    sink = sink_to(plan_for(mosquitto), tmp_path)
    with pytest.raises(SinkError, match="is not open"):
        await sink.readings([said(GLOW, "grid.power", "1", 0)])
    await sink.close()


async def until_gone(there: Broker, topic: str) -> None:
    async with asyncio.timeout(20):
        while topic in (await retained(there)).held:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
