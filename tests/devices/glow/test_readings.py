"""Reports by HTTPS → readings, events and facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mitmeter.model import DeviceId, Event, Severity
from tests.devices.glow.glow_sayings import (
    CLOCK,
    DISPLAY,
    HEARD,
    NAME,
    NOON,
    Tap,
    body_of,
    members_of,
    prices,
    report,
    told,
)

G5 = body_of("G5")


def changed(path: str, value: Any, example: str = "G1") -> dict[str, Any]:
    """Return an example's members with one of them changed; None takes it away."""
    members = members_of(example)
    *above, last = path.split(".")
    place = members
    for name in above:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return members


# --- what is measured


def test_a_report_tells_both_meters_and_the_reception_at_the_displays_own_time() -> None:
    said = told(report(members_of("G1")))
    assert said.catalogued == {
        "grid.power": Decimal(1500),
        "grid.import": Decimal("12345.678"),
        "grid.export": Decimal(0),
        "gas.volume": Decimal("987.654"),
        "radio.rssi": Decimal(-65),
        "radio.lqi": Decimal(140),
    }
    assert said.events == []
    for each in said.readings:
        assert (each.device, each.received, each.reported) == (DISPLAY, HEARD, NOON)
        assert each.live
        assert each.at is None


def test_what_the_catalogue_lacks_is_kept_as_vendor_quantities_with_their_unit() -> None:
    vendor = {
        name.removeprefix("vendor.glow."): str(value)
        for name, value in told(report(members_of("G1"))).values.items()
        if name.startswith("vendor.glow.")
    }
    assert vendor == {
        "electricity.day_kwh": "4.321",
        "electricity.week_kwh": "4.321",
        "electricity.month_kwh": "123.456",
        "electricity.max_demand_kw": "0.000",
        "electricity.supply": "on",
        "electricity.status": "none",
        "electricity.unit": "kwh",
        "electricity.device_type": "electricity",
        "electricity.summation_formatting": "43",
        "electricity.demand_formatting": "0",
        "electricity.payment": "credit management, credit display, contactor fitted",
        "electricity.credit": "0.00000",
        "gas.day_kwh": "12.345",
        "gas.week_kwh": "12.345",
        "gas.month_kwh": "345.678",
        "gas.supply": "on",
        "gas.status": "none",
        "gas.unit": "m3",
        "gas.alternative_unit": "kwh",
        "gas.device_type": "gas, mirrored",
        "gas.summation_formatting": "43",
        "gas.payment": "credit management, credit display, contactor fitted",
        "gas.credit": "0.00000",
        "pan.nPAN": "00",
        "pan.join": "0",
    }


def test_meter_numbers_and_addresses_are_private_facts_and_the_supplier_is_not() -> None:
    said = told(report(members_of("G1")))
    assert said.facts == {
        "mpan": "1900000000001",
        "mprn": "9900000001",
        "supplier": "EXAMPLE POWER",
        "model": "GLOW-IHD-01-1v4-SMETS2",
        "firmware": "radio 1.2.5",
        "meters": "SMETS2",
        "eui": "02005EFFFE302010",
    }
    assert said.private == {"mpan", "mprn", "eui"}


@pytest.mark.parametrize("printed", ["FFFFFB2E", "FFFB2E", "00FFFB2E"])
def test_exporting_is_negative_however_wide_the_number_is_printed(printed: str) -> None:
    said = told(report(changed("elecMtr.0702.04.00", printed)))
    assert said.values["grid.power"] == Decimal(-1234)


def test_each_meter_has_its_own_multiplier_and_divisor() -> None:
    members = changed("elecMtr.0702.03.02", "0000000A")
    members["elecMtr"]["0702"]["03"]["01"] = "00000002"
    said = told(report(members))
    assert said.values["grid.import"] == Decimal("2469135.6")
    assert said.values["grid.power"] == Decimal(300_000)
    assert said.values["gas.volume"] == Decimal("987.654")


@pytest.mark.parametrize("missing", ["01", "02"])
def test_a_missing_scale_is_assumed_and_said(missing: str) -> None:
    said = told(report(changed(f"elecMtr.0702.03.{missing}", None)))
    assert said.values["grid.import"] == Decimal("12345.678")
    assert said.events == ["scale.assumed.electricity"]


@pytest.mark.parametrize("attribute", ["01", "02"])
def test_a_scale_of_zero_refuses_that_meters_figures_and_no_others(attribute: str) -> None:
    said = told(report(changed(f"elecMtr.0702.03.{attribute}", "00000000")))
    assert set(said.catalogued) == {"gas.volume", "radio.rssi", "radio.lqi"}
    assert said.events == ["scale.zero.electricity"]


