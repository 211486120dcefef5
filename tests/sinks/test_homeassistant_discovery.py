"""Announcements of devices, checked against what Home Assistant takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mitmeter.daemon.demo import Wishes, demo
from mitmeter.model import DeviceId, Origin, Reading
from mitmeter.sinks.choice import Choice
from mitmeter.sinks.course import Pace
from mitmeter.sinks.homeassistant_controls import controls
from mitmeter.sinks.homeassistant_discovery import Announcer, expiry, identity_of
from mitmeter.sinks.mqtt_book import Book, Device
from mitmeter.sinks.mqtt_memory import Memory
from mitmeter.sinks.resume import Now
from mitmeter.store import Store
from tests.sinks.homeassistant_rules import check_device, energy_roles, value
from tests.sinks.mqtt_kit import TOPICS, Hand, plan_for, retained, sink_to, until_retained
from tests.sinks.sinkkit import forward, until, until_status
from tests.sinks.test_mqtt_book import said
from tests.transport.broker import NEEDS_MOSQUITTO, broker

ANNOUNCER = Announcer(TOPICS, "1.2.3")
PACE = Pace(batch=500, every=0.05, grace=2.0)


def device(*readings: Reading, currency: str = "") -> Device:
    book = Book(Memory(), lambda _: True, 300.0)
    for each in readings:
        book.take(each)
    made = next(iter(book.devices.values()))
    made.learn({"model": "GLOW-IHD-01", "firmware": "1.2.5"}, currency)
    return made


def announced(of: Device, announcer: Announcer = ANNOUNCER) -> dict[str, Any]:
    payload = announcer.device(of, "Glow display", {"grid.power": 300})
    check_device(payload)
    return dict(json.loads(json.dumps(payload)))


def test_a_device_is_announced_as_the_conventions_have_it() -> None:
    payload = announced(device(said("grid.import", "12345.678"), said("grid.power", "512")))
    assert payload["dev"] == {
        "ids": ["mitmeter_glow_02005efffe302010"],
        "name": "Glow display",
        "mf": "Hildebrand",
        "mdl": "GLOW-IHD-01",
        "sn": "02005EFFFE302010",
        "sw": "1.2.5",
        "via_device": "mitmeter_hub_home",
    }
    assert payload["o"] == {"name": "mitmeter", "sw": "1.2.3"}
    assert payload["avty"] == [
        {"t": "mitmeter/home/availability"},
        {"t": "mitmeter/home/glow-1/availability"},
    ]
    assert payload["avty_mode"] == "all"
    assert payload["cmps"]["power"] == {
        "p": "sensor",
        "name": "Grid power",
        "uniq_id": "mitmeter_glow_02005efffe302010_power",
        "def_ent_id": "sensor.mitmeter_glow_1_power",
        "dev_cla": "power",
        "stat_cla": "measurement",
        "unit_of_meas": "W",
        "sug_dsp_prc": 0,
        "exp_aft": 300,
        "val_tpl": "{{ value_json.power_w }}",
    }
    assert "exp_aft" not in payload["cmps"]["elec_import"]


def test_a_simulated_device_says_so_in_its_name_and_model() -> None:
    payload = announced(device(said("grid.power", "1", origin=Origin.SYNTHETIC)))
    assert payload["dev"]["name"] == "Glow display (simulated)"
    assert payload["dev"]["mdl"] == "GLOW-IHD-01 (simulated)"


def test_the_second_of_a_kind_has_a_number() -> None:
    book = Book(Memory(), lambda _: True, 300.0)
    book.take(said("grid.power", "1"))
    other = DeviceId("glow", "02005EFFFE302011")
    second = book.take(said("grid.power", "1", device=other))
    assert second is not None
    assert announced(second)["dev"]["name"] == "Glow display 2"


def test_a_serial_that_is_a_mac_address_joins_the_device_to_its_network_entry() -> None:
    hub = DeviceId("efergy", "02005E302012")
    assert announced(device(said("grid.power", "1", device=hub)))["dev"]["cns"] == [
        ["mac", "02:00:5e:30:20:12"]
    ]
    assert "cns" not in announced(device(said("grid.power", "1")))["dev"]


def test_prices_are_in_the_devices_currency() -> None:
    payload = announced(device(said("price.import", "0.2628"), currency="GBP"))
    assert payload["cmps"]["price_import"]["unit_of_meas"] == "GBP/kWh"


def test_an_entity_that_is_gone_is_announced_with_its_platform_only() -> None:
    made = device(said("grid.power", "1"))
    made.memory.components["old_thing"] = "sensor"
    assert announced(made)["cmps"]["old_thing"] == {"p": "sensor"}


def test_commands_are_entities_on_topics_of_their_own() -> None:
    made = device(said("battery.soc", "50"))
    made.controls = controls(
        {"sync-time": "", "charge-from-grid": "from=HOUR|now", "relays": "state=on|off"}
    )
    components = announced(made)["cmps"]
    assert components["sync_time"]["cmd_t"] == "mitmeter/home/glow-1/sync_time/set"
    assert {key: components[key]["p"] for key in components if "cmd_t" in components[key]} == {
        "sync_time": "button",
        "charge_from_grid": "switch",
        "charge_stop_at": "number",
        "charge_minutes": "number",
        "relays_on": "button",
        "relays_off": "button",
    }
    # What cuts off a house does not lie about among the switches unless somebody looks for it.
    assert components["relays_off"]["en"] is False


def test_the_dashboard_is_linked_where_it_is_known() -> None:
    announcer = Announcer(TOPICS, "1", "http://mitmeter.local:8470")
    assert announced(device(said("grid.power", "1")), announcer)["dev"]["cu"] == (
        "http://mitmeter.local:8470/#/devices/glow%3A02005EFFFE302010"
    )


def test_mitmeter_itself_is_a_device_with_what_today_costs() -> None:
    payload = json.loads(json.dumps(ANNOUNCER.hub("GBP")))
    check_device(payload)
    cost = payload["cmps"]["cost_today"]
    assert (cost["dev_cla"], cost["stat_cla"], cost["unit_of_meas"]) == ("monetary", "total", "GBP")
    assert cost["lrst_val_tpl"] == "{{ value_json.cost_today_since }}"
    assert payload["cmps"]["connected"]["stat_t"] == "mitmeter/home/availability"
    without = ANNOUNCER.hub("")
    check_device(without)


def test_an_expiry_moves_in_steps() -> None:
    assert [expiry(seconds) for seconds in (0, 300, 301, 90_000)] == [60, 300, 600, 86_400]


@NEEDS_MOSQUITTO
@pytest.mark.slow
async def test_every_device_of_the_demo_serves_the_energy_dashboard(tmp_path: Path) -> None:
    wanted = {
        "alphaess": {"grid.import", "grid.export", "pv.energy", "battery.charged", "battery.power"},
        "glow": {"grid.import", "gas.volume", "grid.power", "price.import"},
        "efergy": {"grid.power", "vendor.efergy.700021.energy.estimated"},
        "kamstrup": {"grid.import", "grid.export", "grid.power"},
    }
    async with demo(tmp_path / "data", Wishes(speed=600.0, port=None, days=0)) as shown:
        path = tmp_path / "data" / "store.db"

        def is_all_there() -> bool:
            with Store.open(path, read_only=True) as store:
                known = {(each.device.protocol, each.quantity.name) for each in store.series()}
            return all((key, name) in known for key, names in wanted.items() for name in names)

        await until(is_all_there, 60)
        now = Hand(shown.daemon.clock.now())
    (tmp_path / "data" / "store.db").rename(tmp_path / "store.db")
    (tmp_path / "broker").mkdir()
    async with broker(tmp_path / "broker") as there:
        sink = sink_to(plan_for(there, expire=86_400.0), tmp_path, now=now)
        forwarder = forward(tmp_path, sink, Choice(start=Now()), PACE)
        forwarder.start()
        await until_status(forwarder, tmp_path, lambda each: each.state == "live")
        await until_retained(there, "mitmeter/home/kamstrup-1/state")
        held = await retained(there)
        await forwarder.stop()
    with Store.open(tmp_path / "store.db", read_only=True) as store:
        newest = {(each.device, each.quantity): each.value for each in store.latest()}
    roles: dict[str, set[tuple[str, str]]] = {}
    for each in {device for device, _ in newest}:
        payload = held.json(f"homeassistant/device/{identity_of(each)}/config")
        check_device(payload)
        assert "(simulated)" in payload["dev"]["name"]
        state = held.json(payload["stat_t"])
        for key, component in payload["cmps"].items():
            current = value(component, state)
            for role in energy_roles(component, current):
                roles.setdefault(each.protocol, set()).add((role, key))
        if (each, "grid.import") in newest:
            assert state["elec_import_kwh"] == float(newest[each, "grid.import"])
    assert {("energy", "elec_import"), ("energy", "elec_export"), ("energy", "pv_energy")} <= roles[
        "alphaess"
    ]
    assert {
        ("energy", "battery_charged"),
        ("energy", "battery_discharged"),
        ("power", "battery_power"),
        ("power", "battery_charge_power"),
        ("power", "pv_power"),
    } <= roles["alphaess"]
    assert {
        ("energy", "elec_import"),
        ("gas", "gas_volume"),
        ("power", "power_import"),
        ("price", "price_import"),
    } <= roles["glow"]
    assert {
        ("power", "power"),
        ("energy", "vendor_efergy_700021_energy_estimated"),
    } <= roles["efergy"]
    assert {("energy", "elec_import"), ("energy", "elec_export"), ("power", "power")} <= roles[
        "kamstrup"
    ]
    hub = held.json("homeassistant/device/mitmeter_hub_home/config")
    check_device(hub)
    cost = hub["cmps"]["cost_today"]
    assert energy_roles(cost, value(cost, held.json("mitmeter/home/state"))) == {"cost"}
