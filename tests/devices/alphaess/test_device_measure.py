"""What the emulated battery measures: the fact sheet's formats, and one house behind all fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mitmeter.devices.alphaess.device_measure import (
    history_row,
    measure,
    status_members,
    telemetry_members,
)
from mitmeter.devices.alphaess.registers import HISTORY_FIELDS, Packed, unpack_cell
from mitmeter.protocol import HouseEnergy, HouseState
from mitmeter.simulate import House

SERIAL = "AL9900000000007"
START = datetime(2025, 6, 1, tzinfo=UTC)

# Worked examples E10, E11 and the first row of E6 of the protocol fact sheet, as they are written.
STATUS = (
    '{"Time":"2025/06/01 12:00:20","SN":"AL9900000000007","Ppv1":"1505","Ppv2":"1492",'
    '"PrealL1":"640","PrealL2":"0.0","PrealL3":"0.0","PmeterL1":"-118","PmeterL2":"0",'
    '"PmeterL3":"0","PmeterDC":"0","Pbat":"-2233.5000","Sva":"655","VarAC":"-92","VarDC":"-4",'
    '"SOC":"72.4"}'
)
TELEMETRY = (
    '{"Time":"2025/06/01 12:00:40","SN":"AL9900000000007","Ppv1":"0","Ppv2":"0","Upv1":"7.3",'
    '"Upv2":"8.1","Ua":"231.0","Ub":"0.0","Uc":"0.0","Fac":"49.98","Ubus":"372","PrealL1":"410",'
    '"PrealL2":"0.0","PrealL3":"0.0","Tinv":"33","PacL1":"5000","PacL2":"-455","PacL3":"0.0",'
    '"InvWorkMode":"3","EpvTotal":"4021.6","Einput":"812.30","Eoutput":"1530.40",'
    '"Echarge":"1734.1","PmeterL1":"6","PmeterL2":"0","PmeterL3":"0","PmeterDC":"0",'
    '"Pbat":"510.6400","SOC":"55.2","BatV":"49.10","BatC":"10.40","FlagBms":"257","BmsWork":"1",'
    '"Pcharge":"4949","Pdischarge":"4949","BmsRelay":"3","BmsNum":"1","VcellLow":"17108167",'
    '"VcellHigh":"17501391","TcellLow":"17170456","TcellHigh":"16908313","IdTempelover":"0",'
    '"IdTempEover":"0","IdTempediffe":"0","IdChargcurre":"0","IdDischcurre":"0",'
    '"IdCellvolover":"0","IdCellvollower":"0","IdSoclower":"0","IdCellvoldiffe":"0",'
    '"BatC1":"10.50","BatC2":"0.00","BatC3":"0.00","BatC4":"0.00","BatC5":"0.00","BatC6":"0.00",'
    '"SOC1":"55.2","SOC2":"0.0","SOC3":"0.0","SOC4":"0.0","SOC5":"0.0","SOC6":"0.0","ErrInv":"0",'
    '"WarInv":"0","ErrEms":"0","ErrBms":"0","ErrMeter":"0","ErrBackupBox":"0",'
    '"EGridCharge":"12.5","EDischarge":"1688.9","EmsStatus":"Normal","InvBatV":"49.40",'
    '"BmsShutdown":"0","BmuRelay":"0","BmsHardVer1":"0", "BmsHardVer2":"0", "BmsHardVer3":"0",'
    '"DispatchSwitch":"0","Pdispatch":"0", "DispatchSoc":"0", "DispatchMode":"0",'
    '"PMeterDCL1":"0","PMeterDCL2":"0", "PMeterDCL3":"0","MeterDCUa":"231.4","MeterDCUb":"0.0", '
    '"MeterDCUc":"0.0","Eirp":"-52","CSQ":"99,99"}'
)
ROW = (
    "2025/06/01,11:51:08,AL9900000000007,1510,1490,281.4,279.9,231.2,0.0,0.0,50.01,381,700,0,0,41,"
    "5000,1200,0,3,4021.5,812.30,1530.40,1733.9,-250,0,0,0,-2188.2420,71.2,49.62,-44.10,257,1,"
    "4949,4949,3,1,17042661,17501430,16908312,17170458,0,0,0,0,0,0,0,0,0,-44.00,0.00,0.00,0.00,"
    "0.00,0.00,71.2,0.0,0.0,0.0,0.0,0.0,0,0,0,0,0,0,12.5,1688.2,Normal,0,50.10,0,0,0,0,0,0,0,0"
)
NO_ENERGY = HouseEnergy(*(Decimal(0),) * 7)


def members_of(text: str) -> dict[str, str]:
    return dict(re.findall(r'"(\w+)":"([^"]*)"', text))


def shape(value: str) -> str:
    """Return a value with its sign dropped and its digits as one 9 each side of the point."""
    return re.sub(r"\d+", "9", value.lstrip("-")) if "." not in value else re.sub(
        r"^-?\d+", "9", re.sub(r"\d(?=\d*$)", "9", value)
    )  # fmt: skip


def state(**given: int) -> HouseState:
    power = {"grid_w": 0, "pv_w": 0, "battery_w": 0} | given
    return HouseState(
        grid_w=power["grid_w"],
        pv_w=power["pv_w"],
        battery_w=power["battery_w"],
        load_w=sum(power.values()),
        soc_percent=Decimal("55.3"),
        voltage_v=Decimal("231.0"),
        frequency_hz=Decimal("49.98"),
        temperature_c=Decimal("14.2"),
    )


def a_day() -> Iterator[tuple[HouseState, dict[str, str], HouseEnergy]]:
    """Yield telemetry of every seven minutes of a June day."""
    house = House(4, START)
    for minute in range(0, 1440, 7):
        at = START + timedelta(days=1, minutes=minute, seconds=minute % 60)
        flows, energy = house.state(at), house.energy(at)
        measured = measure(flows, at.replace(tzinfo=None), 1)
        shown = dict(telemetry_members(measured, energy, SERIAL))
        assert dict(status_members(measured, SERIAL))["Pbat"] == shown["Pbat"]
        yield flows, {name: str(value) for name, value in shown.items()}, energy


def test_a_status_is_written_like_the_published_one() -> None:
    at = datetime.fromisoformat("2025-06-01 12:00:20")
    made = status_members(measure(state(pv_w=2997, battery_w=-2233, grid_w=-118), at, 1), SERIAL)
    sample = members_of(STATUS)
    assert [name for name, _ in made] == list(sample)
    for name, value in made:
        assert shape(str(value)) == shape(sample[name]), name
    shown = dict(made)
    for name in ("Time", "SN", "PrealL2", "PrealL3", "PmeterL1", "PmeterL2", "PmeterDC"):
        assert shown[name] == sample[name]


def test_telemetry_is_written_like_the_published_one() -> None:
    at = datetime.fromisoformat("2025-06-01 12:00:40")
    made = telemetry_members(measure(state(battery_w=410, grid_w=6), at, 1), NO_ENERGY, SERIAL)
    sample = members_of(TELEMETRY)
    assert [name for name, _ in made] == list(sample)
    for name, value in made:
        assert shape(str(value)) == shape(sample[name]), name


def test_a_history_row_is_written_like_the_published_one() -> None:
    at = datetime.fromisoformat("2025-06-01 11:51:08")
    measured = measure(state(pv_w=3000, battery_w=-2188, grid_w=-250), at, 1)
    sample = ROW.split(",")
    made = history_row(measured, NO_ENERGY, SERIAL)
    assert made[:2] == ("2025/06/01", "11:51:08")
    for name, value, published in zip(HISTORY_FIELDS, made, sample, strict=True):
        assert shape(value) == shape(published), name


def test_an_idle_set_point_is_written_with_a_decimal_in_json_and_without_in_rows() -> None:
    measured = measure(state(grid_w=300), START.replace(tzinfo=None), 1)
    assert dict(telemetry_members(measured, NO_ENERGY, SERIAL))["PacL2"] == "0.0"
    assert history_row(measured, NO_ENERGY, SERIAL)[HISTORY_FIELDS.index("PacL2")] == "0"


def test_the_fields_add_up_to_the_house_all_day() -> None:
    for house, shown, _ in a_day():
        assert int(shown["PmeterL1"]) == house.grid_w
        assert int(shown["Ppv1"]) + int(shown["Ppv2"]) == house.pv_w
        load = int(shown["PrealL1"]) + int(shown["PmeterL1"]) + int(shown["PmeterDC"])
        assert load == house.load_w


def test_battery_power_is_volts_times_amperes_and_the_houses_to_within_rounding() -> None:
    seen = set()
    for house, shown, _ in a_day():
        product = Decimal(shown["BatV"]) * Decimal(shown["BatC"])
        assert shown["Pbat"] == f"{product:.4f}"
        assert 0 <= product - house.battery_w < Decimal("0.6")
        seen.add(house.battery_w > 0)
        loss = house.pv_w + product - int(shown["PrealL1"])
        assert 0 <= loss <= 470
    assert seen == {True, False}


def test_charge_is_shown_in_steps_of_four_tenths_and_never_rounded_up() -> None:
    for house, shown, _ in a_day():
        soc = Decimal(shown["SOC"])
        assert soc * 10 % 4 == 0
        assert 0 <= house.soc_percent - soc < Decimal("0.4")
        assert shown["SOC1"] == shown["SOC"]


def test_cells_lie_about_the_fifteenth_part_of_the_battery_voltage() -> None:
    for _, shown, _ in a_day():
        low = unpack_cell(int(shown["VcellLow"]), Packed.MILLIVOLT)
        high = unpack_cell(int(shown["VcellHigh"]), Packed.MILLIVOLT)
        assert low is not None
        assert high is not None
        assert low.pack == high.pack == 1
        assert 1 <= low.cell <= 15
        assert low.value <= high.value
        assert abs(15 * low.value - int(Decimal(shown["BatV"]) * 1000)) < 200
        cool = unpack_cell(int(shown["TcellLow"]), Packed.CELSIUS)
        warm = unpack_cell(int(shown["TcellHigh"]), Packed.CELSIUS)
        assert cool is not None
        assert warm is not None
        assert 0 < cool.value <= warm.value < 50


@pytest.mark.parametrize(
    ("field", "attribute", "place"),
    [
        ("EpvTotal", "pv", "0.1"),
        ("Einput", "imported", "0.01"),
        ("Eoutput", "exported", "0.01"),
        ("Echarge", "charged", "0.1"),
        ("EDischarge", "discharged", "0.1"),
        ("EGridCharge", "charged_from_grid", "0.1"),
    ],
)
def test_counters_show_the_houses_energy_cut_to_their_decimals(
    field: str, attribute: str, place: str
) -> None:
    for _, shown, energy in a_day():
        behind = getattr(energy, attribute) - Decimal(shown[field])
        assert 0 <= behind < Decimal(place)
        assert Decimal(shown[field]).as_tuple().exponent == Decimal(place).as_tuple().exponent


def test_string_one_leads_in_the_morning_and_string_two_in_the_evening() -> None:
    morning = measure(state(pv_w=1000), datetime.fromisoformat("2025-06-01 08:00:00"), 1)
    evening = measure(state(pv_w=1000), datetime.fromisoformat("2025-06-01 17:00:00"), 1)
    assert morning.ppv1_w > morning.ppv2_w
    assert evening.ppv1_w < evening.ppv2_w