@pytest.mark.parametrize("unit", ["80", "05", "0C"])
def test_a_unit_nobody_expects_is_refused_and_said(unit: str) -> None:
    said = told(report(changed("gasMtr.0702.03.00", unit)))
    assert "gas.volume" not in said.values
    assert said.values["vendor.glow.gas.day_kwh"] == Decimal("12.345"), "that is in the other unit"
    assert said.events == ["unit.unknown.gas"]


def test_a_gas_meter_that_counts_in_kwh_tells_energy_and_no_volume() -> None:
    said = told(report(changed("gasMtr.0702.03.00", "00")))
    assert said.values["gas.energy"] == Decimal("987.654")
    assert "gas.volume" not in said.values


def test_sentinels_are_missing_and_never_a_number() -> None:
    said = told(report(members_of("G3")))
    assert said.catalogued == {"radio.rssi": Decimal(-70), "radio.lqi": Decimal(0)}
    assert set(said.values) <= {
        *("radio.rssi", "radio.lqi", "vendor.glow.electricity.unit"),
        *("vendor.glow.pan.nPAN", "vendor.glow.pan.join"),
    }
    assert said.events == []


@pytest.mark.parametrize("bad", ["zz", "", 1500, None, [], True, "0x10", "FFFFFFFFFFFFFFFFF"])
def test_one_field_that_cannot_be_read_costs_only_itself(bad: Any) -> None:
    members = members_of("G1")
    members["elecMtr"]["0702"]["00"]["00"] = bad
    said = told(report(members))
    assert "grid.import" not in said.values
    assert said.values["grid.power"] == Decimal(1500)
    (event,) = said.of(Event)
    assert event.eventid == "mitmeter.glow.fields.odd"
    assert event.fields["names"] == ("elecMtr.0702.00.00",)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("elecMtr", {}),
        ("elecMtr", None),
        ("elecMtr.0702", {}),
        ("elecMtr.0702.04", None),
        ("elecMtr.0702.04", {}),
        ("elecMtr.0702.04.00", None),
        ("pan", None),
        ("hversion", None),
    ],
)
def test_a_partial_report_tells_what_is_there(path: str, value: Any) -> None:
    said = told(report(changed(path, value)))
    assert said.values["gas.volume"] == Decimal("987.654")
    assert said.events == []


@pytest.mark.parametrize("value", ["x", 1, [], None, {"0702": 1}, {"0702": {"04": [1]}}])
def test_a_meter_of_the_wrong_kind_does_not_stop_the_other(value: Any) -> None:
    members = members_of("G1")
    members["elecMtr"] = value
    assert told(report(members)).values["gas.volume"] == Decimal("987.654")


def test_keys_in_lower_case_are_read_too() -> None:
    members = members_of("G1")
    metering = members["gasMtr"]["0702"]
    metering["0c"] = metering.pop("0C")
    assert told(report(members)).values["vendor.glow.gas.month_kwh"] == Decimal("345.678")


def test_fields_nobody_has_described_are_kept_under_their_own_path() -> None:
    members = members_of("G1")
    members["elecMtr"]["0702"]["0A"] = {"00": "00FF"}
    members["elecMtr"]["0700"] = {"03": {"01": "000012C0"}}
    members["new"] = {"thing": 1.5, "on": True}
    values = told(report(members)).values
    assert values["vendor.glow.elecMtr.0702.0A.00"] == "00FF"
    assert values["vendor.glow.elecMtr.0700.03.01"] == "000012C0"
    assert values["vendor.glow.new.thing"] == Decimal("1.5")
    assert values["vendor.glow.new.on"] == "true"


def test_a_huge_settled_value_is_not_remembered_and_still_told_once() -> None:
    tap = Tap()
    members = changed("elecMtr.0702.03.08", "x" * 60_000)
    assert len(tap.hears(report(members)).facts["electricity.meter"]) == 64
    assert tap.hears(report(members)).facts == {}


def test_a_flood_of_made_up_fields_is_bounded() -> None:
    tap = Tap()
    names = set()
    for batch in range(10):
        said = tap.hears(report({f"k{batch}x{n}": "1" for n in range(100)}))
        names |= set(said.values)
    assert len(names) == 256


