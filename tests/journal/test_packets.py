from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.journal.packets import ACK, SYN, Endpoint, checksum, tcp_packet


def ones_complement_sum(data: bytes) -> int:
    """RFC 1071 word by word, as its text describes it."""
    data += b"\0" * (len(data) % 2)
    total = 0
    for at in range(0, len(data), 2):
        total += data[at] << 8 | data[at + 1]
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_the_checksum_of_the_example_in_rfc_1071() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D


@given(st.binary(max_size=100) | st.sampled_from([b"\xff\xff", b"\xff\xff\0\0", b"\0\0"]))
def test_the_checksum_is_the_complement_of_the_sum(data: bytes) -> None:
    assert checksum(data) == ones_complement_sum(data) ^ 0xFFFF


def test_an_ip4_packet_has_the_documented_fields_and_valid_checksums() -> None:
    source = Endpoint(ipaddress.ip_address("192.168.101.7"), 50123)
    target = Endpoint(ipaddress.ip_address("192.0.2.1"), 7777)
    packet = tcp_packet(source, target, SYN | ACK, 2**32 + 5, 9, b"abc")
    assert packet[:2] == b"\x45\x00"
    assert int.from_bytes(packet[2:4], "big") == len(packet) == 43
    assert packet[12:20] == bytes([192, 168, 101, 7, 192, 0, 2, 1])
    assert ones_complement_sum(packet[:20]) == 0xFFFF
    assert packet[20:24] == (50123).to_bytes(2, "big") + (7777).to_bytes(2, "big")
    assert packet[24:32] == b"\0\0\0\x05\0\0\0\x09"
    assert packet[33] == 0x12
    pseudo = packet[12:20] + b"\0\x06" + (23).to_bytes(2, "big")
    assert ones_complement_sum(pseudo + packet[20:]) == 0xFFFF
    assert packet.endswith(b"abc")


def test_an_ip6_packet_has_the_documented_fields_and_a_valid_checksum() -> None:
    source = Endpoint(ipaddress.ip_address("fe80::1"), 1)
    target = Endpoint(ipaddress.ip_address("2001:db8::2"), 2)
    packet = tcp_packet(source, target, ACK, 0, 0, b"abcd")
    assert packet[:8] == b"\x60\0\0\0" + (24).to_bytes(2, "big") + b"\x06\x40"
    pseudo = packet[8:40] + (24).to_bytes(4, "big") + b"\0\0\0\x06"
    assert ones_complement_sum(pseudo + packet[40:]) == 0xFFFF


@pytest.mark.parametrize("size", [0, 1, 1460, 65_495])
def test_any_payload_ip_allows_fits(size: int) -> None:
    end = Endpoint(ipaddress.ip_address("192.0.2.1"), 1)
    packet = tcp_packet(end, end, ACK, 0, 0, bytes(size))
    assert int.from_bytes(packet[2:4], "big") == len(packet) == size + 40
