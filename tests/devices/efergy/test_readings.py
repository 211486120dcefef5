from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mitmeter.devices.efergy.codec import read
from mitmeter.devices.efergy.headend import reply
from mitmeter.devices.efergy.messages import Reply
from mitmeter.devices.efergy.readings import EfergyProjection
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId, Fact, Side
from tests.devices.efergy.efergy_sayings import (
    H3_HOST,
    HASH,
    NOON,
    STORED,
    STORED_HEAD,
    STORED_RECORDS,
    Told,
    currents,
    report,
    stored,
)

HUB = DeviceId("efergy", "02005E302010")
ONE = "700001|1|EFCT|P1,12000.00|-61\r\n"
TWO = "700002|1|EFCT|P1,350.50|-74\r\n"


def told(options: dict[str, str] | None = None, at: datetime = NOON) -> Told:
    return Told(EfergyProjection(options), at)


# --- values ---


def test_raw_milliamps_are_kept_and_watts_stand_beside_them() -> None:
    heard = told().hear(report(ONE))
    assert heard.values("vendor.efergy.700001.milliamps") == [Decimal("12000.00")]
    assert heard.values("vendor.efergy.700001.watts") == [Decimal(1656)]


@pytest.mark.parametrize(
    ("options", "watts"),
    [
        ({"gain": "0.1"}, "1200"),
        ({"volts": "230", "power_factor": "0.5"}, "1380"),
        ({"gain_700001": "0.115", "gain": "0.1"}, "1380"),
    ],
)
def test_the_gain_is_the_operators(options: dict[str, str], watts: str) -> None:
    heard = told(options).hear(report(ONE))
    assert heard.values("vendor.efergy.700001.watts") == [Decimal(watts)]
    assert heard.values("vendor.efergy.700001.milliamps") == [Decimal(12000)]


def test_a_wrong_option_is_told_before_anything_is_read() -> None:
    with pytest.raises(ConfigError, match=r"options\.gain"):
        EfergyProjection({"gain": "much"})


def test_each_row_of_an_h1_hub_is_a_reading_of_its_own_sensor() -> None:
    rows = '[700001,"mA","E1",1500,0,0,65535],[700002,"mA","E1",2750,0,0,65535]'
    heard = told().hear(currents(rows, ts="65A51E46"))
    assert heard.values("vendor.efergy.700001.watts") == [Decimal(207)]
    assert heard.values("vendor.efergy.700002.watts") == [Decimal("379.5")]
    assert {each.reported for each in heard.readings} == {NOON + timedelta(seconds=6)}
    assert {each.device for each in heard.readings} == {HUB}


def test_a_climate_sensor_gives_motion_temperature_and_light() -> None:
    heard = told().hear(report("700003|0|EFMS1|M,64.00&T,21.50&L,0.00|-62\r\n"))
    assert heard.values("vendor.efergy.700003.motion") == [Decimal(64)]
    assert heard.values("vendor.efergy.700003.temperature") == [Decimal("21.5")]
    assert heard.values("vendor.efergy.700003.light") == [Decimal(0)]
    assert heard.values("vendor.efergy.700003.flag") == [Decimal(0)]
    assert not heard.values("grid.power")


def test_another_port_of_a_clamp_has_a_name_of_its_own() -> None:
    heard = told().hear(report("700001|1|EFCT|P2,1000.00\r\n"))
    assert heard.values("vendor.efergy.700001.p2.watts") == [Decimal(138)]
    assert not heard.values("grid.power")


def test_reception_is_told_where_it_is_dbm() -> None:
    assert told().hear(report(ONE)).values("vendor.efergy.700001.rssi") == [Decimal(-61)]


def test_a_positive_rssi_is_no_reading() -> None:
    heard = told().hear(report("700001|1|EFCT|P1,1.00|17\r\n"))
    assert not heard.values("vendor.efergy.700001.rssi")
    assert heard.values("vendor.efergy.700001.milliamps") == [Decimal(1)]


def test_uptime_is_a_reading() -> None:
    heard = told().hear(report("", more=[("X-Uptime", "226")]))
    assert heard.values("vendor.efergy.uptime") == [Decimal(226)]


@pytest.mark.parametrize("uptime", ["", "-1", "1e5", "9" * 12, "²"])
def test_an_uptime_that_is_no_number_is_none(uptime: str) -> None:
    assert not told().hear(report("", more=[("X-Uptime", uptime)])).readings


