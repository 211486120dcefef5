"""What a display's bytes become, and what a head-end's."""

from __future__ import annotations

import pytest

from mitmeter.devices.glow.codec import GlowCodec, encode, topic_kind
from mitmeter.devices.glow.messages import (
    Expecting,
    MeterReport,
    MqttOther,
    MqttReading,
    MqttState,
    Prices,
    Reply,
    Request,
)
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from tests.devices.glow.glow_sayings import body_of, decoded, example, reply


def post(body: bytes, *, target: str = "/zb02", method: str = "POST", more: str = "") -> bytes:
    head = f"{method} {target} HTTP/1.1\r\nHost: h\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def test_a_report_has_its_headers_its_body_and_its_members() -> None:
    (message,) = decoded(example("G1"))
    assert isinstance(message, MeterReport)
    assert message.headers[1:3] == (("X-ID", "02005EFFFE302010"), ("X-TS", "65A51E41"))
    assert message.body == body_of("G1")
    assert message.members["time"] == "65A51E40"


def test_reports_on_one_connection_are_told_apart_from_tariffs_by_seven_characters() -> None:
    first, second, third = decoded(example("G1") + example("G5") + post(b"EPRICE"))
    assert isinstance(first, MeterReport)
    assert isinstance(second, Prices)
    assert isinstance(third, Request)


def test_a_chunked_report_is_read_like_any_other() -> None:
    body = body_of("G3").encode()
    head = b"POST /zb02 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = (
        b"64\r\n" + body[:100] + b"\r\n%x\r\n" % len(body[100:]) + body[100:] + b"\r\n0\r\n\r\n"
    )
    (message,) = decoded(head + chunks)
    assert isinstance(message, MeterReport)
    assert message.body == body.decode()


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (post(b"hello"), "not JSON"),
        (post(b""), "not JSON"),
        (post(b"[1]"), "not an object"),
        (post(b"\xff\xfe"), "not UTF-8 text at body byte 0"),
        (post(b"{}", target="/zb03"), "a path other than /zb02"),
        (post(b"{}", target="/"), "a path other than /zb02"),
        (post(b"{}", method="PUT"), "a method other than POST"),
        (b"GET /zb02 HTTP/1.1\r\nHost: h\r\n\r\n", "a method other than POST"),
    ],
)
def test_a_request_nobody_has_described_is_kept_whole_and_says_why(
    raw: bytes, problem: str
) -> None:
    (message,) = decoded(raw)
    assert isinstance(message, Request)
    assert problem in message.problem
    assert encode(Side.DEVICE, message) == raw


def test_a_query_behind_the_path_changes_nothing() -> None:
    (message,) = decoded(post(b"{}", target="/zb02?v=2"))
    assert isinstance(message, MeterReport)
    assert message.target == "/zb02?v=2"


def test_a_body_beyond_the_cap_is_refused_and_never_held() -> None:
    codec = GlowCodec()
    head = b"POST /zb02 HTTP/1.1\r\nHost: h\r\nContent-Length: 700000\r\n\r\n"
    fed = given = 0
    for part in (head, *[b"x" * 10_000] * 70):
        fed += len(part)
        items = codec.feed(Side.DEVICE, part)
        assert all(isinstance(item, Undecodable) for item in items)
        given += sum(len(item.raw) for item in items)
        assert fed - given <= 65_536 + 16_384
    assert given + sum(len(item.raw) for item in codec.end(Side.DEVICE)) == fed


def test_the_first_byte_decides_between_http_and_mqtt() -> None:
    (message,) = decoded(example("M1"))
    assert isinstance(message, MqttReading)
    assert message.topic == "glow/02005E302010/SENSOR/electricitymeter"
    assert message.body.startswith('{"electricitymeter"')


def test_after_the_end_of_a_stream_another_may_be_of_the_other_kind() -> None:
    codec = GlowCodec()
    for name in ("M1", "G1", "M3"):
        (item,) = codec.feed(Side.DEVICE, example(name))
        assert isinstance(item, Decoded)
        assert item.raw == example(name)
        assert codec.end(Side.DEVICE) == []


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("glow/02005E302010/SENSOR/electricitymeter", MqttReading),
        ("glow/02005E302010/SENSOR/glowsensorth1/a4c1", MqttReading),
        ("at/home/glow/02005E302010/SENSOR/gasmeter", MqttReading),
        ("glow/02005E302010/STATE", MqttState),
        ("glow/STATE", None),
        ("glow/02005E302010/LWT", None),
        ("SENSOR/x/y", None),
        ("", None),
    ],
)
def test_a_topic_tells_what_is_said_under_it(topic: str, kind: type | None) -> None:
    assert topic_kind(topic) is kind


def test_a_topic_nobody_has_described_and_a_body_that_is_no_object_are_kept() -> None:
    raw = bytes.fromhex("30 07 0003 612f62 6869")
    (message,) = decoded(raw)
    assert message == MqttOther("a/b", b"hi", "a topic that has never been described")
    assert encode(Side.DEVICE, message) == raw
    topic = b"g/m/STATE"
    (message,) = decoded(bytes((0x30, 2 + len(topic) + 2, 0, len(topic))) + topic + b"hi")
    assert isinstance(message, MqttOther)
    assert "not JSON" in message.problem


def test_a_reply_keeps_every_byte_of_its_body() -> None:
    body = bytes(range(128, 256))
    raw = b"HTTP/1.1 500 Oops\r\nContent-Length: 128\r\n\r\n" + body
    (message,) = decoded(raw, Side.HEADEND)
    assert isinstance(message, Reply)
    assert (message.status, message.reason) == (500, "Oops")
    assert message.body.encode("latin-1") == body
    assert encode(Side.HEADEND, message) == raw


def test_neither_side_can_say_the_others_words() -> None:
    with pytest.raises(LocalProtocolError):
        encode(Side.DEVICE, reply("200"))
    with pytest.raises(LocalProtocolError):
        encode(Side.HEADEND, decoded(example("G1"))[0])
    with pytest.raises(LocalProtocolError):
        encode(Side.HEADEND, decoded(example("M1"))[0])
    with pytest.raises(LocalProtocolError):
        encode(Side.HEADEND, Reply(200, "€", (("Content-Length", "1"),)))


def test_a_sender_that_waits_for_leave_is_announced_before_its_body() -> None:
    body = body_of("G1").encode()
    whole = post(body, more="Expect: 100-continue\r\n")
    codec = GlowCodec()
    head = codec.feed(Side.DEVICE, whole[: -len(body)])
    assert head == [Decoded(b"", Expecting("/zb02"))]
    leave = encode(Side.HEADEND, Reply(100, "", (), "Continue"))
    assert leave == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert codec.feed(Side.HEADEND, leave) == [Decoded(leave, Reply(100, "", (), "Continue"))]
    (report,) = codec.feed(Side.DEVICE, body)
    assert report.raw == whole
    assert isinstance(report, Decoded)
    assert isinstance(report.message, MeterReport)


def test_an_announcement_cannot_be_said_by_itself() -> None:
    with pytest.raises(LocalProtocolError, match="no bytes of its own"):
        encode(Side.DEVICE, Expecting("/zb02"))
