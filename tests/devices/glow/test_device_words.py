"""What an emulated display says is, byte for byte, what the examples say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mitmeter.devices.glow.codec import encode
from mitmeter.devices.glow.device_meters import Electricity, Gas
from mitmeter.devices.glow.device_persona import Persona, Quirk, read_persona
from mitmeter.devices.glow.device_words import meter_report, prices
from mitmeter.devices.glow.messages import MeterReport
from mitmeter.model import Side
from tests.devices.glow.glow_sayings import CLOCK, body_of, example, told

PERSONA = read_persona({"electricity": {"supplier": "EXAMPLE POWER"}, "gas": {}}, {})
ELECTRICITY = Electricity(1500, 12_345_678, 0, 4321, 4321, 123_456)
GAS = Gas(987_654, 12_345, 12_345, 345_678)


def said(persona: Persona = PERSONA, gas: Gas | None = GAS, **changed: int) -> MeterReport:
    electricity = replace(ELECTRICITY, **changed)
    return meter_report(persona, CLOCK, electricity, gas, (-65, 140))


def with_quirk(quirk: Quirk) -> Persona:
    return replace(PERSONA, quirks=frozenset({quirk}))


def members(message: MeterReport) -> Any:
    return json.loads(message.body)


def test_electricity_and_gas_are_said_as_in_the_example() -> None:
    assert said().body == body_of("G1")
    request = encode(Side.DEVICE, said())
    assert request == example("G1").replace(b"X-TS: 65A51E41", b"X-TS: 65A51E40")


def test_exporting_without_gas_is_said_as_in_the_example() -> None:
    message = said(gas=None, demand_w=-1234, exported_wh=54_321)
    assert message.body == body_of("G2").replace("65A51E4A", "65A51E40")


def test_a_tariff_is_said_as_in_the_example() -> None:
    at = datetime(2024, 1, 15, 12, 0, 5, tzinfo=UTC)
    assert encode(Side.DEVICE, prices(PERSONA, CLOCK + 7, at)) == example("G5")


def test_a_tariff_with_five_decimals_is_said_as_in_the_example() -> None:
    at = datetime(2024, 1, 15, 12, 0, 5, tzinfo=UTC)
    persona = replace(PERSONA, rate=replace(PERSONA.rate, digits=5))
    assert encode(Side.DEVICE, prices(persona, CLOCK + 7, at)) == example("G6")


def test_sentinels_stand_in_the_place_of_every_figure() -> None:
    heard = told(said(with_quirk(Quirk.SENTINELS)))
    assert set(heard.catalogued) == {"radio.rssi", "radio.lqi"}
    assert heard.events == []


def test_a_display_off_the_meter_network_has_nothing_to_tell() -> None:
    message = said(with_quirk(Quirk.NOT_JOINED))
    found = members(message)
    assert (found["elecMtr"], found["gasMtr"]) == ({"0702": {}}, {})
    assert found["pan"]["status"] == "not joined"
    assert told(message).readings == []


def test_empty_meters_leave_reception_only() -> None:
    heard = told(said(with_quirk(Quirk.EMPTY_METERS)))
    assert heard.catalogued == {"radio.rssi": Decimal(-65), "radio.lqi": Decimal(140)}


def test_header_names_may_be_in_lower_case_and_x_id_missing() -> None:
    names = [name for name, _ in said(with_quirk(Quirk.LOWER_CASE)).headers]
    assert names == ["host", "x-id", "x-ts", "content-length"]
    names = [name for name, _ in said(with_quirk(Quirk.NO_ID)).headers]
    assert names == ["Host", "X-TS", "Content-Length"]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_display_that_closes_after_each_request_says_so(keeps: bool) -> None:
    message = said(replace(PERSONA, keeps_alive=keeps))
    assert (("Connection", "close") in message.headers) is not keeps
