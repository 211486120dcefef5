from decimal import Decimal

import pytest

from mitmeter.devices.efergy.messages import CurrentRow
from mitmeter.devices.efergy.recjson import RecJson, parse_recjson, recjson_body

HASH = "0123456789abcdef0123456789abcdef"
ROW = CurrentRow(700_001, "mA", "E1", Decimal(10_000), ("0", "0", "65535"))
BODY = (
    'json=02005E302010|65A51E40|v1.0.1|{"data":[[700001,"mA","E1",10000,0,0,65535]]}|' + HASH
).encode()


def parsed(body: bytes) -> RecJson:
    found = parse_recjson(body)
    assert isinstance(found, RecJson)
    return found


def test_the_five_parts_are_read() -> None:
    assert parsed(BODY) == RecJson("02005E302010", "65A51E40", "v1.0.1", (ROW,), ())


def test_rows_are_written_as_a_hub_writes_them() -> None:
    assert recjson_body("02005E302010", "65A51E40", "v1.0.1", [ROW], HASH) == BODY


@pytest.mark.parametrize("pipe", [b"%7C", b"%7c"])
def test_a_percent_encoded_body_says_the_same(pipe: bytes) -> None:
    encoded = BODY[5:].replace(b"|", pipe).replace(b'"', b"%22").replace(b"[", b"%5B")
    assert parsed(b"json=" + encoded) == parsed(BODY)


def test_a_plus_is_no_blank() -> None:
    assert parsed(BODY.replace(b"v1.0.1", b"v1+1")).firmware == "v1+1"


def test_a_pipe_inside_the_json_does_no_harm() -> None:
    assert parsed(BODY.replace(b'"E1"', b'"E|1"')).rows[0].mode == "E|1"


def test_every_row_is_read() -> None:
    two = b'[700001,"mA","E1",1500,0,0,65535],[700002,"mA","E1",2750,0,0,65535]'
    rows = parsed(b"json=a|b|c|" + b'{"data":[' + two + b"]}|d").rows
    assert [(row.sid, int(row.milliamps)) for row in rows] == [(700_001, 1500), (700_002, 2750)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("5", "at least 4"),
        ('[700001,"mA"]', "at least 4"),
        ('[0,"mA","E1",1]', "sensor id"),
        ('[true,"mA","E1",1]', "sensor id"),
        ('[10000000,"mA","E1",1]', "sensor id"),
        ('[700001,"W","E1",1]', "not mA"),
        ('[700001,"mA","E1","1"]', "no number"),
        ('[700001,"mA","E1",true]', "no number"),
        ('[700001,"mA","E1",NaN]', "no number"),
        ('[700001,"mA","E1",2147483647]', "overflow"),
        ('[700001,"mA","E1",1e999999999]', "overflow"),
    ],
)
def test_a_bad_row_is_told_and_the_others_still_read(row: str, why: str) -> None:
    body = f'json=a|b|c|{{"data":[{row},[700001,"mA","E1",10000,0,0,65535]]}}|d'
    found = parsed(body.encode())
    assert found.rows == (ROW,)
    assert [why in each.why for each in found.odd] == [True]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "json="),
        (b"data=x", "json="),
        (b"json=a|b|c", "3 parts"),
        (b"json=a|b|c|{}", "4 parts"),
        (b"json=a|b|c|{|d", "no JSON"),
        (b"json=a|b|c|" + b"[" * 50_000 + b"|d", "no JSON"),
        (b"json=a|b|c|[1" + b"0" * 10_000 + b"]|d", "no JSON"),
        (b"json=a|b|c|[]|d", "no list named data"),
        (b'json=a|b|c|{"data":5}|d', "no list named data"),
    ],
)
def test_a_body_that_says_nothing_says_why(body: bytes, why: str) -> None:
    found = parse_recjson(body)
    assert isinstance(found, str)
    assert why in found


def test_no_more_than_256_rows_are_read_and_the_rest_is_told() -> None:
    rows = ",".join(['[700001,"mA","E1",1]'] * 300)
    found = parsed(f'json=a|b|c|{{"data":[{rows}]}}|d'.encode())
    assert len(found.rows) == 256
    assert [each.why for each in found.odd] == ["44 rows beyond the 256th"]
