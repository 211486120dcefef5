"""One house behind three makes: every way to ask gives the same kilowatt-hours, the house's."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pytest

from mitmeter.simulate import House
from tests.devices.smgw.gateway_bench import GatewayBench, shipped

BEGIN = datetime(2026, 2, 25, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 11, 31, 8, tzinfo=UTC)
TARGET = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
START = {"1-0:1.8.0": "2468.1012", "1-0:2.8.0": "135.7913"}
CODES = {"0100010800ff": "1-0:1.8.0", "0100020800ff": "1-0:2.8.0"}


def expected(house: House, at: datetime) -> dict[str, Decimal]:
    """Return what the registers have to show: the counted kWh, cut off at the fourth digit."""
    energy = house.energy(at)
    counted = {"1-0:1.8.0": energy.imported, "1-0:2.8.0": energy.exported}
    return {
        code: (Decimal(start) + counted[code]).quantize(Decimal("0.0001"), ROUND_FLOOR)
        for code, start in START.items()
    }


def gateway(make: str, house: House, **options: str) -> GatewayBench:
    """Return a gateway of that make whose first meter has counted the same before."""
    persona = shipped(make)
    for register in persona["meter"][0]["register"]:
        code = CODES.get(register["obis"])
        if code is not None:
            register["start"] = START[code]
    return GatewayBench(make, persona=persona, house=house, now=NOW, options=options)


def theben(house: House, **parameters: Any) -> dict[str, Decimal]:
    bench = gateway("theben", house)
    asked = {
        "method": "readings",
        "usage-point-id": "01005e318021.tst-0042-bezug.sm",
        "database": "origin",
        **parameters,
    }
    said = bench.ask(
        "POST",
        "/smgw/m2m/00471tst0000000042.sm/json",
        json.dumps(asked).encode(),
        headers={"Content-Type": "application/json"},
    )
    channels = json.loads(said.body)["readings"]["channels"]
    return {CODES[c["obis"]]: Decimal(c["readings"][-1]["value"]) / 10_000 for c in channels}


def theben_last(house: House) -> dict[str, Decimal]:
    return theben(house, **{"last-reading": "true"})


def theben_range(house: House) -> dict[str, Decimal]:
    return theben(house, fromtime="2026-03-01T10:00:00Z", totime="2026-03-01T12:00:00Z")


def emh_extended(house: House) -> dict[str, Decimal]:
    said = gateway("emh", house).ask("GET", "/json/metering/origin/1tst0000000077/extended")
    return {
        CODES[each["logical_name"][:12]]: Decimal(each["value"]).scaleb(each["scaler"] - 3)
        for each in json.loads(said.body)["values"]
        if each["unit"] == 30
    }


def emh_history(house: House) -> dict[str, Decimal]:
    said = gateway("emh", house).ask("GET", "/json/metering/origin/1tst0000000077/0")
    row = json.loads(said.body)[-1]
    return {code: Decimal(row[hexed].partition(" ")[0]) for hexed, code in CODES.items()}


def ppc_rows(page: bytes) -> dict[str, Decimal]:
    pattern = r"col_wert'>([0-9.]+)<.*?col_obis'>([0-9:.-]+)<"
    rows = re.findall(pattern, page.decode())[:2]
    return {code: Decimal(value) for value, code in rows}


def ppc_meter(house: House) -> tuple[GatewayBench, str]:
    bench = gateway("ppc", house)
    bench.enter()
    page = bench.act("meterform").body.decode()
    return bench, re.findall("<option value='([0-9a-f]{32})'>", page)[0]


def ppc_profile(house: House) -> dict[str, Decimal]:
    bench, mid = ppc_meter(house)
    return ppc_rows(bench.act("showMeterProfile", mid=mid).body)


def ppc_history(house: House) -> dict[str, Decimal]:
    bench, mid = ppc_meter(house)
    form = bench.act("showMeterValuesForm", mid=mid).body.decode()
    renewed = re.findall("name='mid' value='([0-9a-f]{32})'", form)[0]
    span = {"from": "2026-03-01 10:00:00", "to": "2026-03-01 12:40:00"}
    return ppc_rows(bench.act("showMeterValues", mid=renewed, **span).body)


def ppc_file(house: House) -> dict[str, Decimal]:
    bench, mid = ppc_meter(house)
    span = {"from": "2026-03-01 12:20:00", "to": "2026-03-01 12:40:00"}
    file = bench.act("exportMeterValues", mid=mid, **span).body.decode("latin-1")
    raws = re.findall("<ns2:long64>([0-9]+)<", file)
    return {code: Decimal(raw) / 10_000 for code, raw in zip(START, raws, strict=True)}


WAYS = [theben_last, theben_range, emh_extended, emh_history, ppc_profile, ppc_history, ppc_file]


@pytest.fixture(scope="module")
def house() -> House:
    return House(7, BEGIN)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_gives_the_house_s_energy_at_the_quarter_hour(
    house: House, way: Callable[[House], dict[str, Decimal]]
) -> None:
    want = expected(house, TARGET)
    assert want["1-0:1.8.0"] > Decimal("2478")  # four winter days have used something
    assert way(house) == want


def test_a_value_may_be_that_of_the_capture_instead(house: House) -> None:
    bench = gateway("emh", house, valued_at="capture", capture_least="240", capture_most="240")
    bench.later(minutes=5)
    said = bench.ask("GET", "/json/metering/origin/1tst0000000077/extended")
    shown = Decimal(json.loads(said.body)["values"][0]["value"]) / 10_000
    assert shown == expected(house, TARGET + timedelta(minutes=4))["1-0:1.8.0"]


def test_meters_of_the_plant_and_of_the_load_measure_these(house: House) -> None:
    persona = shipped("emh")
    persona["meter"] = [
        {"id": "1tst0000000001", "feeds": feeds, "register": [{"obis": f"01000{side}0800ff"}]}
        for feeds, side in (("pv", 2), ("pv", 1), ("load", 1), ("load", 2))
    ]
    for number, meter in enumerate(persona["meter"]):
        meter["id"] = f"1tst000000000{number}"
    persona["contract"] = []
    bench = GatewayBench("emh", persona=persona, house=house, now=NOW)
    energy = house.energy(TARGET)
    for number, want in enumerate((energy.pv, Decimal(0), energy.load, Decimal(0))):
        said = bench.ask("GET", f"/json/metering/origin/1tst000000000{number}/extended")
        raw = int(json.loads(said.body)["values"][0]["value"])
        assert raw == int(want * 10_000)


def test_two_tariffs_add_up_to_the_total(house: House) -> None:
    persona = shipped("emh")
    persona["meter"][0]["register"] = [
        {"obis": f"01000108{tariff}ff", "scaler": -1} for tariff in ("00", "01", "02", "3f")
    ]
    bench = GatewayBench("emh", persona=persona, house=house, now=NOW)
    said = bench.ask("GET", "/json/metering/origin/1tst0000000077/extended")
    total, one, two, errors = (int(each["value"]) for each in json.loads(said.body)["values"])
    assert 0 <= total - one - two <= 1
    assert two == int(house.energy(TARGET).imported_low * 10_000)
    assert errors == 0


def test_a_gas_meter_counts_cubic_metres(house: House) -> None:
    persona = shipped("emh")
    persona["meter"][0]["register"] = [{"obis": "0700030100ff", "scaler": -2, "start": "10"}]
    bench = GatewayBench("emh", persona=persona, house=house, now=NOW)
    said = bench.ask("GET", "/json/metering/origin/1tst0000000077/extended")
    (shown,) = json.loads(said.body)["values"]
    assert shown["unit"] == 13
    assert int(shown["value"]) == int((10 + house.energy(TARGET).gas_volume) * 100)


def test_who_feeds_in_has_the_direction_in_the_meter_s_status(house: House) -> None:
    sunny = next(
        at
        for at in (BEGIN + timedelta(minutes=15 * n) for n in range(400))
        if house.state(at).grid_w < 0
    )
    bench = GatewayBench("emh", house=house, now=sunny + timedelta(seconds=1))
    said = bench.ask("GET", "/json/metering/origin/1tst0000000077/extended")
    assert json.loads(said.body)["status"] == "a000000020103800"
