"""The field dictionary: orders, packed numbers, indices, times."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from mitmeter.devices.alphaess.registers import (
    CONFIG_REPLY_BOOLEANS,
    CONFIG_REPLY_FIELDS,
    CONFIG_REPORT_FIELDS,
    HISTORY_FIELDS,
    IDENTITY_FIELDS,
    PRIVATE_FIELDS,
    REGISTERS,
    STATUS_FIELDS,
    TELEMETRY_FIELDS,
    TEXT_FIELDS,
    Cell,
    Packed,
    decode_cmd_index,
    encode_cmd_index,
    format_time,
    format_value,
    pack_cell,
    parse_time,
    unpack_cell,
)
from mitmeter.model import CATALOGUE


def test_messages_have_as_many_members_as_real_ones() -> None:
    assert len(STATUS_FIELDS) == 16
    assert len(TELEMETRY_FIELDS) == 89
    assert len(HISTORY_FIELDS) == 82
    assert len(CONFIG_REPLY_FIELDS) == len(set(CONFIG_REPLY_FIELDS)) == 132
    assert len(CONFIG_REPORT_FIELDS) == 133
    assert len(set(CONFIG_REPORT_FIELDS)) == 132
    assert CONFIG_REPORT_FIELDS.count("Generator") == 2


def test_every_measured_field_is_a_register_a_word_or_says_who_and_when() -> None:
    fields = {*STATUS_FIELDS, *TELEMETRY_FIELDS, *HISTORY_FIELDS}
    assert fields == set(REGISTERS) | TEXT_FIELDS | IDENTITY_FIELDS


def test_registers_and_the_catalogue_agree_on_names_and_units() -> None:
    for register in REGISTERS.values():
        if not register.quantity.startswith("vendor.alphaess."):
            assert CATALOGUE[register.quantity].unit == register.unit
        if register.unpacked:
            assert register.unpacked in CATALOGUE


def test_both_names_of_a_string_voltage_are_one_quantity() -> None:
    assert REGISTERS["Upv1"].quantity == REGISTERS["Vpv1"].quantity == "pv.voltage.string1"


def test_owner_data_and_serial_numbers_are_private() -> None:
    assert {"Password", "Address", "BatterySN1", "BatterySN18", "WifiSN"} <= PRIVATE_FIELDS
    assert "Country" not in PRIVATE_FIELDS
    assert set(CONFIG_REPLY_FIELDS) >= CONFIG_REPLY_BOOLEANS


# Worked example E6 of the protocol fact sheet.
@pytest.mark.parametrize(
    ("packed", "kind", "cell"),
    [
        (17042661, Packed.MILLIVOLT, Cell(1, 4, 3301)),
        (17501430, Packed.MILLIVOLT, Cell(1, 11, 3318)),
        (16908312, Packed.CELSIUS, Cell(1, 2, 24)),
        (17170458, Packed.CELSIUS, Cell(1, 6, 26)),
        (0x0102FFFB, Packed.CELSIUS, Cell(1, 2, -5)),
        (0x0102FFFB, Packed.MILLIVOLT, Cell(1, 2, 65531)),
    ],
)
def test_cells_are_packed_as_pack_cell_value(packed: int, kind: Packed, cell: Cell) -> None:
    assert unpack_cell(packed, kind) == cell
    assert pack_cell(cell) == packed


@pytest.mark.parametrize("packed", [-1, 2**32])
def test_what_does_not_fit_32_bits_packs_no_cell(packed: int) -> None:
    assert unpack_cell(packed, Packed.MILLIVOLT) is None


# Worked example E19 of the protocol fact sheet.
@pytest.mark.parametrize(
    ("index", "clock"),
    [("43210987", "12:00:10.987"), ("0", "00:00:00.000"), ("86399999", "23:59:59.999")],
)
def test_a_command_index_is_a_time_of_day(index: str, clock: str) -> None:
    assert decode_cmd_index(index) == clock


@pytest.mark.parametrize("index", ["86400000", "-1", "", "x", "٣", "9" * 5000, "1.5"])
def test_what_is_no_time_of_day_is_no_command_index(index: str) -> None:
    assert decode_cmd_index(index) is None


def test_a_command_index_is_made_of_the_servers_clock() -> None:
    assert encode_cmd_index(datetime.fromisoformat("2025-06-01T12:00:10.987654Z")) == "43210987"


def test_times_are_local_without_a_zone() -> None:
    told = parse_time("2025/06/01 12:00:20")
    assert told == datetime.fromisoformat("2025-06-01T12:00:20")
    assert told is not None
    assert told.tzinfo is None
    assert format_time(told) == "2025/06/01 12:00:20"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025/02/30 12:00:00",
        "2025/13/01 12:00:00",
        "0000/01/01 12:00:00",
        "2025/06/01 24:00:00",
        "2025/06/01 23:59:60",
        "2025-06-01 12:00:20",
        "2025/06/01T12:00:20",
        "2025/06/01 12:00:20Z",
        "2025/6/1 12:00:20",
        "25/06/01 12:00:20",
        "2025/06/01 12:00:2/",
        "２025/06/01 12:00:20",
    ],
)
def test_impossible_dates_and_other_forms_are_no_time(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("name", "value", "json", "csv"),
    [
        ("Ppv1", "1505", "1505", "1505"),
        ("Pbat", "-2233.5", "-2233.5000", "-2233.5000"),
        ("SOC", "72.4", "72.4", "72.4"),
        ("Einput", "812.3", "812.30", "812.30"),
        ("PrealL1", "0", "0", "0"),
        ("PrealL2", "0", "0.0", "0"),
        ("PacL2", "-455", "-455", "-455"),
        ("Ub", "0", "0.0", "0.0"),
        ("PmeterL1", "-0.4", "0", "0"),
    ],
)
def test_values_are_written_with_the_decimals_of_the_battery(
    name: str, value: str, json: str, csv: str
) -> None:
    assert format_value(name, Decimal(value)) == json
    assert format_value(name, Decimal(value), history=True) == csv
