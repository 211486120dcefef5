"""A little DER: what a signed file and its certificate are written in. Source: ITU-T X.690."""

from __future__ import annotations

INTEGER, BIT_STRING, OCTET_STRING, NULL, OBJECT = 0x02, 0x03, 0x04, 0x05, 0x06
UTF8, PRINTABLE, UTC_TIME = 0x0C, 0x13, 0x17
SEQUENCE, SET = 0x30, 0x31
CONSTRUCTED_OCTETS = 0x24  # BER only


def tlv(tag: int, *content: bytes) -> bytes:
    """Return one element: tag, length, content."""
    body = b"".join(content)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def integer(value: int) -> bytes:
    """Return a whole number that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """Return an object identifier such as 1.2.840.113549.1.7.2."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    found = bytearray()
    for part in (40 * first + second, *rest):
        digits = [part & 0x7F]
        while part := part >> 7:
            digits.append(0x80 | part & 0x7F)
        found += bytes(reversed(digits))
    return tlv(OBJECT, bytes(found))


def context(number: int, *content: bytes) -> bytes:
    """Return a constructed element of a context tag: [number]."""
    return tlv(0xA0 | number, *content)
