"""Commands that come in by MQTT: entities, JSON, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mitmeter.model import DeviceId
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.homeassistant_controls import Order, Platform, controls, order_of
from mitmeter.sinks.resume import Now
from tests.sinks.homeassistant_rules import check_device, value
from tests.sinks.mqtt_kit import HomeStub, Subscriber, plan_for, sink_to, subscribed
from tests.sinks.sinkkit import forward, make_store, until
from tests.sinks.test_mqtt import QUICK, put, said
from tests.transport.broker import NEEDS_MOSQUITTO, Broker, broker

BATTERY = DeviceId("alphaess", "AL9900000000007")
ROOT = "mitmeter/home/alphaess-1"
STATE, ANSWER = f"{ROOT}/state", f"{ROOT}/answer"
CONFIG = "homeassistant/device/mitmeter_alphaess_al9900000000007/config"
OFFERS = {
    "sync-time": "",
    "set": "MEMBER=VALUE...",
    "charge-from-grid": "from=HOUR|now until=HOUR|for=MINUTES stop-at=PERCENT [reserve=PERCENT]",
}


class Scene:
    """A broker, a battery that takes commands, and somebody who hears everything."""

    def __init__(self, there: Broker, home: HomeStub, heard: Subscriber) -> None:
        self.there, self.home, self.heard = there, home, heard

    async def say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        await self.there.publish(f"{ROOT}/{topic}", payload, retain=retain)

    async def answered(self) -> dict[str, Any]:
        await until(lambda: ANSWER in self.heard.held)
        return dict(json.loads(self.heard.held.pop(ANSWER)))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    (tmp_path / "broker").mkdir()
    home = HomeStub({str(BATTERY): OFFERS})
    async with broker(tmp_path / "broker") as there, subscribed(there) as heard:
        with make_store(tmp_path / "store.db") as store:
            put(store, [said(BATTERY, "battery.soc", "50", 0)])
            sink = sink_to(plan_for(there), tmp_path, home=home)
            forwarder = forward(tmp_path, sink, Choice(start=Now()), QUICK)
            forwarder.start()
            await until(lambda: STATE in heard.held)
            try:
                yield Scene(there, home, heard)
            finally:
                await forwarder.stop()


@NEEDS_MOSQUITTO
async def test_a_button_gives_its_command_and_shows_what_became_of_it(scene: Scene) -> None:
    config = scene.heard.json(CONFIG)
    check_device(config)
    button = config["cmps"]["sync_time"]
    await scene.there.publish(button["cmd_t"], button["pl_prs"])
    answer = await scene.answered()
    assert scene.home.given == [(str(BATTERY), "sync-time", {})]
    assert (answer["command"], answer["accepted"], answer["text"]) == ("sync-time", True, "done")
    await until(lambda: scene.heard.json(STATE)["answer"] == "sync-time: done")


@NEEDS_MOSQUITTO
async def test_a_switch_charges_as_the_numbers_say_and_shows_that_it_is_on(scene: Scene) -> None:
    components = scene.heard.json(CONFIG)["cmps"]
    assert value(components["charge_stop_at"], scene.heard.json(STATE)) == 80
    await scene.say("charge_stop_at/set", "95")
    await scene.answered()
    await scene.say("charge_minutes/set", "90.0")
    await scene.answered()
    await scene.say("charge_from_grid/set", "ON")
    await scene.answered()
    assert scene.home.given == [
        (str(BATTERY), "charge-from-grid", {"from": "now", "for": "90", "stop-at": "95"})
    ]
    await until(lambda: scene.heard.json(STATE)["charge_from_grid"] == "ON")
    assert scene.heard.json(STATE)["charge_stop_at_percent"] == 95
    await scene.say("charge_from_grid/set", "OFF")
    await scene.answered()
    assert scene.home.given[-1][2] == {"enabled": "false"}
    await until(lambda: scene.heard.json(STATE)["charge_from_grid"] == "OFF")


@NEEDS_MOSQUITTO
async def test_a_refused_command_leaves_the_switch_as_it_was(scene: Scene) -> None:
    scene.home.answer = (False, "the battery is not connected")
    await scene.say("charge_from_grid/set", "ON")
    answer = await scene.answered()
    assert (answer["accepted"], answer["text"]) == (False, "the battery is not connected")
    assert scene.heard.json(STATE)["charge_from_grid"] is None


@NEEDS_MOSQUITTO
async def test_any_command_can_be_given_as_json(scene: Scene) -> None:
    await scene.say("command", '{"name": "set", "arguments": {"BatUseCap": 15, "CtrDis": true}}')
    await scene.answered()
    assert scene.home.given == [(str(BATTERY), "set", {"BatUseCap": "15", "CtrDis": "true"})]


@NEEDS_MOSQUITTO
@pytest.mark.parametrize(
    ("topic", "payload", "words"),
    [
        ("command", "sync-time", "a JSON object such as"),
        ("command", '{"arguments": {}}', 'with "name" and "arguments" is expected'),
        ("command", '{"name": "set", "arguments": {"a": [1]}}', "arguments are texts"),
        ("command", '{"name": "format-disk"}', "format-disk is no command here"),
        ("command", "[" * 3000, "a JSON object such as"),
        ("command", "x" * 5000, "5000 bytes are too many"),
        ("charge_stop_at/set", "12", "a number from 15 to 100 is expected"),
        ("charge_stop_at/set", "NaN", "a number from 15 to 100 is expected"),
        ("charge_stop_at/set", "lots", "a number is expected"),
        ("charge_from_grid/set", "maybe", "a switch takes ON or OFF"),
        ("sync_time/set", "", ""),
        ("sync_time/set", "twice", "a button takes PRESS"),
        ("nothing/set", "ON", "there is no nothing, or commands are off"),
    ],
)
async def test_what_is_no_command_is_answered_and_does_nothing(
    scene: Scene, topic: str, payload: str, words: str
) -> None:
    await scene.say(topic, payload)
    if not words:  # nothing said, nothing answered: the next is
        await scene.say("sync_time/set", "twice")
        words = "a button takes PRESS"
    answer = await scene.answered()
    assert words in answer["text"]
    assert answer["accepted"] is False
    assert scene.home.given == []


@NEEDS_MOSQUITTO
async def test_a_wish_of_long_ago_is_nobodys_any_more(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    home = HomeStub({str(BATTERY): OFFERS})
    async with broker(tmp_path / "broker") as there:
        await there.publish(f"{ROOT}/sync_time/set", "PRESS", retain=True)
        await there.publish(f"{ROOT}/command", '{"name": "sync-time"}', retain=True)
        async with subscribed(there) as heard:
            with make_store(tmp_path / "store.db") as store:
                put(store, [said(BATTERY, "battery.soc", "50", 0)])
                sink = sink_to(plan_for(there), tmp_path, home=home)
                forwarder = forward(tmp_path, sink, Choice(start=Now()), QUICK)
                forwarder.start()
                await until(lambda: STATE in heard.held)
                # Whatever came before this one has been heard.
                await there.publish(f"{ROOT}/sync_time/set", "twice")
                await until(lambda: ANSWER in heard.held)
                await forwarder.stop()
    assert home.given == []


@NEEDS_MOSQUITTO
async def test_where_control_is_off_there_is_nothing_to_press_and_nothing_happens(
    tmp_path: Path,
) -> None:
    (tmp_path / "broker").mkdir()
    home = HomeStub()
    async with broker(tmp_path / "broker") as there, subscribed(there) as heard:
        with make_store(tmp_path / "store.db") as store:
            put(store, [said(BATTERY, "battery.soc", "50", 0)])
            sink = sink_to(plan_for(there), tmp_path, home=home)
            forwarder = forward(tmp_path, sink, Choice(start=Now()), QUICK)
            forwarder.start()
            await until(lambda: STATE in heard.held)
            await there.publish(f"{ROOT}/command", '{"name": "sync-time"}')
            await until(lambda: ANSWER in heard.held)
            await forwarder.stop()
    assert home.given == []
    assert {each["p"] for each in heard.json(CONFIG)["cmps"].values()} == {"sensor"}
    assert "answer" not in heard.json(STATE)


def test_commands_become_entities_by_what_they_need() -> None:
    made = controls(OFFERS | {"set-clock": "[time=T]", "relays": "state=disconnect|reconnect"})
    assert [(each.key, each.platform) for each in made] == [
        ("sync_time", Platform.BUTTON),
        ("charge_from_grid", Platform.SWITCH),
        ("charge_stop_at", Platform.NUMBER),
        ("charge_minutes", Platform.NUMBER),
        ("set_clock", Platform.BUTTON),
        ("relays_disconnect", Platform.BUTTON),
        ("relays_reconnect", Platform.BUTTON),
    ]
    assert order_of(made[5], "PRESS", {}) == Order("relays", {"state": "disconnect"})
