"""Checksums that several protocols share."""

from __future__ import annotations

from fastcrc import crc16


def crc16_modbus(data: bytes) -> int:
    """Return the CRC-16/MODBUS of the bytes: polynomial 0x8005 reflected, start 0xFFFF.

    The published check value for `123456789` is 0x4B37. Which byte goes first on the wire is the
    protocol's affair.
    """
    return crc16.modbus(data)


def crc16_xmodem(data: bytes) -> int:
    """Return the CRC-16/XMODEM of the bytes: polynomial 0x1021, not reflected, start 0x0000.

    The published check value for `123456789` is 0x31C3. Over data and its own checksum, high byte
    first, it is 0.
    """
    return crc16.xmodem(data)
