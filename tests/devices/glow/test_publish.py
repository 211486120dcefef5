"""MQTT packets, laid out by hand as the standard has them."""

from __future__ import annotations

import pytest

from mitmeter.devices.glow.messages import Delivery
from mitmeter.devices.glow.publish import (
    MAX_PACKET,
    Broken,
    Packet,
    PublishStream,
    begins_packet,
    encode_publish,
)
from mitmeter.errors import LocalProtocolError

# PUBLISH, quality 1, retained; 9 bytes: topic "a/b", number 0x0102, payload "hi".
QUALITY_1 = bytes.fromhex("33 09 0003 612f62 0102 6869")


def test_a_packet_of_quality_1_has_a_number_between_topic_and_payload() -> None:
    stream = PublishStream()
    assert stream.feed(QUALITY_1) == [
        Packet(QUALITY_1, "a/b", b"hi", Delivery(1, retained=True, packet_id=0x0102))
    ]
    delivery = Delivery(1, retained=True, packet_id=0x0102)
    assert encode_publish("a/b", b"hi", delivery) == QUALITY_1


def test_a_length_above_127_takes_two_bytes_low_group_first() -> None:
    raw = encode_publish("t", bytes(321 - 3), Delivery())
    assert raw[:3] == bytes((0x30, 0xC1, 0x02))  # the standard's own example: 321
    assert len(raw) == 3 + 321


def test_packets_are_found_however_the_bytes_come() -> None:
    stream = PublishStream()
    found = [each for byte in QUALITY_1 * 2 for each in stream.feed(bytes((byte,)))]
    assert [each.raw for each in found] == [QUALITY_1, QUALITY_1]
    assert stream.end() == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("20 02 00 00", "type 2"),
        ("36 04 0001 61 00", "quality 3"),
        ("30 01 00", "its topic needs 2"),
        ("30 03 0005 61", "its topic needs 7"),
        ("32 03 0001 61", "its topic needs 5"),
        ("30 04 0002 c328", "not UTF-8"),
    ],
)
def test_a_packet_that_makes_no_sense_is_told_and_the_next_one_still_read(
    raw: str, reason: str
) -> None:
    bad = bytes.fromhex(raw)
    first, second = PublishStream().feed(bad + QUALITY_1)
    assert isinstance(first, Broken)
    assert first.raw == bad
    assert reason in first.reason
    assert isinstance(second, Packet)


@pytest.mark.parametrize(
    ("start", "reason"),
    [("30 ff ff ff ff", "more than 4 bytes"), ("30 ff ff ff 7f", "at most 65536")],
)
def test_after_a_corrupt_length_everything_is_handed_on_in_pieces(start: str, reason: str) -> None:
    stream = PublishStream()
    found = stream.feed(bytes.fromhex(start) + QUALITY_1 * 1000)
    assert {len(each.raw) for each in found} == {4096}
    assert all(isinstance(each, Broken) and reason in each.reason for each in found)
    (rest,) = stream.end()
    assert sum(len(each.raw) for each in found) + len(rest.raw) == 5 + 11_000
    assert stream.feed(QUALITY_1)[0].raw == QUALITY_1, "a new stream begins after the end"


def test_a_packet_that_does_not_come_whole_is_told_at_the_end() -> None:
    stream = PublishStream()
    assert stream.feed(QUALITY_1[:5]) == []
    (rest,) = stream.end()
    assert rest == Broken(QUALITY_1[:5], "the stream ended inside an MQTT packet")


@pytest.mark.parametrize(
    ("topic", "payload", "delivery"),
    [
        ("a" * 70_000, b"", Delivery()),
        ("a", bytes(MAX_PACKET), Delivery()),
        ("a", b"", Delivery(quality=3)),
        ("a", b"", Delivery(packet_id=1)),
        ("a", b"", Delivery(quality=1, packet_id=65_536)),
        ("\ud800", b"", Delivery()),
    ],
)
def test_what_does_not_fit_into_a_packet_cannot_be_said(
    topic: str, payload: bytes, delivery: Delivery
) -> None:
    with pytest.raises(LocalProtocolError):
        encode_publish(topic, payload, delivery)


def test_no_http_method_begins_like_a_packet() -> None:
    assert not any(begins_packet(letter) for letter in b"GPHDOTCabc\r\n\x16")
    assert begins_packet(0x30)
    assert begins_packet(0x3D)
