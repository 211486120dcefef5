"""The emulated EMH gateway. Requests and answers are the worked examples of the fact sheet."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mitmeter.devices.smgw.messages import Request, Response
from mitmeter.protocol import HouseState
from tests.devices.smgw.gateway_bench import Books, GatewayBench, header, said_bytes, shipped

ORIGIN = "/json/metering/origin/"
METER = "1tst0000000077"
NOW = datetime(2026, 3, 1, 11, 30, 7, tzinfo=UTC)
EXTENDED = (
    '{"capture_time":"2026-03-01T12:30:00+01:00","status":"a000000020003800",'
    '"timestamp":"2026-03-01T12:30:07+01:00","values":['
    '{"logical_name":"0100010800ff.1tst0000000077.sm","scaler":-1,"signature":"-","unit":30,'
    '"value":"24681012"},{"logical_name":"0100020800ff.1tst0000000077.sm","scaler":-1,'
    '"signature":"-","unit":30,"value":"1357913"},'
    '{"logical_name":"0100100700FF.1tst0000000077.sm","scaler":-1,"signature":"-","unit":27,'
    '"value":"-4321"},{"logical_name":"0100200700ff.1tst0000000077.sm","scaler":-1,'
    '"signature":"-","unit":35,"value":"2298"},{"logical_name":"01001f0700ff.1tst0000000077.sm",'
    '"scaler":-2,"signature":"-","unit":33,"value":"188"},'
    '{"logical_name":"01000e0700ff.1tst0000000077.sm","scaler":-1,"signature":"-","unit":44,'
    '"value":"499"},{"logical_name":"short","scaler":0,"signature":"-","unit":255,"value":"0"}]}'
)


class Example(Books):
    """The house of the example: 432.1 W are fed in, which no whole number of watts says, so the
    power stands in the persona; the current follows 432 W.
    """

    def state(self, at: datetime) -> HouseState:
        return replace(super().state(at), grid_w=-432)


def bench(options: dict[str, str] | None = None, **given: Any) -> GatewayBench:
    return GatewayBench("emh", options=options, **{"now": NOW, **given})


def get(gateway: GatewayBench, path: str) -> Response:
    return gateway.ask("GET", path)


def found(gateway: GatewayBench, path: str) -> Any:
    said = get(gateway, path)
    assert said.status == 200
    return json.loads(said.body)


def values(gateway: GatewayBench) -> dict[str, Any]:
    listed = found(gateway, f"{ORIGIN}{METER}/extended")["values"]
    return {each["logical_name"]: each for each in listed}


def test_the_meters_are_listed_as_in_the_example_byte_for_byte() -> None:
    assert said_bytes(get(bench(), ORIGIN)) == (
        b"HTTP/1.1 200 OK\r\n"
        b"Content-Type: application/json\r\n"
        b"Content-Length: 35\r\n\r\n"
        b'["1tst0000000077","1tst0000000078"]'
    )


def test_current_values_are_those_of_the_example_byte_for_byte() -> None:
    persona = shipped("emh")
    persona["meter"][0]["register"][2]["value"] = "-4321"
    # The example's meter word does not tell the direction.
    persona["mark"] = [{"target": "2026-03-01T11:30:00Z", "meter": "20003800"}]
    gateway = bench({"malformed": "on"}, persona=persona, house=Example())
    said = get(gateway, f"{ORIGIN}{METER}/extended")
    assert said.body.decode() == EXTENDED
    assert header(said, "Content-Length") == "822"


def test_the_contracts_are_those_of_the_example_byte_for_byte() -> None:
    gateway = bench()
    listed = get(gateway, "/json/metering/derived")
    assert listed.body == b'["01005e31804a.tst-0077.sm"]'
    contract = get(gateway, "/json/metering/derived/01005e31804a.tst-0077.sm")
    assert contract.body.decode() == (
        '{"taf_type":"TAF-1","taf_name":"TST-0077",'
        '"taf_identifier":"01005e31804a.tst-0077.sm",'
        '"metering_point_id":"DE0099999900000000000000000000077",'
        '"sensor_domains":["1tst0000000077"],"user_domain":"tst-user-33",'
        '"validity_start":"2025-06-01T00:00:00+02:00","validity_end":"","capture_period":900}'
    )


def test_a_challenge_is_that_of_the_example_byte_for_byte() -> None:
    gateway = bench({"nonce": "77aa77aa77aa77aa77aa77aa77aa77aa"})
    said = gateway.say(Request("GET", ORIGIN, (("Host", "192.168.33.2"),)))
    assert said_bytes(said) == (
        b"HTTP/1.1 401 Unauthorized\r\n"
        b'WWW-Authenticate: Digest realm="CASA-TEST", qop="auth", '
        b'nonce="77aa77aa77aa77aa77aa77aa77aa77aa", algorithm="MD5"\r\n'
        b"Content-Length: 0\r\n\r\n"
    )


@pytest.mark.parametrize("status", [400, 403])
def test_a_foreign_host_is_refused_before_any_login(status: int) -> None:
    gateway = bench({"host_check": str(status)})
    said = gateway.say(Request("GET", ORIGIN, (("Host", "proxy.lan:8080"),)))
    assert (said.status, said.body) == (status, b"")
    assert gateway.say(Request("GET", ORIGIN, ())).status == status


@pytest.mark.parametrize(
    "host",
    [
        "192.168.33.2",
        "192.168.33.2:443",
        "smgw.local",
        "SMGW.local:443",
        "eemh0199000033.local",
        "[fe80::1%25eth0]",
        "127.0.0.1:8443",
    ],
)
def test_its_address_and_its_names_are_its_own(host: str) -> None:
    assert bench().say(Request("GET", ORIGIN, (("Host", host),))).status == 401


def test_other_hosts_are_taken_where_named_or_unchecked() -> None:
    foreign = Request("GET", ORIGIN, (("Host", "proxy.lan:8080"),))
    assert bench({"hosts": "other.lan, proxy.lan"}).say(foreign).status == 401
    assert bench({"host_check": "off"}).say(foreign).status == 401


def test_an_expired_nonce_is_a_plain_401_and_the_next_try_goes_through() -> None:
    gateway = bench()
    assert get(gateway, ORIGIN).status == 200
    gateway.later(seconds=301)
    assert gateway.ask("GET", ORIGIN, tries=1).status == 401
    assert "stale" not in gateway.challenge
    assert get(gateway, ORIGIN).status == 200


def test_power_and_phases_follow_the_house_now_and_counters_the_quarter_hour() -> None:
    books = Books(
        imported={
            datetime(2026, 3, 1, 11, 30, tzinfo=UTC): "1.5",
            datetime(2026, 3, 1, 11, 31, tzinfo=UTC): "2.5",
        },
        grid_w=460,
    )
    gateway = bench(house=books, now=datetime(2026, 3, 1, 11, 44, tzinfo=UTC))
    shown = values(gateway)
    assert shown[f"0100010800ff.{METER}.sm"]["value"] == "24696012"
    assert shown[f"0100100700FF.{METER}.sm"]["value"] == "4600"
    assert shown[f"01001f0700ff.{METER}.sm"]["value"] == "200"  # 460 W at 229.8 V


def test_without_taf_10_only_counters_are_shown() -> None:
    assert list(values(bench({"taf10": "off"}))) == [
        f"0100010800ff.{METER}.sm",
        f"0100020800ff.{METER}.sm",
    ]


@pytest.mark.parametrize(
    ("scaler", "value"), [("-1", "24681012"), ("0", "2468101"), ("-3", "2468101200")]
)
def test_energies_come_with_the_scaler_switched_to(scaler: str, value: str) -> None:
    shown = values(bench({"energy_scaler": scaler}))[f"0100010800ff.{METER}.sm"]
    assert (shown["scaler"], shown["value"]) == (int(scaler), value)


def test_logical_names_are_in_capitals_where_switched() -> None:
    assert f"0100010800FF.{METER}.sm" in values(bench({"uppercase": "on"}))


def test_a_status_of_14_digits_is_cut_off_at_its_end() -> None:
    gateway = bench({"status_digits": "14"})
    assert found(gateway, f"{ORIGIN}{METER}/extended")["status"] == "a0000000200038"


def test_there_may_be_no_meters_and_contracts_without_any() -> None:
    assert found(bench({"no_meters": "on"}), ORIGIN) == []
    gateway = bench({"sensor_domains": "off"})
    contract = found(gateway, "/json/metering/derived/01005e31804a.tst-0077.sm")
    assert contract["sensor_domains"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/json",
        "/json/metering/origin/1tst9999999999",
        "/json/metering/origin/1tst0000000077/99",
        "/json/metering/origin/1tst0000000077/extended/more",
        "/json/metering/derived/other",
        "/json/metering/derived/01005e31804a.tst-0077.sm/billingperiods/1",
        "/json/conlogbook/9999",
        "/cgi-bin/hanservice.cgi",
    ],
)
def test_what_there_is_not_is_not_found(path: str) -> None:
    assert get(bench(), path).status == 404


def test_only_get_is_known() -> None:
    assert bench().ask("POST", ORIGIN).status == 405


def test_history_is_listed_in_chunks_of_thirty_days_the_newest_first() -> None:
    books = Books(imported={datetime(2026, 3, 1, 11, 30, tzinfo=UTC): "0.25"})
    gateway = bench({"keeps_days": "70"}, house=books)
    assert found(gateway, f"{ORIGIN}{METER}") == [0, 1, 2]
    newest = found(gateway, f"{ORIGIN}{METER}/0")
    assert len(newest) == 30 * 96
    assert newest[-1] == {
        "timestamp_act": "2026-03-01T12:30:00+01:00",
        "timestamp_nom": "2026-03-01T12:30:00+01:00",
        "status": "a000000020003800",
        "0100010800ff": "2468.3512 kWh",
        "0100020800ff": "135.7913 kWh",
    }
    older = found(gateway, f"{ORIGIN}{METER}/1")
    assert older[-1]["timestamp_nom"] == "2026-01-30T12:30:00+01:00"
    assert newest[0]["timestamp_nom"] == "2026-01-30T12:45:00+01:00"
    assert len(found(gateway, f"{ORIGIN}{METER}/2")) == 10 * 96


def test_a_meter_s_path_is_its_newest_chunk_where_switched() -> None:
    gateway = bench({"history": "newest", "keeps_days": "1"})
    assert len(found(gateway, f"{ORIGIN}{METER}")) == 96


def test_billing_periods_are_local_days_with_0_running() -> None:
    persona = shipped("emh")
    persona["contract"][0]["billing_periods"] = 2
    books = Books(imported={datetime(2026, 2, 28, 12, tzinfo=UTC): "4"})
    gateway = bench(persona=persona, house=books)
    path = "/json/metering/derived/01005e31804a.tst-0077.sm/"
    days = found(gateway, f"{path}billingperiods")
    assert days[0] == {"start": "2026-03-01T00:00:00+01:00", "end": "2026-03-02T00:00:00+01:00"}
    closed = found(gateway, f"{path}billingperiods/1")
    assert closed["end"] == "2026-03-01T00:00:00+01:00"
    assert Decimal(closed["values"][0]["value"]).scaleb(-4) == Decimal("2472.1012")
    assert len(found(gateway, f"{path}daily")) == 2


def test_the_log_comes_in_chunks_and_the_system_tells_its_time() -> None:
    gateway = bench({"begin": "2025-11-20"})
    first = found(gateway, "/json/conlogbook/0")
    assert [first[0]["recordnumber"], first[-1]["recordnumber"]] == [1, 100]
    assert [each["recordnumber"] for each in found(gateway, "/json/conlogbook/1")] == [101, 102]
    system = found(gateway, "/json/systeminformations")
    assert system["huid"] == "eemh0199000033"
    assert system["systemtime"] == "2026-03-01T12:30:07+01:00"


def test_three_phases_share_the_power_and_one_phase_has_all_of_it() -> None:
    persona = shipped("emh")
    meter = persona["meter"][0]
    meter["register"] = [
        {"obis": f"0100{c}0700ff", "scaler": 0}
        for c in ("24", "38", "4c", "1f", "33", "47", "20", "34", "48")
    ]
    books = Books(grid_w=900)
    one = [each["value"] for each in values(bench(persona=persona, house=books)).values()]
    assert one == ["900", "0", "0", "4", "0", "0", "230", "0", "0"]
    meter["phases"] = 3
    three = [each["value"] for each in values(bench(persona=persona, house=books)).values()]
    assert three == ["300", "300", "300", "1", "1", "1", "230", "230", "230"]
