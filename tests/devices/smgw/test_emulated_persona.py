"""Personas and switches: what can be used, and which key is named when something cannot."""

from dataclasses import fields
from typing import Any

import pytest

from mitmeter.devices.smgw.emulated.persona import read_persona
from mitmeter.devices.smgw.emulated.switches import MAKES, TABLES, USUAL
from mitmeter.errors import ConfigError
from tests.devices.smgw.gateway_bench import shipped


def named(make: str) -> list[str]:
    return [name for name in TABLES if name == make or name not in MAKES]


@pytest.mark.parametrize("make", MAKES)
def test_a_shipped_persona_spells_out_every_switch_with_its_default(make: str) -> None:
    persona = shipped(make)
    for name in named(make):
        usual = USUAL[make].get(name, {})
        want = {each.name: usual.get(each.name, each.default) for each in fields(TABLES[name])}
        assert persona[name] == want


@pytest.mark.parametrize("make", MAKES)
def test_a_persona_without_switches_has_those_of_its_make(make: str) -> None:
    persona = shipped(make)
    bare = {key: value for key, value in persona.items() if key not in TABLES}
    assert read_persona(bare, {}) == read_persona(persona, {})


def test_no_two_switches_have_one_name() -> None:
    names = [each.name for kind in TABLES.values() for each in fields(kind)]
    assert len(names) == len(set(names))


def test_an_option_wins_over_the_persona_by_short_and_by_long_name() -> None:
    persona = shipped("theben")
    persona["theben"]["longest_days"] = 7
    assert read_persona(persona, {}).switches.theben.longest_days == 7
    for option in ("longest_days", "theben.longest_days"):
        assert read_persona(persona, {option: "31"}).switches.theben.longest_days == 31


@pytest.mark.parametrize(
    ("text", "value"), [("on", True), ("False", False), ("1", True), ("no", False)]
)
def test_an_option_is_true_or_false_in_the_usual_words(text: str, value: bool) -> None:
    assert read_persona(shipped("emh"), {"taf10": text}).switches.emh.taf10 is value


def test_an_option_may_be_a_number_with_a_fraction() -> None:
    assert read_persona(shipped("emh"), {"each": "0.25"}).switches.timing.each == 0.25


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"nonsense": "1"}, "options.nonsense"),
        ({"taf10": "maybe"}, "taf10"),
        ({"failures": "many"}, "failures"),
        ({"failures": "-1"}, "failures"),
        ({"algorithm": "SHA-1"}, "algorithm"),
        ({"digest.algorithm": "SHA-1"}, "digest.algorithm"),
        ({"first": "nan"}, "first"),
        ({"each": "1e99"}, "each"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(options: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_persona(shipped("theben"), options)
    assert caught.value.key == key


def changed(**tables: Any) -> dict[str, Any]:
    return {**shipped("theben"), **tables}


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        (changed(gateway={"make": "other"}), "gateway.make"),
        (changed(gateway={"mac": "x"}), "gateway.mac"),
        (changed(gateway=7), "gateway"),
        (changed(surprise={}), "surprise"),
        (changed(digest={"realm": 7}), "digest.realm"),
        (changed(digest={"opaque": "yes"}), "digest.opaque"),
        (changed(digest=[]), "digest"),
        (changed(account={}), "account"),
        (changed(account=[{"user": 7}]), "account[1].user"),
        (changed(account=[{"meters": ["1tst9"]}]), "account[1].meters"),
        (changed(meter=[{"id": "../x"}]), "meter[1].id"),
        (changed(meter=[{"id": "1tst0000000042", "feeds": "sun"}]), "meter[1].feeds"),
        (changed(meter=[{"id": "1tst0000000042", "phases": 2}]), "meter[1].phases"),
        (
            changed(meter=[{"id": "1tst0000000042", "register": [{"obis": "1.8.0"}]}]),
            "meter[1].register[1].obis",
        ),
        (
            changed(
                meter=[
                    {
                        "id": "1tst0000000042",
                        "register": [{"obis": "0100010800ff", "start": "-1"}],
                    }
                ]
            ),
            "meter[1].register[1].start",
        ),
        (
            changed(
                meter=[
                    {"id": "1tst0000000042", "register": [{"obis": "0100010800ff", "scaler": 12}]}
                ]
            ),
            "meter[1].register[1].scaler",
        ),
        (changed(contract=[{"start": "yesterday"}]), "contract[1].start"),
        (changed(contract=[{"billing_periods": 9_999}]), "contract[1].billing_periods"),
        (changed(mark=[{"target": "2026-03-01"}]), "mark[1].target"),
        (changed(mark=[{"target": "2026-03-01T00:00:00Z", "gateway": "xyz"}]), "mark[1].gateway"),
        (changed(mark=[{"target": "2026-03-01T00:00:00Z", "capture": 421}]), "mark[1].capture"),
    ],
)
def test_a_persona_that_cannot_be_used_names_the_key(tables: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_persona(tables, {})
    assert caught.value.key == key
