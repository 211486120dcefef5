"""Bytes nobody's device sends, but somebody's scanner, browser or broken cable does."""

from __future__ import annotations

from dataclasses import dataclass

# A real client's first flight, shortened to its beginning: record, handshake type, version, random.
_TLS_HELLO = bytes.fromhex(
    "16030100c8010000c40303"
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "20e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
    "0026c02bc02fc02cc030cca9cca8c009c013c00ac014009c009d002f0035c012000a130113021303"
    "010000550000"
)
_HTTP_REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Nasty:
    """One sample of bad input; `name` reads well in a test's id."""

    name: str
    data: bytes


NASTY: tuple[Nasty, ...] = (
    Nasty("a TLS hello", _TLS_HELLO),
    Nasty("an HTTP request", _HTTP_REQUEST),
    Nasty("an HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Nasty("an SSH banner", b"SSH-2.0-OpenSSH_9.6\r\n"),
    Nasty("a PROXY protocol header", b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 7777\r\n"),
    Nasty("an MQTT connect", bytes.fromhex("100c00044d5154540402003c0000")),
    Nasty("telnet negotiation", bytes.fromhex("fffd18fffd20fffd23fffd27")),
    Nasty("a Modbus request", bytes.fromhex("000100000006010300000001")),
    Nasty("one byte", b"\x01"),
    Nasty("zeroes", bytes(512)),
    Nasty("ones", b"\xff" * 512),
    Nasty("a ramp", bytes(range(256)) * 2),
    Nasty("4 GB length, big-endian, early", b"\x01" + b"\xff" * 4 + b"x" * 64),
    Nasty("4 GB length, big-endian, after three bytes", b"\x01\x01\x02" + b"\xff" * 4 + b"x" * 64),
    Nasty("2 GB length, signed trap", b"\x01\x01\x02\x80\x00\x00\x00" + b"x" * 64),
    Nasty("largest signed length", b"\x01\x01\x02\x7f\xff\xff\xff" + b"x" * 64),
    Nasty("a line without an end", b"A" * 4096),
    Nasty("line ends only", b"\r\n" * 256),
    Nasty("a decimal length of 40 digits", b"9" * 40 + b"\r\n"),
    Nasty("text that is not UTF-8", b"\xc3\x28\xa0\xa1\xe2\x28\xa1\xf0\x28\x8c\xbc"),
    Nasty("UTF-16 text", "mitmeter".encode("utf-16")),
    Nasty("JSON nested a thousand deep", b"[" * 1000 + b"]" * 1000),
    Nasty("JSON with a key twice", b'{"Time":"2025/06/01 12:00:20","Time":"0000/99/99"}'),
    Nasty(
        "JSON with absurd numbers", b'{"SOC":1e999999,"Pbat":-1e-999999,"Ppv1":' + b"9" * 400 + b"}"
    ),
    Nasty("JSON that is no JSON", b'{"SOC":NaN,"Pbat":Infinity,}'),
    Nasty("a gzip header", bytes.fromhex("1f8b08000000000000ff")),
    Nasty("escape sequences for a terminal", b"\x1b]0;pwned\x07\x1b[2J\x1b[31m\r\n"),
)


def flood(unit: bytes, size: int) -> bytes:
    """Return `unit` over and over, exactly `size` bytes."""
    return (unit * (size // len(unit) + 1))[:size]
