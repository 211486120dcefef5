"""Personas: what comes of the shipped ones, and errors that name the key."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mitmeter.daemon.persona import load_persona, shipped
from mitmeter.devices.glow import SPEC
from mitmeter.devices.glow.device_persona import Quirk, read_persona
from mitmeter.errors import ConfigError


def test_the_shipped_personas_can_be_used_and_have_identities_of_their_own() -> None:
    assert shipped(SPEC) == ("ihd", "ihd-electricity")
    both = [read_persona(load_persona(SPEC, name), {}) for name in shipped(SPEC)]
    assert [each.identity.name for each in both] == ["02005EFFFE302010", "02005EFFFE302011"]
    assert [each.gas is not None for each in both] == [True, False]
    assert [each.keeps_alive for each in both] == [True, False]


def test_an_empty_persona_is_a_display_without_gas() -> None:
    found = read_persona({}, {})
    assert found.identity.name == "02005EFFFE302010"
    assert found.gas is None
    assert found.every == (6, 10)
    assert found.rate.price == Decimal("0.25")


def test_options_take_the_place_of_the_personas_words() -> None:
    options = {
        "serial": "02005E000001",
        "connection": "close",
        "seconds": "3",
        "misbehave": "no_id, sentinels",
    }
    found = read_persona({"misbehave": ["lower_case"]}, options)
    assert (found.identity.mac, found.identity.name) == ("02005E000001", "02005E000001")
    assert found.every == (3, 3)
    assert not found.keeps_alive
    assert found.quirks == {Quirk.NO_ID, Quirk.SENTINELS}


def test_a_serial_of_sixteen_digits_is_the_radios_address() -> None:
    found = read_persona({}, {"serial": "02005EFFFE000002"}).identity
    assert (found.mac, found.eui) == ("02005E000002", "02005EFFFE000002")


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"identity": 5}, "identity"),
        ({"identity": {"mac": "02005e302010"}}, "identity.mac"),
        ({"identity": {"mac": "1"}}, "identity.mac"),
        ({"identity": {"name": "a\nb"}}, "identity.name"),
        ({"identity": {"hardware": 1}}, "identity.hardware"),
        ({"electricity": {"number": 1900000000001}}, "electricity.number"),
        ({"electricity": {"register": "lots"}}, "electricity.register"),
        ({"gas": {"calorific_value": -1}}, "gas.calorific_value"),
        ({"gas": {"register": True}}, "gas.register"),
        ({"tariff": {"digits": 7}}, "tariff.digits"),
        ({"tariff": {"label": "more than twelve"}}, "tariff.label"),
        ({"tariff": {"price": "0.123456"}}, "tariff.price"),
        ({"tariff": {"standing": "nan"}}, "tariff.standing"),
        ({"connection": "sometimes"}, "connection"),
        ({"seconds": [10, 6]}, "seconds"),
        ({"seconds": 6}, "seconds"),
        ({"misbehave": "no_id"}, "misbehave"),
        ({"misbehave": ["steals"]}, "misbehave"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_key(tables: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_persona(tables, {})
    assert caught.value.key == key


@pytest.mark.parametrize(
    "options", [{"seconds": "0"}, {"seconds": "x"}, {"connection": "x"}, {"misbehave": "x"}]
)
def test_an_option_that_cannot_be_used_is_named(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_persona({}, options)
    assert caught.value.key in options
