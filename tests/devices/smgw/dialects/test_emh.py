from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mitmeter.devices.smgw.dialects import emh
from mitmeter.devices.smgw.status import Ptb
from mitmeter.errors import RemoteProtocolError
from tests.devices.smgw.smgw_examples import request, response

METER = "1tst0000000077"


def test_requests_are_the_examples() -> None:
    assert emh.meters().target == request("EMH: the meters are asked for without a login").target
    assert emh.current(METER).target == request("EMH: a meter's values are asked for").target


def test_the_list_of_meters_is_read() -> None:
    assert emh.parse_ids(response("EMH: two meters").body) == [METER, "1tst0000000078"]


def test_ids_that_are_none_are_skipped() -> None:
    assert emh.parse_ids(b'["ok", 3, null, "../etc", "", {"a":1}]') == ["ok"]


def test_current_values_apply_the_scaler_given_and_skip_the_malformed() -> None:
    found = emh.parse_current(response("EMH: a meter's values, one entry malformed").body)
    assert {v.code: v.number for v in found.values} == {
        "0100010800ff": Decimal("2468101.2"),
        "0100020800ff": Decimal("135791.3"),
        "0100100700ff": Decimal("-432.1"),
        "0100200700ff": Decimal("229.8"),
        "01001f0700ff": Decimal("1.88"),
        "01000e0700ff": Decimal("49.9"),
    }
    assert found.odd == 1
    assert found.clock == datetime(2026, 3, 1, 11, 30, 7, tzinfo=UTC)
    assert {v.ptb for v in found.values} == {Ptb.OK}


def test_the_meters_half_of_the_status_does_not_count() -> None:
    body = (
        b'{"capture_time":"2026-03-01T12:30:00+01:00","status":"a000000020004000","values":'
        b'[{"logical_name":"0100010800ff.1tst0000000077.sm","scaler":-3,"unit":30,"value":"7"}]}'
    )
    (value,) = emh.parse_current(body).values
    assert value.ptb is Ptb.OK
    assert value.number == Decimal("0.007")


def test_a_contract_names_its_meters() -> None:
    found = emh.parse_contract(response("EMH: one contract").body)
    assert (found.taf, found.running, found.meters) == ("1", True, (METER,))


def test_history_rows_hold_amounts_with_units() -> None:
    body = (
        b'[{"timestamp_act":"2026-02-28T12:00:03+01:00","timestamp_nom":"2026-02-28T12:00:00+01:00"'
        b',"status":"a000000020003800","0100010800FF":"123.4567 kWh","junk":"x","0100020800ff":""}]'
    )
    (value,) = emh.parse_history(body, METER)
    assert (value.code, value.number, value.unit, value.meter) == (
        "0100010800ff",
        Decimal("123.4567"),
        "kWh",
        METER,
    )
    assert value.at == datetime(2026, 2, 28, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"values":[]}', b'{"values":{}}', b"<html>"]
)
def test_values_that_are_none_are_refused_in_words(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        emh.parse_current(body)


@pytest.mark.parametrize(
    ("target", "meter"),
    [
        ("/json/metering/origin/1tst0000000077/extended", METER),
        ("/json/metering/origin/", None),
        ("/json/metering/derived/x", None),
    ],
)
def test_a_target_tells_whose_current_values_are_asked_for(target: str, meter: str | None) -> None:
    assert emh.current_of(target) == meter


def test_the_list_of_meters_is_nobodys_history() -> None:
    assert emh.history_of("/json/metering/origin/") is None
    assert emh.history_of("/json/metering/origin/1tst0000000077/3") == METER