def test_of_a_sensor_heard_twice_in_one_report_the_last_value_counts() -> None:
    heard = told().hear(report(ONE + "700001|1|EFCT|P1,7.00|-60\r\n"))
    assert heard.values("vendor.efergy.700001.milliamps") == [Decimal(7)]


# --- the mains sensor ---


def test_the_only_clamp_is_the_mains() -> None:
    heard = told().hear(report(ONE))
    assert heard.values("grid.power") == [Decimal(1656)]
    assert heard.values("grid.current.l1") == [Decimal(12)]
    assert heard.values("radio.rssi") == [Decimal(-61)]


def test_of_two_clamps_none_is_the_mains() -> None:
    heard = told().hear(report(ONE + TWO))
    assert not heard.values("grid.power")
    assert not heard.values("radio.rssi")


def test_once_a_second_clamp_was_heard_the_first_one_is_no_longer_the_mains() -> None:
    heard = told().hear(report(ONE), report(TWO), report(ONE))
    assert heard.values("grid.power") == [Decimal(1656)]


def test_the_mains_may_be_named() -> None:
    heard = told({"mains": "700002"}).hear(report(ONE + TWO))
    assert heard.values("grid.power") == [Decimal("48.369")]
    assert heard.values("radio.rssi") == [Decimal(-74)]


def test_the_only_clamp_may_be_denied() -> None:
    assert not told({"mains": "none"}).hear(report(ONE)).values("grid.power")


def test_two_hubs_on_one_connection_have_a_mains_each() -> None:
    other = report(TWO, host="10.20.31.02005e.h3.sensornet.info")
    heard = told().hear(report(ONE), other)
    devices = [each.device for each in heard.readings if each.quantity == "grid.power"]
    assert devices == [HUB, DeviceId("efergy", "02005E312010")]


# --- time ---


def test_a_reading_carries_the_hubs_own_time_in_utc() -> None:
    heard = told(at=NOON + timedelta(seconds=3)).hear(report(ONE, ts="65A51E40:05"))
    assert {each.reported for each in heard.readings} == {NOON}
    assert {each.received for each in heard.readings} == {NOON + timedelta(seconds=3)}
    assert {each.live for each in heard.readings} == {True}


def test_a_clock_that_is_not_set_yet_tells_no_time_and_no_event() -> None:
    heard = told().hear(report(ONE, ts="00000000"))
    assert {each.reported for each in heard.readings} == {None}
    assert not heard.events


@pytest.mark.parametrize("ts", ["", "nonsense", "386D4380", "FFFFFFFF"])
def test_a_wrong_clock_tells_no_time_and_says_so_once(ts: str) -> None:
    heard = told().hear(report(ONE, ts=ts), report(ONE, ts=ts))
    assert {each.reported for each in heard.readings} == {None}
    assert heard.names() == ["time.odd"]


# --- stored data ---


def test_stored_records_have_their_own_times_and_are_not_live() -> None:
    heard = told(at=NOON + timedelta(days=2)).hear(stored(STORED))
    raw = [
        (each.reported, each.value)
        for each in heard.readings
        if each.quantity == "vendor.efergy.700001.milliamps"
    ]
    assert raw == [
        (NOON, Decimal(5000)),
        (NOON + timedelta(minutes=1), Decimal("5100.25")),
        (NOON + timedelta(seconds=65_546), Decimal(4900)),
    ]
    assert {each.live for each in heard.readings} == {False}
    assert heard.values("vendor.efergy.700003.temperature") == [Decimal("21.5")]


def test_stored_data_are_told_with_their_span() -> None:
    heard = told(at=NOON + timedelta(days=2)).hear(stored(STORED))
    assert heard.names() == ["bulk.received"]
    assert heard.events[0].message == (
        "5 stored records from 2024-01-15 12:00:00 to 2024-01-16 06:12:26 UTC"
    )


def test_stored_data_of_a_wrong_clock_give_no_readings_and_say_so() -> None:
    unset = bytes(4) + STORED[4:]
    heard = told().hear(stored(unset))
    assert not heard.readings
    assert heard.names() == ["bulk.unplaced"]


def test_a_stored_record_after_tomorrow_is_dropped_and_told() -> None:
    body = (1_705_320_000 + 86_000).to_bytes(4, "little") + STORED[4:]
    heard = told().hear(stored(body))
    assert len(heard.values("vendor.efergy.700001.milliamps")) == 2
    assert heard.names() == ["bulk.received", "time.odd"]


