import re
import tomllib
from typing import Any

import pytest

from mitmeter.devices.kamstrup.invent import invent
from mitmeter.devices.kamstrup.management.settings import read_defaults
from mitmeter.devices.kamstrup.messages import GetCutOffState, GetEventStatus, GetSerialNo, GetType
from mitmeter.devices.kamstrup.persona import read_persona
from mitmeter.simulate import House
from tests.devices.kamstrup.management.module_bench import ModuleBench
from tests.devices.kamstrup.meter_bench import EVENING, NEW_YEAR, MeterBench, shipped

SEEDS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2**64, 2**127 + 11, 2**128 - 1)
IDENTITY = (0x0033, 0x0036, 0x0037, 0x03E9, 0x03ED, 0x03F2, 0x0406, 0x0422, 0x043B, 0x0466, 0x000D)
_NAMES = ("mac", "ip", "gateway", "kap_ip", "kap_port", "meter_a", "meter_b", "dns1")


def persona(seed: int) -> dict[str, Any]:
    return tomllib.loads(invent(seed))


def said(tables: dict[str, Any]) -> dict[int, bytes]:
    """Return the identifying registers as a meter of that persona answers them."""
    bench = MeterBench(tables, house=House(1, NEW_YEAR), now=EVENING)
    return {record.id: record.raw for record in bench.read(*IDENTITY)}


def test_the_same_number_makes_the_same_meter() -> None:
    assert invent(7) == invent(7)
    assert invent(7) != invent(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_invented_meter_is_plausible(seed: int) -> None:
    tables = persona(seed)
    read = read_persona(tables)
    module = read_defaults(tables)
    assert 10_000_000 <= (read.serial or 0) < 100_000_000
    assert re.fullmatch(r"00:13:EA(:[0-9A-F]{2}){3}", module.mac)
    assert 0.2 <= read.timing.answer[0] < read.timing.answer[1] <= 0.45
    assert 1 <= read.timing.restart <= 10
    assert read.type is not None
    assert read.type[0] in (0x53, 0x55, 0x62, 0x63, 0x68, 0x69)
    assert abs(read.clock.drift) <= 180
    assert 40 < tables["place"]["latitude"] < 70
    kwh = int.from_bytes(read.registers[0x0D].raw, "big") / 10_000
    assert 1_000 < kwh < 330_000
    assert "sample" not in tables
    assert module.ip.rsplit(".", 1)[0] == module.gateway.rsplit(".", 1)[0]
    assert module.ip != module.gateway


@pytest.mark.parametrize("seed", SEEDS)
def test_an_invented_meter_answers_like_one(seed: int) -> None:
    bench = MeterBench(persona(seed), house=House(1, NEW_YEAR), now=EVENING)
    for message in (GetType(), GetSerialNo(), GetCutOffState(), GetEventStatus()):
        assert len(bench.ask(message)) == 1
    assert bench.number(0x0001) == bench.number(0x000D) // 1_000
    assert 200 < bench.number(0x041E) < 250
    assert sum(bench.number(each) for each in (0x438, 0x439, 0x43A)) == bench.number(0x3FF) > 0


def test_two_meters_share_nothing_that_identifies_them() -> None:
    meters = [persona(seed) for seed in SEEDS]
    registers = [said(tables) for tables in meters]
    for number in IDENTITY:
        assert len({found[number] for found in registers}) == len(SEEDS), hex(number)
    for name in _NAMES:
        assert len({tables["module"][name] for tables in meters}) == len(SEEDS), name
    assert len({tables["meter"]["serial"] for tables in meters}) == len(SEEDS)
    assert len({tables["place"]["seed"] for tables in meters}) == len(SEEDS)
    assert len({tables["meter"]["seed"] for tables in meters}) == len(SEEDS)


def test_no_invented_meter_shares_anything_with_the_one_everybody_knows() -> None:
    known = shipped()
    public = said(known)
    for seed in SEEDS:
        tables = persona(seed)
        found = said(tables)
        assert all(found[number] != public[number] for number in IDENTITY)
        assert all(tables["module"][name] != known["module"].get(name) for name in _NAMES)
        assert "evilpower" not in invent(seed)


def test_nothing_in_an_invented_meter_names_this_project() -> None:
    for seed in SEEDS:
        text = invent(seed)
        bench = ModuleBench(persona=tomllib.loads(text))
        told = bench.welcome.decode() + "".join(
            bench.line(line) for line in ("H", "!GC", "!GV", "!AC", "!XX", "H !SC", "!SA", "!SB")
        )
        assert "mitmeter" not in (text + told).lower()
        assert tomllib.loads(text)["module"]["mac"] in told


def test_a_hundred_meters_have_a_hundred_addresses_and_serial_numbers() -> None:
    meters = [persona(seed) for seed in range(100)]
    assert len({tables["module"]["mac"] for tables in meters}) == 100
    assert len({tables["meter"]["serial"] for tables in meters}) == 100
