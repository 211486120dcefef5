"""The local MQTT of newer firmware → the same quantities."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mitmeter.devices.glow.messages import Delivery
from mitmeter.model import DeviceId
from tests.devices.glow.glow_sayings import (
    NOON,
    Tap,
    all_said,
    decoded,
    example,
    members_of,
    reading,
    state,
    told,
)

RETAINED = Delivery(retained=True)
DISPLAY = DeviceId("glow", "02005E302010")


def electricity(path: str = "", value: Any = None) -> dict[str, Any]:
    return _changed(members_of("M1"), "electricitymeter", path, value)


def gas(path: str = "", value: Any = None) -> dict[str, Any]:
    return _changed(members_of("M2"), "gasmeter", path, value)


def _changed(members: dict[str, Any], wrapper: str, path: str, value: Any) -> dict[str, Any]:
    if path:
        *above, last = path.split(".")
        place = members[wrapper]
        for name in above:
            place = place[name]
        place[last] = value
    return members


def test_electricity_tells_what_the_cloud_is_told() -> None:
    said = all_said(decoded(example("M1")))
    assert {name: str(value) for name, value in said.values.items()} == {
        "grid.power": "-1234",
        "grid.import": "12345.678",
        "grid.export": "54.321",
        "price.import": "0.25000",
        "price.standing": "0.48000",
        "vendor.glow.electricity.day_kwh": "4.321",
        "vendor.glow.electricity.week_kwh": "4.321",
        "vendor.glow.electricity.month_kwh": "123.456",
    }
    assert said.facts == {"mpan": "1900000000001", "supplier": "EXAMPLE POWER"}
    assert said.private == {"mpan"}
    assert {(each.device, each.reported, each.live) for each in said.readings} == {
        (DISPLAY, NOON, True)
    }
    assert said.events == []


def test_gas_tells_volume_and_energy_of_its_half_hour_and_no_price_of_electricity() -> None:
    said = all_said(decoded(example("M2")))
    assert {name: str(value) for name, value in said.values.items()} == {
        "gas.volume": "987.654",
        "gas.energy": "11054.047",
        "vendor.glow.gas.day_kwh": "12.345",
        "vendor.glow.gas.week_kwh": "12.345",
        "vendor.glow.gas.month_kwh": "345.678",
        "vendor.glow.gas.price_per_kwh": "0.06500",
        "vendor.glow.gas.standing_per_day": "0.29000",
    }
    half_hour = datetime(2024, 1, 15, 11, 30, tzinfo=UTC)
    assert {(each.reported, each.live) for each in said.readings} == {(half_hour, False)}
    assert said.facts == {"mprn": "9900000001"}


def test_gas_that_repeats_itself_is_told_once() -> None:
    tap = Tap()
    assert tap.hears(reading("gasmeter", gas())).readings
    assert tap.hears(reading("gasmeter", gas())).readings == []
    again = gas("energy.import.cumulativevol", 987.7)
    again["gasmeter"]["timestamp"] = "2024-01-15T12:00:00Z"
    said = tap.hears(reading("gasmeter", again))
    assert str(said.values["gas.volume"]) == "987.7"


def test_the_older_gas_message_with_a_power_of_its_own_says_nothing_of_the_grid() -> None:
    members = gas()
    energy = members["gasmeter"]["energy"]
    for name in [each for each in energy["import"] if "vol" in each]:
        del energy["import"][name]
    energy["export"] = {"cumulative": 0, "units": "kWh"}
    members["gasmeter"]["power"] = {"value": 0, "units": "kW"}
    said = told(reading("gasmeter", members))
    assert said.values["gas.energy"] == Decimal("11054.047")
    assert not any(name.startswith("grid.") for name in said.values)
    assert said.events == []


def test_the_state_tells_reception_and_who_it_is() -> None:
    said = all_said(decoded(example("M3")))
    assert said.values == {"radio.rssi": Decimal(-65), "radio.lqi": Decimal(140)}
    assert said.facts == {
        "model": "GLOW-IHD-01-1v4-SMETS2",
        "meters": "SMETS2",
        "firmware": "v1.8.13, radio 1.2.5",
        "wifi_mac": "02005E302010",
        "ethernet_mac": "02005E302013",
        "eui": "02:00:5E:FF:FE:30:20:10",
    }
    assert said.private == {"wifi_mac", "ethernet_mac", "eui"}
    assert {each.device for each in said.readings} == {DISPLAY}


def test_a_state_off_the_meter_network_is_an_event_and_no_reception() -> None:
    members = members_of("M3")
    members["han"]["status"] = "not joined"
    said = told(state(members))
    assert said.readings == []
    assert said.events == ["network.lost"]


@pytest.mark.parametrize(
    ("kilowatts", "watts"),
    [(1.5, "1500"), (0, "0"), ("0.25", "250"), (-8388.607, "-8388607"), (0.0004, "0.4000")],
)
def test_power_in_kilowatts_becomes_watts_quoted_or_not(kilowatts: Any, watts: str) -> None:
    said = told(reading("electricitymeter", electricity("power.value", kilowatts)))
    assert str(said.values["grid.power"]) == watts


@pytest.mark.parametrize(
    ("path", "leak", "quantity"),
    [
        ("power.value", -8388.608, "grid.power"),
        ("energy.import.cumulative", 281474976710.655, "grid.import"),
        ("energy.import.day", 16777.215, "vendor.glow.electricity.day_kwh"),
    ],
)
def test_a_sentinel_that_leaks_through_is_missing_without_a_word(
    path: str, leak: float, quantity: str
) -> None:
    said = told(reading("electricitymeter", electricity(path, leak)))
    assert quantity not in said.values
    assert said.events == []


@pytest.mark.parametrize("absurd", [9000, -1e300, "x", True, [], "1e5", "", -0.1, "NaN"])
def test_an_absurd_number_costs_only_itself_and_is_named(absurd: Any) -> None:
    members = electricity("power.value", absurd)
    members["electricitymeter"]["energy"]["import"]["day"] = -1
    said = told(reading("electricitymeter", members))
    assert "vendor.glow.electricity.day_kwh" not in said.values
    assert ("grid.power" in said.values) is (absurd == -0.1)
    assert said.values["grid.import"] == Decimal("12345.678")
    assert said.events == ["fields.odd"]


@pytest.mark.parametrize(
    "word", ["read pending", "not available", "EMPTY", "", "---", "Read Pending"]
)
def test_words_for_no_number_are_no_number(word: str) -> None:
    members = electricity("energy.import.mpan", word)
    members["electricitymeter"]["energy"]["import"]["supplier"] = word
    assert told(reading("electricitymeter", members)).facts == {}


def test_another_unit_than_the_one_described_is_not_read() -> None:
    said = told(reading("electricitymeter", electricity("energy.import.units", "Wh")))
    assert "grid.import" not in said.values
    assert said.values["grid.export"] == Decimal("54.321")
    assert said.events == ["fields.odd"]


def test_what_a_broker_kept_tells_nothing_of_the_clock() -> None:
    said = told(reading("electricitymeter", electricity(), RETAINED))
    assert not any(each.live for each in said.readings)
    assert not any(each.live for each in told(state(members_of("M3"), RETAINED)).readings)


@pytest.mark.parametrize(
    ("timestamp", "reported", "events"),
    [
        ("2024-01-15T12:00:00Z", NOON, []),
        ("2024-01-15T13:00:00+01:00", NOON, []),
        ("2024-01-15T12:00:00", NOON, []),
        ("1970-01-01T00:00:59Z", None, ["clock.unset"]),
        ("0001-01-01T00:00:00+14:00", None, []),
        ("2300-01-01T00:00:00Z", None, []),
        ("yesterday", None, []),
        (5, None, []),
    ],
)
def test_the_timestamp_is_utc_and_an_impossible_one_is_none(
    timestamp: Any, reported: datetime | None, events: list[str]
) -> None:
    said = told(reading("electricitymeter", electricity("timestamp", timestamp)))
    assert {each.reported for each in said.readings} == {reported}
    assert said.events == events


def test_room_sensors_are_told_under_their_own_names() -> None:
    members = {
        "glowsensorth1": {
            "a4c138000001": {
                "timestamp": "2024-01-15T12:00:00Z",
                "temperature": {"value": 20.5},
                "humidity": {"value": 100},
                "battery": {"value": "87"},
                "rssi": {"value": -71},
                "customname": "Bedroom",
            },
            "not a name": {"temperature": {"value": 1}},
            "a4c138000002": {"temperature": {"value": 900}},
        }
    }
    said = told(reading("glowsensorth1/a4c138000001", members))
    assert {name: str(value) for name, value in said.values.items()} == {
        "vendor.glow.room.a4c138000001.temperature_c": "20.5",
        "vendor.glow.room.a4c138000001.humidity_percent": "100",
        "vendor.glow.room.a4c138000001.battery_percent": "87",
        "vendor.glow.room.a4c138000001.rssi_dbm": "-71",
    }
    assert said.private == {"room.a4c138000001.customname"}
    assert said.events == ["fields.odd"]


@pytest.mark.parametrize("members", [{}, {"electricitymeter": 5}, {"gasmeter": {"energy": []}}])
def test_a_message_without_anything_in_it_does_no_harm(members: dict[str, Any]) -> None:
    assert told(reading("electricitymeter", members)).readings == []