def test_a_meters_own_alarm_is_an_event_when_it_comes_and_not_while_it_lasts() -> None:
    tap = Tap()
    tap.hears(report(members_of("G1")))
    alarmed = report(changed("elecMtr.0702.02.00", "06"))
    said = tap.hears(alarmed)
    assert said.values["vendor.glow.electricity.status"] == "low battery, tamper"
    (event,) = said.of(Event)
    assert (event.eventid, event.severity) == ("mitmeter.glow.alarm", Severity.ALARM)
    assert tap.hears(alarmed).events == []
    assert tap.hears(report(members_of("G1"))).values["vendor.glow.electricity.status"] == "none"


def test_states_and_facts_are_told_once_and_measurements_every_time() -> None:
    tap = Tap()
    tap.hears(report(members_of("G1")))
    later = changed("time", f"{CLOCK + 10:08X}")
    said = tap.hears(report(later, sent=CLOCK + 11), HEARD + timedelta(seconds=10))
    assert set(said.values) == {
        *("grid.power", "grid.import", "grid.export", "radio.rssi", "radio.lqi"),
        *(f"vendor.glow.electricity.{name}_kwh" for name in ("day", "week", "month")),
        "vendor.glow.electricity.max_demand_kw",
    }
    assert said.facts == {}


# --- gas repeats itself


def test_the_same_gas_figures_are_told_again_after_half_an_hour_only() -> None:
    tap = Tap()
    for seconds, expected in ((0, True), (10, False), (1790, False), (1800, True), (1810, False)):
        members = changed("time", f"{CLOCK + seconds:08X}")
        said = tap.hears(report(members, sent=CLOCK + seconds), NOON + timedelta(seconds=seconds))
        assert ("gas.volume" in said.values) is expected, seconds


def test_new_gas_figures_are_told_at_once() -> None:
    tap = Tap()
    tap.hears(report(members_of("G1")))
    members = changed("gasMtr.0702.00.00", "0000000F1207")
    members["time"] = f"{CLOCK + 10:08X}"
    said = tap.hears(report(members, sent=CLOCK + 11))
    assert said.values["gas.volume"] == Decimal("987.655")
    assert "vendor.glow.gas.day_kwh" not in said.values


def test_a_gas_meter_that_says_when_it_was_read_is_believed() -> None:
    # 2024-01-15T11:30:00Z is 758 633 400 s after 2000 began.
    said = told(report(changed("gasMtr.0702.00.07", "2D37D3B8")))
    (volume,) = [each for each in said.readings if each.quantity == "gas.volume"]
    assert volume.reported == datetime(2024, 1, 15, 11, 30, tzinfo=UTC)
    assert not volume.live
    (power,) = [each for each in said.readings if each.quantity == "grid.power"]
    assert power.reported == NOON


# --- on the meter network or not


def test_a_display_off_the_meter_network_tells_no_reading_and_one_event() -> None:
    tap = Tap()
    said = tap.hears(report(members_of("G4")))
    assert said.readings == []
    (event,) = said.of(Event)
    assert event.eventid == "mitmeter.glow.network.lost"
    assert event.fields == {"status": "not joined", "joined": False, "rssi_dbm": 0}
    assert tap.hears(report(members_of("G4"))).events == []
    assert tap.hears(report(members_of("G1"))).events == ["network.joined"]


def test_off_the_network_registers_may_be_old_so_no_demand_is_told_and_nothing_counts_as_live() -> (
    None
):
    said = told(report(changed("pan.status", "rejoining")))
    assert "grid.power" not in said.values
    assert "radio.rssi" not in said.values
    assert said.values["grid.import"] == Decimal("12345.678")
    assert not any(each.live for each in said.readings)


@pytest.mark.parametrize("rssi", ["80", "zz", 5])
def test_a_reception_without_value_is_left_out(rssi: Any) -> None:
    assert "radio.rssi" not in told(report(changed("pan.rssi", rssi))).values


# --- times


@pytest.mark.parametrize(
    ("time", "gmtime", "sent", "reported"),
    [
        ("65A51E40", None, CLOCK + 1, CLOCK),
        ("65a51e40", None, None, CLOCK),
        ("0000000065A51E40", None, CLOCK, CLOCK),
        (None, CLOCK - 5, CLOCK, CLOCK - 5),
        ("hm", None, CLOCK, CLOCK),
        ("FFFFFFFF", None, CLOCK, CLOCK),
        ("165A51E40", None, CLOCK, CLOCK),
    ],
)
def test_the_time_is_the_readings_else_the_messages(
    time: str | None, gmtime: int | None, sent: int | None, reported: int
) -> None:
    members = changed("time", time)
    if gmtime is not None:
        members["gmtime"] = gmtime
    for each in told(report(members, sent=sent)).readings:
        assert each.reported == datetime.fromtimestamp(reported, UTC)