def test_a_bad_checksum_in_stored_data_is_told() -> None:
    spoilt = STORED_HEAD + STORED_RECORDS[0] + STORED_RECORDS[1][:-1] + b"\x00"
    heard = told().hear(stored(spoilt))
    assert heard.names() == ["bulk.received", "values.odd"]
    assert "checksum 00, expected 50" in heard.events[1].message


# --- who ---


def test_a_hub_is_named_by_its_mac() -> None:
    heard = told().hear(report(ONE))
    assert Fact(HUB, "serial", "02005E302010") in heard.facts


def test_what_is_known_of_a_hub_is_told_once() -> None:
    message = report(ONE, more=[("X-Version", "3.7.1")])
    heard = told().hear(message, message)
    assert heard.facts == [
        Fact(HUB, "serial", "02005E302010"),
        Fact(HUB, "generation", "h3"),
        Fact(HUB, "firmware", "3.7.1"),
        Fact(HUB, "gain", "0.138 W/mA"),
    ]


def test_sensors_of_a_nameless_hub_are_devices_of_their_own() -> None:
    heard = told().hear(report(ONE + TWO, host="192.0.2.1"), report(ONE, host="192.0.2.1"))
    assert {str(each.device) for each in heard.readings} == {
        "efergy:sensor-700001",
        "efergy:sensor-700002",
    }
    assert heard.names() == ["hub.unknown"]


def test_a_request_that_names_no_hub_belongs_to_the_one_before() -> None:
    heard = told().hear(report(ONE), report(ONE, host="192.0.2.1"))
    assert {each.device for each in heard.readings} == {HUB}
    assert not heard.events


def test_who_names_ever_new_sensors_is_not_followed() -> None:
    bodies = ["".join(f"{n}|1|EFCT|P1,1.00\r\n" for n in range(a, a + 200)) for a in (1, 201, 401)]
    heard = told().hear(*(report(body) for body in bodies))
    assert len({each.quantity for each in heard.readings if "milliamps" in each.quantity}) == 256
    assert heard.names() == ["sensors.many"]


# --- what happened ---


def test_a_key_check_tells_that_the_hub_has_started() -> None:
    check = read("GET", f"/check_key.html?p=E1&ts=00000000&h={HASH}", (("Host", H3_HOST),), b"")
    heard = told().hear(check)
    assert heard.names() == ["key.checked"]
    assert heard.events[0].device == HUB
    assert "its clock is not set yet" in heard.events[0].message
    assert HASH not in repr(heard.events)


def test_a_request_for_a_key_is_told() -> None:
    assert told().hear(read("GET", "/get_key.html", (("Host", H3_HOST),), b"")).names() == [
        "key.asked"
    ]


def test_a_ping_tells_which_sensors_are_alive_and_gives_no_readings() -> None:
    headers = (("Host", H3_HOST), ("Content-Type", "application/eh-ping"))
    heard = told().hear(read("POST", "/h3", headers, b"700001|700002"))
    assert Fact(HUB, "sensors", "700001, 700002") in heard.facts
    assert not heard.readings


def test_odd_lines_are_told_first_and_then_at_every_doubling() -> None:
    overflow = report("700001|1|EFCT|P1,2147483647.2147483647|-61\r\n")
    heard = told().hear(*[overflow] * 9)
    assert [each.fields["so_far"] for each in heard.events] == [1, 2, 4, 8]
    assert not heard.readings


def test_a_strange_request_is_told_once_with_its_bytes() -> None:
    strange = read("POST", "/h2bulk?x=1", (("Host", H3_HOST),), b"\x1b[2Jabc")
    heard = told().hear(strange, strange)
    assert heard.names() == ["request.strange"]
    assert heard.events[0].fields["path"] == "/h2bulk"
    assert heard.events[0].fields["hex"] == "1b5b324a616263"


def test_no_more_than_64_strange_paths_are_told() -> None:
    paths = [read("GET", f"/{n}", (("Host", H3_HOST),), b"") for n in range(100)]
    assert len(told().hear(*paths).events) == 64


def test_a_refusing_server_is_told_and_a_content_one_is_not() -> None:
    heard = told().hear(
        reply(NOON, b"success"), Reply(503, "Gone\x1b", (), b""), sender=Side.HEADEND
    )
    assert [each.message for each in heard.events] == ["the server answered 503 Gone\\x1b"]


def test_times_of_events_are_the_moment_of_receiving() -> None:
    moment = datetime(2024, 1, 15, 13, tzinfo=UTC)
    heard = told(at=moment).hear(stored(STORED))
    assert {each.at for each in heard.events} == {moment}
