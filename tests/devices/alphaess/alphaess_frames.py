"""Frames for tests, sealed with a checksum worked out bit by bit, apart from the one tested."""

from __future__ import annotations

# Worked examples of the protocol fact sheet, crc checked independently.
STATUS_PAYLOAD = (
    b'{"Time":"2025/06/01 12:00:20","SN":"AL9900000000007","Ppv1":"1505","Ppv2":"1492",'
    b'"PrealL1":"640","PrealL2":"0.0","PrealL3":"0.0","PmeterL1":"-118","PmeterL2":"0",'
    b'"PmeterL3":"0","PmeterDC":"0","Pbat":"-2233.5000","Sva":"655","VarAC":"-92","VarDC":"-4",'
    b'"SOC":"72.4"}'
)
STATUS = bytes.fromhex("01011000000108") + STATUS_PAYLOAD + bytes.fromhex("CC03")
LOGIN = bytes.fromhex(
    "01010200000051 7B22557365724E616D65223A22414C39393030303030303030303037222C2250617373776F"
    "7264223A226578616D706C652D70617373222C22436F6D70616E794E616D65223A22416C706861455353227D"
    "2D8E"
)
REQUEST = bytes.fromhex("01010300000018 7B22534E223A22414C39393030303030303030303037227D 05AF")
SUCCESS_TO_TELEMETRY = bytes.fromhex("01020500000014 7B22537461747573223A2253756363657373227D 1EF9")


def crc(data: bytes) -> bytes:
    """Return CRC-16/MODBUS, high byte first."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    return bytes([register >> 8, register & 0xFF])


def frame(kind: int, command: int, payload: bytes) -> bytes:
    head = bytes([1, kind, command]) + len(payload).to_bytes(4, "big")
    return head + payload + crc(head + payload)
