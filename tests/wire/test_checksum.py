"""Shared checksums against published check values."""

from __future__ import annotations

from mitmeter.wire.checksum import crc16_modbus, crc16_xmodem


def test_modbus_crc_has_its_published_check_value() -> None:
    assert crc16_modbus(b"123456789") == 0x4B37


def test_modbus_crc_of_nothing_is_its_start_value() -> None:
    assert crc16_modbus(b"") == 0xFFFF


def test_xmodem_crc_has_its_published_check_value() -> None:
    assert crc16_xmodem(b"123456789") == 0x31C3


def test_xmodem_crc_over_data_and_its_checksum_is_zero() -> None:
    assert crc16_xmodem(b"123456789\x31\xc3") == 0
