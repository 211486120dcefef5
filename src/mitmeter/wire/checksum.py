"""Checksums that several protocols share."""

from __future__ import annotations

from fastcrc import crc16


def crc16_modbus(data: bytes) -> int:
    """Return the CRC-16/MODBUS of the bytes: polynomial 0x8005 reflected, start 0xFFFF.

    The published check value for `123456789` is 0x4B37. Which byte goes first on the wire is the
    protocol's affair.
    """
    return crc16.modbus(data)
