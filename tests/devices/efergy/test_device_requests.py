from datetime import timedelta
from decimal import Decimal

from mitmeter.devices.efergy.codec import encode
from mitmeter.devices.efergy.device_requests import Speaker, bodies, unix_hex
from mitmeter.devices.efergy.messages import Bulk, CurrentRow, Line, StoredRecord
from mitmeter.model import Side
from tests.devices.efergy.efergy_sayings import NOON

SPEAKER = Speaker("02005E302010", "h3", "3.7.1")


def record(seconds: int, sid: int = 700_001) -> StoredRecord:
    values = (("P1", Decimal(5000)),)
    return StoredRecord(sid, NOON + timedelta(seconds=seconds), "EFCT", values)


def test_time_is_written_in_hex_and_as_zeroes_before_it_is_set() -> None:
    assert unix_hex(NOON) == "65A51E40"
    assert unix_hex(None) == "00000000"


def test_an_h3_report_looks_as_the_fact_sheets() -> None:
    line = Line(700_001, "1", "EFCT", (("P1", Decimal(12_000)),), -61)
    raw = encode(Side.DEVICE, SPEAKER.lines("65A51E40", 226, [line]))
    head, body = raw.split(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    digits = lines.pop(5)
    assert lines == [
        b"POST /h3 HTTP/1.1",
        b"Host: 10.20.30.02005e.h3.sensornet.info",
        b"X-Version: 3.7.1",
        b"X-TS: 65A51E40",
        b"X-Uptime: 226",
        b"X-Mode: E1",
        b"X-Pair: P",
        b"Content-Type: application/eh-data",
        b"Content-Length: 31",
    ]
    assert len(digits) == len("X-Hash: ") + 16
    assert body == b"700001|1|EFCT|P1,12000.00|-61\r\n"


def test_an_h1_report_looks_as_the_fact_sheets() -> None:
    row = CurrentRow(700_001, "mA", "E1", Decimal(10_000), ("0", "0", "65535"))
    raw = encode(Side.DEVICE, Speaker("02005E302010", "h1", "v1.0.1").currents("65A51E40", [row]))
    head, body = raw.split(b"\r\n\r\n")
    assert head == (
        b"POST /recjson HTTP/1.1\r\n"
        b"Host: 10.20.30.02005e.sensornet.info\r\n"
        b"User-Agent: Energyhive Hub/v1.0.1\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 112"
    )
    assert body[:-32] == (
        b'json=02005E302010|65A51E40|v1.0.1|{"data":[[700001,"mA","E1",10000,0,0,65535]]}|'
    )


def test_stored_records_go_out_as_they_are_read() -> None:
    records = (record(0), record(60, 700_002))
    message = SPEAKER.bulk("65A51E40", 226, records)
    assert isinstance(message, Bulk)
    assert message.records == records


def test_a_body_holds_509_clamp_records() -> None:
    assert [len(each) for each in bodies(record(n) for n in range(1200))] == [509, 509, 182]


def test_a_new_body_begins_where_the_time_runs_out() -> None:
    portions = bodies([record(0), record(131_071), record(131_072)])
    assert [len(each) for each in portions] == [2, 1]


def test_nothing_stored_needs_no_body() -> None:
    assert bodies([]) == []
