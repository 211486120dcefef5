"""The emulated Theben gateway. Requests and answers are the worked examples of the fact sheet."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mitmeter.devices.smgw.messages import Request, Response
from tests.devices.smgw.gateway_bench import (
    NOON,
    Books,
    GatewayBench,
    header,
    said_bytes,
    shipped,
)

ROOT = "/smgw/m2m"
PATH = "/smgw/m2m/00471tst0000000042.sm/json"
POINT = "01005e318021.tst-0042-bezug.sm"
NONCE = "5f0c1e77a9b34d2286e10badcafe2026"
JSON = {"Content-Type": "application/json"}

USER_INFO = (
    '{"elapsed-time":"812 miliseconds","method":"user-info","user-info":{"usage-points":[{'
    '"billing-Periods":[{"end-time":"2026-03-01T23:00:00Z","start-time":"2026-02-28T23:00:00Z"}],'
    '"capture-time":"00:00:00","delivery-id":"emt-test","end-time":"",'
    '"meter":[{"meter-id":"1tst0000000042"}],'
    '"metering-point-id":"DE0099999900000000000000000000042",'
    '"on-demand-profile-configured":"true","start-time":"2025-11-03T10:30:00Z","taf-number":"7",'
    '"taf-state":"running","usage-point-id":"01005e318021.tst-0042-bezug.sm",'
    '"usage-point-name":"TST-0042-BEZUG"},{"billing-Periods":[],"capture-time":"00:00:00",'
    '"delivery-id":"emt-test","end-time":"2025-11-03T10:30:00Z",'
    '"meter":[{"meter-id":"1tst0000000042"}],'
    '"metering-point-id":"DE0099999900000000000000000000042",'
    '"on-demand-profile-configured":"false","start-time":"2025-10-01T08:00:00Z",'
    '"taf-number":"1","taf-state":"archive","usage-point-id":"01005e318020.tst-0042-alt.sm",'
    '"usage-point-name":"TST-0042-ALT"}]},"version":"1.3.0"}'
)
SIGNATURE = "ab" * 64
LAST = (
    '{"elapsed-time":"71 miliseconds","method":"readings","readings":{"channels":[{'
    '"obis":"0100010800ff","readings":[{"capture-time":"2026-03-01T11:29:57Z",'
    '"cosem-status":"a000000020003800","meter-status":"20003800",'
    f'"owner-number":"1tst0000000042.sm","signature":"{SIGNATURE}","smgw-status":"a0000000",'
    '"target-time":"2026-03-01T11:30:00Z","value":"24681012"}]},{"obis":"0100020800ff",'
    '"readings":[{"capture-time":"2026-03-01T11:29:57Z","cosem-status":"a000000020003800",'
    f'"meter-status":"20003800","owner-number":"1tst0000000042.sm","signature":"{SIGNATURE}",'
    '"smgw-status":"a0000000","target-time":"2026-03-01T11:30:00Z","value":"1357913"}]}],'
    '"records":"2"},"version":"1.3.0"}'
)
INTERVAL = (
    '{"elapsed-time":"229 miliseconds","method":"readings","readings":{"channels":[{'
    '"obis":"0100010800ff.1tst0000000042.sm","readings":[{"capture-time":"2026-03-01T10:59:58Z",'
    '"cosem-status":"a000000020003800","meter-status":"20003800",'
    '"owner-number":"1tst0000000042.sm","signature":null,"smgw-status":"a0000000",'
    '"target-time":"2026-03-01T11:00:00Z","value":"24674900"},{'
    '"capture-time":"2026-03-01T11:14:57Z","cosem-status":"a040000020003800",'
    '"meter-status":"20003800","owner-number":"1tst0000000042.sm","signature":null,'
    '"smgw-status":"a0400000","target-time":"2026-03-01T11:15:00Z","value":"24678001"},{'
    '"capture-time":"2026-03-01T11:29:57Z","cosem-status":"e000000020003800",'
    '"meter-status":"20003800","owner-number":"1tst0000000042.sm","signature":null,'
    '"smgw-status":"e0000000","target-time":"2026-03-01T11:30:00Z","value":"24681012"}]}],'
    '"records":"3"},"version":"1.3.0"}'
)
LOG = (
    '{"elapsed-time":"220 miliseconds","log":{"entries":[{"event-id":"16099","event-sub-id":"0",'
    '"index":"812","level":"1","message":"Testnachricht eins","outcome":"0",'
    '"subject-identity":"01005e318021.tst-0042-bezug.sm","time":"2026-03-01T00:05:11Z",'
    '"user-identity":"01005e318011.consumer-0047.sm","vendor-id":"BSI","version":"1"}],'
    '"records":"1"},"method":"log","version":"1.3.0"}'
)


def bench(options: dict[str, str] | None = None, **given: Any) -> GatewayBench:
    return GatewayBench("theben", options=options, **given)


def call(gateway: GatewayBench, method: str, **parameters: Any) -> Response:
    body = json.dumps({"method": method, **parameters}).encode()
    return gateway.ask("POST", PATH, body, headers=JSON)


def read(gateway: GatewayBench, **parameters: Any) -> Response:
    given = {"usage-point-id": POINT, "database": "origin", **parameters}
    return call(gateway, "readings", **given)


def payload(response: Response) -> Any:
    assert response.status == 200
    found = json.loads(response.body)
    return found[found["method"]]


def targets(response: Response) -> list[str]:
    return [each["target-time"] for each in payload(response)["channels"][0]["readings"]]


def interval_persona() -> dict[str, Any]:
    """Return the persona of the interval example: counters start at nothing, three odd moments."""
    persona = shipped("theben")
    for register in persona["meter"][0]["register"]:
        register["start"] = "0"
    persona["mark"] = [
        {"target": "2026-03-01T11:00:00Z", "capture": -2},
        {"target": "2026-03-01T11:15:00Z", "capture": -3, "gateway": "a0400000"},
        {"target": "2026-03-01T11:30:00Z", "capture": -3, "gateway": "e0000000"},
    ]
    return persona


# --- finding the way in


def test_who_has_not_logged_in_is_challenged_as_in_the_example() -> None:
    said = bench({"nonce": NONCE}).say(Request("GET", ROOT, (("Host", "192.168.1.200"),)))
    assert said_bytes(said) == (
        b"HTTP/1.1 401 Unauthorized\r\n"
        b'WWW-Authenticate: Digest realm="Conexa", qop="auth", '
        b'nonce="5f0c1e77a9b34d2286e10badcafe2026", algorithm="MD5"\r\n'
        b"Content-Length: 0\r\n\r\n"
    )


def test_the_login_of_the_example_is_sent_on_to_its_own_path() -> None:
    gateway = bench({"nonce": NONCE})
    gateway.say(Request("GET", ROOT, ()))
    login = (
        'Digest username="consumer-0047", realm="Conexa", '
        'nonce="5f0c1e77a9b34d2286e10badcafe2026", uri="/smgw/m2m", '
        'response="fc0916c0ea958a2c3f39cd163ce5678e", algorithm=MD5, qop=auth, nc=00000001, '
        'cnonce="a1b2c3d4e5f60718"'
    )
    said = gateway.say(Request("GET", ROOT, (("Authorization", login),)))
    assert said_bytes(said) == (
        b"HTTP/1.1 307 Temporary Redirect\r\n"
        b"Location: /smgw/m2m/00471tst0000000042.sm/json\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


@pytest.mark.parametrize("target", ["/smgw/m2m", "/smgw/m2m/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_root_redirects_with_and_without_a_slash(method: str, target: str) -> None:
    assert bench().ask(method, target).status == 307


@pytest.mark.parametrize(
    ("form", "userid"),
    [("meter", "00011tst0000000042"), ("login", "consumer-0047"), ("gateway", "ethe0399000017")],
)
def test_the_userid_is_opaque_and_of_the_form_switched_to(form: str, userid: str) -> None:
    persona = shipped("theben")
    persona["account"][0]["userid"] = ""
    said = bench({"userid": form}, persona=persona).ask("GET", ROOT)
    assert header(said, "Location") == f"/smgw/m2m/{userid}.sm/json"


@pytest.mark.parametrize("status", [200, 401])
def test_a_wrong_userid_gets_an_empty_body(status: int) -> None:
    gateway = bench({"wrong_userid": str(status)})
    gateway.ask("GET", ROOT)
    said = gateway.ask("POST", "/smgw/m2m/other.sm/json", b'{"method":"user-info"}', headers=JSON)
    assert (said.status, said.body) == (status, b"")


def test_getting_the_json_path_is_the_wrong_method() -> None:
    assert bench().ask("GET", PATH).status == 405


def test_an_unknown_path_is_not_found() -> None:
    assert bench().ask("GET", "/smgw/other").status == 404


# --- methods


def test_user_info_is_that_of_the_example_byte_for_byte() -> None:
    said = call(bench({"elapsed": "812"}), "user-info")
    assert said.body.decode() == USER_INFO
    assert header(said, "Content-Length") == "958"


def test_hundreds_of_billing_periods_are_told_where_there_are_hundreds() -> None:
    persona = shipped("theben")
    persona["contract"][0]["billing_periods"] = 800
    persona["contract"][0]["start"] = "2023-06-01T00:00:00Z"
    said = call(bench(persona=persona), "user-info")
    periods = payload(said)["usage-points"][0]["billing-Periods"]
    assert len(periods) == 800
    # The day on which summer time began has 23 hours.
    change = next(p for p in periods if p["start-time"] == "2025-03-29T23:00:00Z")
    assert change["end-time"] == "2025-03-30T22:00:00Z"


def test_all_running_contracts_are_told() -> None:
    persona = shipped("theben")
    persona["contract"].append({"id": "second.sm", "name": "EINSP", "taf": 7})
    said = call(bench(persona=persona), "user-info")
    states = [point["taf-state"] for point in payload(said)["usage-points"]]
    assert states == ["running", "archive", "running"]


def test_usage_point_info_tells_channels_with_scaler_and_unit_as_text() -> None:
    asked = {"usage-point-id": POINT, "database": "origin"}
    found = payload(call(bench(), "usage-point-info", **asked))
    profile = bytes.fromhex(found.pop("taf-profile"))
    assert profile[:2] == b"\x30\x82"
    assert found == {
        "databases": [
            {
                "channels": [
                    {"obis": "0100010800ff", "scaler": "-1", "unit": "30"},
                    {"obis": "0100020800ff", "scaler": "-1", "unit": "30"},
                ],
                "database": "origin",
            }
        ],
        "emts": ["emt-test.sm"],
        "transparency-bit": "false",
        "usage-point-id": POINT,
        "usage-point-name": "TST-0042-BEZUG",
    }


def test_the_last_reading_is_that_of_the_example_byte_for_byte() -> None:
    persona = shipped("theben")
    persona["mark"] = [{"target": "2026-03-01T11:30:00Z", "capture": -3}]
    gateway = bench({"elapsed": "71", "signature": SIGNATURE}, persona=persona)
    said = read(gateway, **{"last-reading": "true"})
    assert said.body.decode() == LAST
    assert header(said, "Content-Length") == "902"


def test_last_reading_may_be_a_boolean_as_the_document_says() -> None:
    assert targets(read(bench(), **{"last-reading": True})) == ["2026-03-01T11:30:00Z"]


def test_an_interval_is_that_of_the_example_byte_for_byte() -> None:
    books = Books(
        imported={
            datetime(2026, 3, 1, 11, 0, tzinfo=UTC): "2467.4900",
            datetime(2026, 3, 1, 11, 15, tzinfo=UTC): "2467.8001",
            datetime(2026, 3, 1, 11, 30, tzinfo=UTC): "2468.1012",
        }
    )
    options = {"elapsed": "229", "signature": "null", "obis": "suffix"}
    said = read(
        bench(options, persona=interval_persona(), house=books),
        channels=[{"channel": "0100010800ff"}],
        fromtime="2026-03-01T10:45:00Z",
        totime="2026-03-01T11:30:00Z",
        **{"last-reading": False},
    )
    assert said.body.decode() == INTERVAL


def test_a_window_includes_its_beginning_where_switched_to_closed() -> None:
    asked = {"fromtime": "2026-03-01T10:45:00Z", "totime": "2026-03-01T11:00:00Z"}
    assert targets(read(bench(), **asked)) == ["2026-03-01T11:00:00Z"]
    assert targets(read(bench({"window": "closed"}), **asked)) == [
        "2026-03-01T10:45:00Z",
        "2026-03-01T11:00:00Z",
    ]


def test_times_of_a_window_may_have_an_offset() -> None:
    asked = {"fromtime": "2026-03-01T11:45:00+01:00", "totime": "2026-03-01T12:00:00+01:00"}
    assert targets(read(bench(), **asked)) == ["2026-03-01T11:00:00Z"]


def test_thirty_one_days_are_answered_and_a_second_more_is_refused() -> None:
    until = {"totime": "2026-03-01T00:00:00Z"}
    assert len(targets(read(bench(), fromtime="2026-01-29T00:00:00Z", **until))) == 31 * 96
    assert read(bench(), fromtime="2026-01-28T23:59:59Z", **until).status == 400
    free = bench({"longest_days": "0"})
    assert len(targets(read(free, fromtime="2026-01-28T00:00:00Z", **until))) == 32 * 96


def test_readings_newest_first_where_switched() -> None:
    asked = {"fromtime": "2026-03-01T10:45:00Z", "totime": "2026-03-01T11:15:00Z"}
    found = targets(read(bench({"order": "newest"}), **asked))
    assert found == ["2026-03-01T11:15:00Z", "2026-03-01T11:00:00Z"]


def test_an_empty_channel_is_listed_without_readings_where_switched() -> None:
    gateway = bench({"empty_channel": "0100600100ff"})
    found = payload(read(gateway, **{"last-reading": "true"}))
    assert found["channels"][-1] == {"obis": "0100600100ff", "readings": []}
    assert found["records"] == "2"


def test_a_missing_reading_is_left_out() -> None:
    persona = shipped("theben")
    persona["mark"] = [{"target": "2026-03-01T11:00:00Z", "missing": True}]
    asked = {"fromtime": "2026-03-01T10:30:00Z", "totime": "2026-03-01T11:15:00Z"}
    found = targets(read(bench(persona=persona), **asked))
    assert found == ["2026-03-01T10:45:00Z", "2026-03-01T11:15:00Z"]


def test_nothing_is_kept_from_before_the_contract_began() -> None:
    said = read(bench(), fromtime="2025-11-03T09:00:00Z", totime="2025-11-03T10:45:00Z")
    assert targets(said) == ["2025-11-03T10:30:00Z", "2025-11-03T10:45:00Z"]


def test_the_daily_database_holds_local_midnights() -> None:
    persona = shipped("theben")
    persona["contract"][0]["databases"] = ["origin", "daily"]
    asked = {"fromtime": "2026-02-26T12:00:00Z", "totime": "2026-03-01T11:00:00Z"}
    found = targets(read(bench(persona=persona), database="daily", **asked))
    assert found == ["2026-02-26T23:00:00Z", "2026-02-27T23:00:00Z", "2026-02-28T23:00:00Z"]


def test_calculated_values_are_of_the_tariff_registers_and_owned_by_the_contract() -> None:
    persona = shipped("theben")
    persona["contract"][0]["databases"] = ["origin", "calculated"]
    for number in ("01", "02", "3f"):
        persona["meter"][0]["register"].append({"obis": f"01000108{number}ff", "start": "7"})
    gateway = bench(persona=persona)
    found = payload(read(gateway, database="calculated", **{"last-reading": "true"}))
    assert [each["obis"] for each in found["channels"]] == [
        "0100010801ff",
        "0100010802ff",
        "010001083fff",
    ]
    assert found["channels"][0]["readings"][0]["owner-number"] == POINT


@pytest.mark.parametrize(
    "parameters",
    [
        {"usage-point-id": "other.sm", "last-reading": "true"},
        {"usage-point-id": None, "last-reading": "true"},
        {"database": "derived", "last-reading": "true"},
        {"database": None, "last-reading": "true"},
        {"last-reading": "yes"},
        {},
        {"fromtime": "2026-03-01T10:45:00Z"},
        {"fromtime": "2026-03-01 10:45:00", "totime": "2026-03-01T11:00:00Z"},
        {"fromtime": "2026-03-01T11:00:00Z", "totime": "2026-03-01T10:00:00Z"},
        {"fromtime": "2026-13-01T11:00:00Z", "totime": "2026-03-01T10:00:00Z"},
        {"channels": "0100010800ff", "last-reading": "true"},
        {"channels": [{"channel": "0100990800ff"}], "last-reading": "true"},
        {"channels": [{"obis": "0100010800ff"}], "last-reading": "true"},
    ],
)
def test_a_bad_parameter_is_refused(parameters: dict[str, Any]) -> None:
    assert read(bench(), **parameters).status == 400


@pytest.mark.parametrize(
    "body", [b"", b"user-info", b"[]", b'{"method":7}', b'{"method":"reboot"}', b"[" * 100_000]
)
def test_what_is_no_known_method_is_refused(body: bytes) -> None:
    assert bench().ask("POST", PATH, body, headers=JSON).status == 400


def test_a_wrong_content_type_is_refused_unless_switched_off() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b'{"method":"user-info"}'
    assert bench().ask("POST", PATH, body, headers=form).status == 400
    assert bench({"check_type": "no"}).ask("POST", PATH, body, headers=form).status == 200


def test_smgw_info_tells_id_clock_and_certificates() -> None:
    found = payload(call(bench(), "smgw-info"))
    assert found["smgw-id"] == "ethe0399000017"
    assert found["smgw-state"] == "a0000000"
    assert found["smgw-time"] == "2026-03-01T12:31:08"  # local, without a zone
    assert found["firmware-info"]["component"] == "Firmware"
    assert len(found["firmware-info"]["hash"]) == 64
    pem = bytes.fromhex(found["certificates"]["han"]["tls"])
    assert pem.startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert pem.endswith(b"-----END CERTIFICATE-----\n")


def test_the_han_certificate_told_is_the_one_given() -> None:
    found = payload(call(bench({"han_tls": "PEM text"}), "smgw-info"))
    assert bytes.fromhex(found["certificates"]["han"]["tls"]) == b"PEM text"


def test_the_log_is_that_of_the_example_byte_for_byte() -> None:
    # The entry of 1 March 2026 is the 812th where there is one a day since 11 December 2023.
    options = {"elapsed": "220", "begin": "2023-12-11", "message": "Testnachricht eins"}
    said = call(bench(options), "log", fromtime="2026-03-01T00:00:00Z", count=2)
    assert said.body.decode() == LOG


def test_levels_count_as_syslog_does_where_switched() -> None:
    said = call(bench({"level": "syslog"}), "log", count=1)
    assert payload(said)["entries"][0]["level"] == "6"


@pytest.mark.parametrize(
    ("parameters", "indices"),
    [
        ({"fromindex": 3, "count": 2}, ["3", "4"]),
        ({"fromindex": 5}, ["5", "6", "7"]),
        ({"count": 2}, ["1", "2"]),
        ({"totime": "2026-02-25T00:05:11Z"}, ["1", "2"]),
        ({"fromtime": "2026-02-25T00:05:11Z", "totime": "2026-02-26T00:05:11Z"}, ["3"]),
        ({"fromtime": "2026-02-28T00:05:12Z"}, ["7"]),
        ({"fromtime": "2026-02-23T00:05:11Z", "totime": "2026-02-28T00:00:00Z", "count": 1}, ["1"]),
        ({}, ["1", "2", "3", "4", "5", "6", "7"]),
    ],
)
def test_the_log_is_asked_for_in_the_documented_ways(
    parameters: dict[str, Any], indices: list[str]
) -> None:
    said = call(bench({"begin": "2026-02-23"}), "log", **parameters)
    assert [entry["index"] for entry in payload(said)["entries"]] == indices


@pytest.mark.parametrize(
    "parameters",
    [
        {"fromtime": "2026-02-25T00:00:00Z", "fromindex": 1},
        {"totime": "2026-02-25T00:00:00Z", "count": 1},
        {"count": 1501},
        {"count": 0},
        {"fromindex": "first"},
    ],
)
def test_other_ways_to_ask_for_the_log_are_refused(parameters: dict[str, Any]) -> None:
    assert call(bench(), "log", **parameters).status == 400


def test_the_log_tells_1500_entries_at_most() -> None:
    said = call(bench({"entries": "100"}), "log")
    assert payload(said)["records"] == "1500"


def test_a_second_self_test_has_to_wait_on_whatever_connection() -> None:
    gateway = bench()
    assert call(gateway, "self-test").status == 200
    gateway.later(seconds=599)
    gateway.connect()
    assert call(gateway, "self-test").status == 403
    gateway.later(seconds=1)
    assert call(gateway, "self-test").status == 200


def test_a_self_test_s_result_is_in_the_log_alone() -> None:
    gateway = bench()
    call(gateway, "self-test")
    since = {"fromtime": "2026-03-01T11:00:00Z"}
    found = payload(call(gateway, "log", **since))["entries"]
    assert [each["message"] for each in found] == ["Selbsttest gestartet"]
    gateway.later(minutes=1)
    found = payload(call(gateway, "log", **since))["entries"]
    assert [each["message"] for each in found] == [
        "Selbsttest gestartet",
        "Selbsttest erfolgreich",
    ]
    # 2024 has 366 days, 2025 365, and January and February of 2026 59: entry 791 came that night.
    assert [each["index"] for each in found] == ["792", "793"]


def test_the_browser_is_sent_to_its_start_page_with_the_last_readings() -> None:
    gateway = bench()
    said = gateway.ask("GET", "/")
    start = "/smgw/cust/00471tst0000000042.sm/start"
    assert (said.status, header(said, "Location")) == (302, f"https://192.168.1.200{start}")
    assert header(bench({"location": "path"}).ask("GET", "/"), "Location") == start
    page = gateway.ask("GET", start)
    assert header(page, "Content-Type") == "text/html; charset=utf-8"
    assert b"<td>1-0:1.8.0</td><td>2468.1012</td><td>kWh</td>" in page.body


def test_the_browser_starts_a_self_test_by_a_button() -> None:
    gateway, page = bench(), "/smgw/cust/00471tst0000000042.sm/selftest"
    assert b"<button>" in gateway.ask("GET", page).body
    assert gateway.ask("POST", page).status == 200
    assert call(gateway, "self-test").status == 403


def test_a_post_without_a_plain_length_is_answered_with_nothing_as_switched() -> None:
    for switch, status in (("empty", 200), ("400", 400), ("411", 411)):
        gateway = bench({"length": switch})
        chunked = (("Transfer-Encoding", "chunked"),)
        said = gateway.say(Request("POST", PATH, chunked, b'{"method":"user-info"}'))
        assert (said.status, said.body) == (status, b"")
        assert gateway.say(Request("POST", PATH, ())).status == status
    assert bench({"length": "taken"}).say(Request("POST", PATH, ())).status == 401


def test_elapsed_times_that_are_made_up_are_believable() -> None:
    gateway = bench()
    for method in ("user-info", "smgw-info"):
        told = json.loads(call(gateway, method).body)["elapsed-time"]
        number, _, unit = told.partition(" ")
        assert 50 <= int(number) <= 1_500
        assert unit == "miliseconds"


def test_an_account_sees_its_own_meters_and_contracts_only() -> None:
    persona = shipped("theben")
    persona["meter"].append({"id": "1tst0000000043", "feeds": "pv", "register": []})
    persona["contract"][0]["meters"] = ["1tst0000000042"]
    persona["contract"][1]["meters"] = ["1tst0000000043"]
    persona["account"][0]["meters"] = ["1tst0000000042"]
    said = call(bench(persona=persona), "user-info")
    assert [point["usage-point-id"] for point in payload(said)["usage-points"]] == [POINT]


def test_readings_that_have_stopped_are_the_same_a_day_later() -> None:
    gateway = bench({"stopped_at": "2026-03-01T09:10:00Z"})
    assert targets(read(gateway, **{"last-reading": "true"})) == ["2026-03-01T09:00:00Z"]
    gateway.later(days=1)
    assert targets(read(gateway, **{"last-reading": "true"})) == ["2026-03-01T09:00:00Z"]


def test_the_interface_s_version_is_as_switched() -> None:
    said = call(bench({"interface": "1.2.0"}), "user-info")
    assert json.loads(said.body)["version"] == "1.2.0"


def test_a_frozen_gateway_goes_on_telling_the_same_reading() -> None:
    gateway = bench(frozen=True)
    before = read(gateway, **{"last-reading": "true"}).body
    gateway.now = NOON + timedelta(days=1)
    assert read(gateway, **{"last-reading": "true"}).body == before
