from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from struct import pack

import pytest

from mitmeter.devices.efergy.bulk import Stored, bulk_body, parse_bulk
from mitmeter.devices.efergy.messages import StoredRecord
from mitmeter.errors import LocalProtocolError
from tests.devices.efergy.efergy_sayings import STORED, STORED_HEAD, STORED_RECORDS

BASE = 1_705_320_000
NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
FULL = STORED + b"\xff" * (4096 - len(STORED))


def clamp(sid: int, seconds: int, milliamps: str) -> StoredRecord:
    at = NOON + timedelta(seconds=seconds)
    return StoredRecord(sid, at, "EFCT", (("P1", Decimal(milliamps)),))


CLIMATE = StoredRecord(
    700_003,
    NOON + timedelta(seconds=61),
    "EFMS",
    (("M", Decimal(64)), ("T", Decimal("21.5")), ("L", Decimal(0))),
)
RECORDS = (
    clamp(700_001, 0, "5000"),
    clamp(700_002, 0, "1234.5"),
    clamp(700_001, 60, "5100.25"),
    CLIMATE,
    clamp(700_001, 65_546, "4900"),
)


def parsed(body: bytes) -> Stored:
    found = parse_bulk(body)
    assert isinstance(found, Stored)
    return found


def with_record(raw: bytes) -> bytes:
    return STORED_HEAD + raw + bytes((sum(raw) & 0xFF,)) + STORED_RECORDS[2]


def test_records_have_their_sensor_their_time_and_their_values() -> None:
    assert parsed(FULL) == Stored(BASE, RECORDS, ())


def test_records_are_written_as_a_hub_writes_them() -> None:
    assert bulk_body(BASE, RECORDS) == FULL


def test_the_high_bit_of_the_time_is_worth_65536_seconds() -> None:
    assert parsed(FULL).records[-1].at == datetime(2024, 1, 16, 6, 12, 26, tzinfo=UTC)


def test_a_bad_checksum_drops_one_record_only() -> None:
    spoilt = bytearray(FULL)
    spoilt[34] ^= 0x01
    found = parsed(bytes(spoilt))
    assert found.records == (RECORDS[0], *RECORDS[2:])
    assert [each.why for each in found.odd] == ["checksum 51, expected 50"]


def test_a_last_record_cut_short_is_normal() -> None:
    assert parsed(STORED[:64]) == Stored(BASE, RECORDS[:4], ())


def test_an_unknown_type_stops_the_reading_and_is_told() -> None:
    found = parsed(STORED_HEAD + STORED_RECORDS[0] + bytes.fromhex("40003C00") + STORED_RECORDS[1])
    assert found.records == RECORDS[:1]
    assert "type 2 of unknown length" in found.odd[0].why


@pytest.mark.parametrize("lead", [0x26, 0x2A, 0x3E])
def test_a_place_that_is_empty_or_beyond_the_table_drops_the_record(lead: int) -> None:
    found = parsed(with_record(bytes((lead, 0, 0)) + pack("<f", 1.0)))
    assert found.records == (RECORDS[2],)
    assert "of the sensor table is empty" in found.odd[0].why


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e37, 2_147_483_648.0])
def test_garbage_with_a_sound_checksum_is_no_value(value: float) -> None:
    found = parsed(with_record(bytes((0x20, 0, 0)) + pack("<f", value)))
    assert found.records == (RECORDS[2],)
    assert "NaN, infinite or an overflow" in found.odd[0].why


@pytest.mark.parametrize("told", ["350.1", "12345.67", "0.01", "99999.99", "1000000", "0"])
def test_a_float_becomes_the_decimal_the_hub_means(told: str) -> None:
    found = parsed(with_record(bytes((0x20, 0, 0)) + pack("<f", float(told))))
    assert str(found.records[0].values[0][1]) == told


@pytest.mark.parametrize("size", [0, 4, 18])
def test_a_body_without_a_whole_header_says_why(size: int) -> None:
    assert parse_bulk(STORED[:size]) == f"{size} bytes of stored data, the header alone takes 19"


def test_zeroes_are_no_records() -> None:
    found = parsed(bytes(4096))
    assert found.records == ()
    assert "type 0 of unknown length" in found.odd[0].why


def test_more_than_five_sensors_do_not_fit_one_body() -> None:
    with pytest.raises(LocalProtocolError, match="6 sensors"):
        bulk_body(BASE, [clamp(700_001 + n, 0, "1") for n in range(6)])


@pytest.mark.parametrize("seconds", [-1, 131_072])
def test_a_time_out_of_reach_is_refused(seconds: int) -> None:
    with pytest.raises(LocalProtocolError, match="after its base"):
        bulk_body(BASE, [clamp(700_001, seconds, "1")])


def test_more_records_than_fit_are_refused() -> None:
    with pytest.raises(LocalProtocolError, match="4099 bytes"):
        bulk_body(BASE, [replace(RECORDS[0])] * 510)
