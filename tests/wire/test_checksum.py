"""Shared checksums against published check values."""

from __future__ import annotations

from mitmeter.wire.checksum import crc16_modbus


def test_modbus_crc_has_its_published_check_value() -> None:
    assert crc16_modbus(b"123456789") == 0x4B37


def test_modbus_crc_of_nothing_is_its_start_value() -> None:
    assert crc16_modbus(b"") == 0xFFFF
