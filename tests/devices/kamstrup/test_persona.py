import tomllib
from typing import Any

import pytest

from mitmeter.devices.kamstrup.management.settings import Defaults, read_defaults
from mitmeter.devices.kamstrup.persona import Timing, read_persona
from mitmeter.devices.kamstrup.persona_text import persona_text, register_line, toml_table
from mitmeter.devices.kamstrup.registers import PROFILE_382
from mitmeter.errors import ConfigError
from tests.devices.kamstrup.meter_bench import shipped


def test_the_shipped_persona_has_the_124_registers_of_the_public_profile() -> None:
    persona = read_persona(shipped())
    assert len(persona.registers) == 124
    assert persona.address == 0x3F
    assert persona.serial == 15_085_488
    assert persona.timing == Timing((0.24, 0.34), 15, 2, 0.25)


@pytest.mark.parametrize(
    ("number", "unit", "sigexp", "raw"),
    [
        (0x0001, 2, 0x41, "00000000"),
        (0x000D, 2, 0x44, "04481488"),
        (0x0033, 51, 0x00, "001334b7"),
        (0x03F2, 51, 0x00, "00000000000000e62fb0"),
        (0x040F, 22, 0x43, "000182b8"),
        (0x0417, 53, 0x00, "83071a23131b070e"),
        (0x0422, 54, 0x00, "3037303432324a413833"),
        (0x0434, 34, 0x42, "000001ff"),
        (0x0437, 38, 0x00, "013b"),
        (0x0466, 54, 0x00, "3037303432324a413833343836"),
        (0x049D, 53, 0x00, "0604392d0809090a"),
        (0x04B9, 0, 0x00, "ff" * 16),
    ],
)
def test_a_register_of_the_shipped_persona_is_as_the_fact_sheet_has_it(
    number: int, unit: int, sigexp: int, raw: str
) -> None:
    found = read_persona(shipped()).registers[number]
    assert (found.unit, found.sigexp) == (unit, sigexp)
    assert found.raw == bytes.fromhex(raw)


def test_the_shipped_persona_and_the_register_table_agree() -> None:
    persona = read_persona(shipped())
    assert len(PROFILE_382) == len(persona.registers)
    for each in PROFILE_382:
        register, template = persona.registers[each.id], each.template
        assert template is not None
        start = int.from_bytes(register.raw, "big")
        told = (register.unit, register.length, register.sigexp, start)
        assert told == (template.unit, template.length, template.sigexp, template.start), each.name


def test_both_shipped_files_describe_one_module_the_public_profile() -> None:
    from importlib.resources import files

    folder = files("mitmeter.devices.kamstrup.management") / "personas"
    theirs = tomllib.loads((folder / "382.toml").read_text("utf-8"))
    assert theirs["module"] == shipped()["module"]
    assert theirs["timing"] == shipped()["timing"]
    assert read_defaults(theirs) == Defaults()


def test_a_persona_says_when_everybody_knows_it() -> None:
    assert shipped()["sample"] is True


def test_the_same_tables_are_read_once() -> None:
    tables = shipped()
    assert read_persona(tables) is read_persona(tables)
    assert read_persona(shipped()) is not read_persona(tables)


def register(**more: Any) -> dict[str, Any]:
    return {"registers": {"0x0010": {"unit": 2, "sigexp": 0x41, "length": 4} | more}}


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"metre": {}}, "metre"),
        ({"meter": 5}, "meter"),
        ({"meter": {"colour": 1}}, "meter.colour"),
        ({"meter": {"address": 256}}, "meter.address"),
        ({"meter": {"type": "680"}}, "meter.type"),
        ({"meter": {"type": "680000"}}, "meter.type"),
        ({"meter": {"serial": True}}, "meter.serial"),
        ({"meter": {"pin": 65_536}}, "meter.pin"),
        ({"meter": {"login": "maybe"}}, "meter.login"),
        ({"meter": {"relay": 1}}, "meter.relay"),
        ({"timing": {"answer": [0.3]}}, "timing.answer"),
        ({"timing": {"answer": [0.3, 0.2]}}, "timing.answer"),
        ({"timing": {"relay": "soon"}}, "timing.relay"),
        ({"timing": {"restart": float("nan")}}, "timing.restart"),
        ({"clock": {"offset": "1h"}}, "clock.offset"),
        ({"clock": {"drift": 4_000}}, "clock.drift"),
        ({"phases": {"shares": [50, 50]}}, "phases.shares"),
        ({"phases": {"cosines": [98, 0, 98]}}, "phases.cosines"),
        ({"registers": {"0x10000": {}}}, "registers.0x10000"),
        ({"registers": {"010": {}}}, "registers.010"),
        ({"registers": {"power": {}}}, "registers.power"),
        ({"registers": {"5": 5}}, "registers.5"),
        (register(), "registers.0x0010"),
        (register(value=1, raw="01"), "registers.0x0010"),
        (register(value=2**32), "registers.0x0010.value"),
        (register(value=-1), "registers.0x0010.value"),
        (register(raw="0102"), "registers.0x0010.length"),
        (register(raw="zz"), "registers.0x0010.raw"),
        (register(text="é"), "registers.0x0010.text"),
        (register(source="__import__('os')"), "registers.0x0010.source"),
        (register(source=["import"]), "registers.0x0010.source"),
        (register(source="voltage_l1"), "registers.0x0010.source"),
        (register(value=1, colour=1), "registers.0x0010.colour"),
        (register(follows=0x000D), "registers.0x0010.follows"),
        (register(follows=0x000D, source="import"), "registers.0x0010.follows"),
    ],
)
def test_a_persona_that_cannot_be_used_is_refused_by_key(tables: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_persona(tables)
    assert caught.value.key == key


def test_a_register_may_be_given_twice_in_no_spelling() -> None:
    same = {"unit": 51, "length": 1, "sigexp": 0, "value": 1}
    with pytest.raises(ConfigError) as caught:
        read_persona({"registers": {"0x0010": same, "16": same}})
    assert caught.value.problem == "is there twice, in another spelling"


def test_what_is_written_as_toml_is_read_as_it_was() -> None:
    name = 'quote " and \\ and \x1b\n€'
    text = persona_text(
        [toml_table("", {"name": name}), toml_table("timing", {"answer": [0.25, 0.5]})],
        [register_line(0x3E9, {"unit": 51, "sigexp": 0, "raw": "00ff"}, "Serial")],
    )
    persona = read_persona(tomllib.loads(text))
    assert persona.name == name
    assert persona.timing.answer == (0.25, 0.5)
    assert persona.registers[0x3E9].raw == b"\x00\xff"