def test_without_any_time_readings_have_none_of_their_own() -> None:
    said = told(report(changed("time", None), sent=None))
    assert said.values["grid.power"] == Decimal(1500)
    assert all(each.reported is None for each in said.readings)
    assert said.events == []


def test_a_clock_that_is_not_set_is_an_event_and_no_time() -> None:
    tap = Tap()
    members = changed("time", "0000003B")
    said = tap.hears(report(members, sent=0x3C))
    assert said.values["grid.power"] == Decimal(1500)
    assert all(each.reported is None for each in said.readings)
    (event,) = said.of(Event)
    assert event.eventid == "mitmeter.glow.clock.unset"
    assert event.fields == {"device_seconds": 0x3B}
    assert tap.hears(report(members, sent=0x3C)).events == []
    assert tap.hears(report(members_of("G1"))).readings[0].reported == NOON
    assert tap.hears(report(members, sent=0x3C)).events == ["clock.unset"], "it was lost again"


@pytest.mark.parametrize(("seconds", "known"), [(1_577_836_799, False), (1_577_836_800, True)])
def test_a_clock_counts_as_set_from_2020_on(seconds: int, known: bool) -> None:
    said = told(report(changed("time", f"{seconds:X}"), sent=seconds))
    assert (said.readings[0].reported is not None) is known


def test_a_reading_that_was_held_back_tells_nothing_of_the_clock() -> None:
    assert told(report(members_of("G1"), sent=CLOCK + 60)).readings[0].live
    assert not told(report(members_of("G1"), sent=CLOCK + 61)).readings[0].live


# --- who


@pytest.mark.parametrize(
    ("name", "gid", "host", "serial"),
    [
        (NAME, "aa", "", NAME),
        ("", "02005EFFFE302010", "", "02005EFFFE302010"),
        ("", "", "10.20.30.02005e.cad.sensornet.info", "02005E302010"),
        ("", "", "10.20.30.02005e.CAD.sensornet.info:443", "02005E302010"),
        ("", "", "192.0.2.1", "unnamed"),
        ("02:00:5e:ff:fe:30:20:10", "", "", "02005EFFFE302010"),
    ],
)
def test_a_display_is_known_by_x_id_else_gid_else_its_host_name(
    name: str, gid: str, host: str, serial: str
) -> None:
    members = changed("gid", gid)
    said = told(report(members, X_ID=name, Host=host))
    assert {each.device for each in said.readings} == {DeviceId("glow", serial)}


def test_a_message_without_a_name_belongs_to_who_spoke_before() -> None:
    tap = Tap()
    tap.hears(report(members_of("G1")))
    said = tap.hears(prices(G5, X_ID=""))
    assert {each.device for each in said.readings} == {DISPLAY}


def test_several_displays_on_one_connection_are_kept_apart_and_bounded() -> None:
    tap = Tap()
    said = [tap.hears(report(members_of("G1"), X_ID=f"display-{n}")) for n in range(70)]
    assert len({each.device for one in said for each in one.readings}) == 64
    assert said[0].facts["mpan"] == said[63].facts["mpan"] == "1900000000001"
    assert said[64].events == ["crowd"]
    assert said[66].events == []


# --- meters come and go


def test_a_register_that_goes_back_is_told_and_said() -> None:
    tap = Tap()
    tap.hears(report(members_of("G1")))
    members = changed("elecMtr.0702.00.00", "000000000001")
    members["time"] = f"{CLOCK + 10:08X}"
    said = tap.hears(report(members, sent=CLOCK + 10))
    assert said.values["grid.import"] == Decimal("0.001")
    assert said.events == ["register.fell"]


def test_an_older_message_with_an_older_register_is_nothing_to_wonder_at() -> None:
    tap = Tap()
    tap.hears(report(members_of("G1")))
    members = changed("elecMtr.0702.00.00", "000000BC614D")
    members["time"] = f"{CLOCK - 10:08X}"
    assert tap.hears(report(members, sent=CLOCK + 10)).events == []


def test_another_meter_number_is_another_meter() -> None:
    tap = Tap()
    tap.hears(report(members_of("G1")))
    said = tap.hears(report(changed("elecMtr.0702.03.07", "1900000000009")))
    assert said.facts == {"mpan": "1900000000009"}
    (event,) = said.of(Event)
    assert event.eventid == "mitmeter.glow.meter.changed"
    assert "1900000000" not in event.message
