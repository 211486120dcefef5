"""A running daemon, a real broker and an emulated battery: what is pressed there happens here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mitmeter.daemon.plan_sinks import SinkPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.course import Pace
from mitmeter.sinks.resume import Now
from mitmeter.sinks.shape import Shape
from tests.daemon.plans import battery, clock, heard, trap
from tests.sinks.homeassistant_rules import check_device
from tests.sinks.mqtt_kit import plan_for, retained, subscribed
from tests.sinks.sinkkit import until
from tests.transport.broker import NEEDS_MOSQUITTO, Broker, broker

pytestmark = [pytest.mark.system, NEEDS_MOSQUITTO]

ROOT = "mitmeter/home/alphaess-1"
CONFIG = "homeassistant/device/mitmeter_alphaess_al9900000000007/config"


def feeding(running: Daemon, there: Broker) -> Daemon:
    """Return the daemon with an MQTT sink."""
    pace = Pace(batch=500, every=0.05, most=0.2)
    to = plan_for(there, expire=86_400.0)
    sink = SinkPlan("mqtt", Choice(start=Now()), pace, to, Shape("home"))
    running.plan = replace(running.plan, sinks=(sink,))
    return running


@pytest.mark.parametrize("control", [True, False])
async def test_a_button_in_home_assistant_sets_the_batterys_clock_where_control_is_on(
    tmp_path: Path, control: bool
) -> None:
    (tmp_path / "broker").mkdir()
    time = clock(600)
    async with broker(tmp_path / "broker") as there, subscribed(there) as said:
        running = feeding(trap(tmp_path / "trap", time, control=control), there)
        async with (
            heard(running) as seen,
            heard(battery(tmp_path / "battery", time, seen.where)),
        ):
            await until(lambda: f"{ROOT}/state" in said.held)
            await until(lambda: "battery_soc" in said.json(CONFIG)["cmps"])
            check_device(said.json(CONFIG))
            pressable = {
                key: each
                for key, each in said.json(CONFIG)["cmps"].items()
                if each["p"] == "button"
            }
            if not control:
                assert pressable == {}
                await there.publish(f"{ROOT}/command", '{"name": "sync-time"}')
            else:
                await there.publish(pressable["sync_time"]["cmd_t"], "PRESS")
            await until(lambda: f"{ROOT}/answer" in said.held)
            answer = json.loads(said.held[f"{ROOT}/answer"])
            assert answer["accepted"] is control
            if control:
                await seen.until(lambda: bool(seen.happened("mitmeter.command.done")))
        held = await retained(there)
    assert held.held["mitmeter/home/availability"] == b"offline"
    assert f"{ROOT}/answer" not in held.held
