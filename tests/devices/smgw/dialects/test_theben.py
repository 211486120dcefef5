import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mitmeter.devices.smgw.dialects import theben
from mitmeter.devices.smgw.obis import Scale
from mitmeter.devices.smgw.status import Ptb
from mitmeter.errors import RemoteProtocolError
from tests.devices.smgw.smgw_examples import request, response

KWH = {"0100010800ff": Scale(-1, "Wh"), "0100020800ff": Scale(-1, "Wh")}
ENDPOINT = "/smgw/m2m/00471tst0000000042.sm/json"
CONTRACT = "01005e318021.tst-0042-bezug.sm"


def payload(name: str) -> Any:
    return theben.parse_answer(response(name).body).payload


# what is asked, byte for byte as in the examples


def test_requests_are_the_examples_bodies() -> None:
    assert (
        theben.call(ENDPOINT, "user-info").body == request("Theben: user-info, login by MD5").body
    )
    assert (
        theben.channels_of(ENDPOINT, CONTRACT).body
        == request("Theben: usage-point-info is asked for").body
    )
    assert (
        theben.last_readings(ENDPOINT, CONTRACT).body
        == request("Theben: readings, last value is asked for").body
    )


def test_an_interval_is_asked_for_in_utc() -> None:
    ask = theben.readings_between(
        ENDPOINT,
        CONTRACT,
        datetime(2026, 3, 1, 10, 45, tzinfo=UTC),
        datetime(2026, 3, 1, 11, 30, tzinfo=UTC),
    )
    expected = json.loads(request("Theben: readings, interval is asked for").body)
    del expected["channels"]
    assert json.loads(ask.body) == expected


@pytest.mark.parametrize(
    ("location", "endpoint"),
    [
        (ENDPOINT, ENDPOINT),
        (f"https://192.0.2.7{ENDPOINT}", ENDPOINT),
        (f"https://192.0.2.7:443{ENDPOINT}", ENDPOINT),
        (f"https://evil.example{ENDPOINT}", None),
        (f"//evil.example{ENDPOINT}", None),
        ("/smgw/cust/x/start", None),
        ("/smgw/m2m/a/b/json", None),
        ("https://[broken", None),
        ("", None),
    ],
)
def test_only_a_users_endpoint_on_the_same_host_is_followed(
    location: str, endpoint: str | None
) -> None:
    assert theben.endpoint_in(location, "192.0.2.7") == endpoint


# what is answered


def test_the_running_contract_is_kept_and_the_archived_one_dropped() -> None:
    found = theben.contracts(payload("Theben: user-info, two contracts of which one is running"))
    assert [each.id for each in found] == [CONTRACT, "01005e318020.tst-0042-alt.sm"]
    assert [each.id for each in theben.chosen(found)] == [CONTRACT]
    assert found[0].meters == ("1tst0000000042",)


def test_without_a_load_profile_all_running_contracts_are_read() -> None:
    point = {"taf-number": "1", "taf-state": "running"}
    members: Any = {"usage-points": [{"usage-point-id": name, **point} for name in ("a", "b")]}
    assert [each.id for each in theben.chosen(theben.contracts(members))] == ["a", "b"]
    assert theben.chosen(theben.contracts(members), ["10"]) == []


def test_scales_come_with_the_contract() -> None:
    assert theben.scales(payload("Theben: how the registers of a contract scale")) == KWH


def test_newest_values_are_told_at_their_target_time() -> None:
    found = theben.readings(payload("Theben: newest values"), KWH)
    at = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    told = [(v.meter, v.code, v.number, v.at, v.ptb) for v in found.values]
    assert told == [
        ("1tst0000000042", "0100010800ff", Decimal("2468101.2"), at, Ptb.OK),
        ("1tst0000000042", "0100020800ff", Decimal("135791.3"), at, Ptb.OK),
    ]
    assert found.odd == 0


def test_each_value_of_an_interval_has_its_own_class() -> None:
    found = theben.readings(payload("Theben: an interval, one value of it marked as unusable"), KWH)
    assert [v.ptb for v in found.values] == [Ptb.OK, Ptb.UNUSABLE, Ptb.OK]
    assert found.values[1].why == ("system time invalid",)


def test_other_registers_without_a_scale_are_left_out_and_counted() -> None:
    row: Any = {"value": "5", "target-time": "2026-03-01T11:30:00Z"}
    members: Any = {"channels": [{"obis": "0100100700ff", "readings": [row, row]}]}
    found = theben.readings(members, {})
    assert (found.values, found.odd) == ((), 2)


def test_energy_without_a_scale_is_read_as_is_usual() -> None:
    row: Any = {"value": "24681012", "target-time": "2026-03-01T11:30:00Z"}
    found = theben.readings({"channels": [{"obis": "0100010800ff", "readings": [row]}]}, {})
    assert found.values[0].number == Decimal("2468101.2")


def test_an_empty_channel_and_a_null_signature_are_nothing_odd() -> None:
    row: Any = {"value": "1", "target-time": "2026-03-01T11:30:00Z", "signature": None}
    members: Any = {"channels": [{"obis": "0100010800ff", "readings": []},
                            {"obis": "0100020800ff", "readings": [row]}]}  # fmt: skip
    found = theben.readings(members, KWH)
    assert (len(found.values), found.odd) == (1, 0)


@pytest.mark.parametrize("value", ["", None, "1.5", "abc", {}, [], True, "9" * 30])
def test_a_value_that_is_no_whole_number_is_counted_as_odd(value: object) -> None:
    row: Any = {"value": value, "target-time": "2026-03-01T11:30:00Z"}
    found = theben.readings({"channels": [{"obis": "0100010800ff", "readings": [row]}]}, KWH)
    assert (found.values, found.odd) == ((), 1)


def test_a_computed_values_owner_is_a_contract_and_no_meter() -> None:
    row: Any = {"value": "1", "target-time": "2026-03-01T11:30:00Z", "owner-number": CONTRACT}
    found = theben.readings(
        {"channels": [{"obis": "0100010800ff", "readings": [row]}]},
        KWH,
    )
    assert found.values[0].meter == ""


def test_who_the_gateway_is_and_what_its_clock_shows() -> None:
    found = theben.gateway(payload("Theben: who the gateway is"))
    assert (found.id, found.firmware, found.state) == ("ethe0399000017", "v9.99.0-cc", "ok")
    assert found.clock == datetime(2026, 3, 1, 10, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<html></html>",
        b'{"method":"readings","readings":{"channels":[',
        b'{"method":"readings"}',
        b"[]",
        b'{"method":"readings","readings":[]}',
        b"\xff\xfe",
        b'{"method":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a":1e99999999999999999999}',
    ],
)
def test_an_answer_that_is_none_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        theben.parse_answer(body)
