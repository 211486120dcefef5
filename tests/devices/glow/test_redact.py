"""Messages made safe to share: what is private is gone, the rest and the form stay."""

from __future__ import annotations

import json

import pytest

from mitmeter.devices.glow.codec import GlowCodec, Item
from mitmeter.devices.glow.messages import MeterReport
from mitmeter.devices.glow.redact import redact
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from tests.devices.glow.glow_sayings import body_of, decoded, example


class Turned:
    """Stand-ins that turn digits and letters on by one, so that each is recognised."""

    def text(self, value: str) -> str:
        return value.translate(
            str.maketrans(
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                "1234567890bcdefghijklmnopqrstuvwxyzaBCDEFGHIJKLMNOPQRSTUVWXYZA",
            )
        )


class Lengthening:
    """Stand-ins that break the rules: of another length, with a quote in them."""

    def text(self, value: str) -> str:
        return value + '"é'


def item(raw: bytes, sender: Side = Side.DEVICE) -> Item:
    codec = GlowCodec()
    (found,) = [*codec.feed(sender, raw), *codec.end(sender)]
    return found


def redacted(raw: bytes, sender: Side = Side.DEVICE) -> bytes:
    found = redact(sender, item(raw, sender), Turned())
    assert len(found) == len(raw)
    return found


def post(body: bytes, head: str = "") -> bytes:
    return f"POST /zb02 HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def test_a_report_differs_in_names_and_meter_numbers_only() -> None:
    assert redacted(example("G1")) == (
        example("G1")
        .replace(b"X-ID: 02005EFFFE302010", b"X-ID: 13116FGGGF413121")
        .replace(b'"gid":"02005EFFFE302010"', b'"gid":"13116FGGGF413121"')
        .replace(b"10.20.30.02005e.cad", b"21.31.41.13116f.cad")
        .replace(b'"1900000000001"', b'"2011111111112"')
        .replace(b'"9900000001"', b'"0011111112"')
    )


def test_a_tariff_differs_in_its_head_only() -> None:
    found = redacted(example("G5"))
    assert found.endswith(body_of("G5").encode())
    assert b"02005E" not in found


def test_meter_serial_numbers_are_private_where_they_stand_and_where_they_turn_up_again() -> None:
    body = b'{"elecMtr":{"0702":{"03":{"08":"E6S1234567"}}},"note":"meter E6S1234567","07":"stays"}'
    assert redacted(post(body)).endswith(
        b'{"elecMtr":{"0702":{"03":{"08":"F7T2345678"}}},"note":"meter F7T2345678","07":"stays"}'
    )


def test_attributes_of_the_same_number_elsewhere_stay() -> None:
    body = b'{"elecMtr":{"0702":{"00":{"07":"2D37D3B8"},"04":{"08":"0000AA"}}}}'
    assert redacted(post(body)) == post(body)


@pytest.mark.parametrize("name", ["gid", "MPAN", "mprn", "eui", "wifistamac", "ethmac", "ssid"])
def test_members_with_private_names_are_private_anywhere(name: str) -> None:
    body = f'{{"new":{{"deep":[{{"{name}" : "Ab-1"}}]}}}}'.encode()
    assert redacted(post(body)).endswith(f'"{name}" : "Bc-2"}}]}}}}'.encode())


def test_numbers_and_escapes_keep_their_length() -> None:
    body = '{"mpan":1900000000001,"gid":"a\\u00e9\\"b","eui":"ü","mprn":-1.5e3}'.encode()
    found = redacted(post(body))
    assert found.endswith(b'{"mpan":7777777777777,"gid":"byyyyyyyyc","eui":"yy","mprn":-7.7e3}')
    json.loads(found.partition(b"\r\n\r\n")[2])


def test_a_copy_of_a_private_value_inside_a_number_or_an_escape_does_no_harm() -> None:
    body = b'{"gid":"e91234","a":e91234,"n":991234.5,"t":"\\u00e91234"}'
    found = redacted(post(body.replace(b"e91234,", b"0,")))
    json.loads(found.partition(b"\r\n\r\n")[2])
    assert b'"gid":"f02345"' in found
    assert b"991234.5" in found


def test_a_value_split_over_two_chunks_is_private_all_the_same() -> None:
    body = body_of("G1").encode()
    cut = body.index(b"1900000000001") + 5
    head = b"POST /zb02 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    first, second = body[:cut], body[cut:]
    raw = head + b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(first), first, len(second), second)
    (message,) = decoded(redacted(raw))
    assert isinstance(message, MeterReport)
    assert '"07":"2011111111112"' in message.body
    assert message.body == body_of("G1").replace("02005EFFFE302010", "13116FGGGF413121").replace(
        "1900000000001", "2011111111112"
    ).replace("9900000001", "0011111112")


def test_cookies_and_credentials_of_the_head_are_private() -> None:
    head = "x-id: Abc\r\nCookie: a=1\r\nAuthorization: Basic Zm9v\r\nX-TS: 65A51E41\r\n"
    assert redacted(post(b"{}", head)) == post(
        b"{}", "x-id: Bcd\r\nCookie: b=2\r\nAuthorization: Cbtjd An0w\r\nX-TS: 65A51E41\r\n"
    )


def test_a_packets_topic_and_payload_lose_what_names_display_and_meter() -> None:
    assert redacted(example("M1")) == (
        example("M1")
        .replace(b"glow/02005E302010/SENSOR", b"glow/13116F413121/SENSOR")
        .replace(b'"1900000000001"', b'"2011111111112"')
    )


def test_a_state_loses_every_address() -> None:
    found = redacted(example("M3"))
    assert b"02005E" not in found
    assert b"02:00:5E" not in found
    assert b'"13:11:6F:GG:GF:41:31:21"' in found
    assert b'"rssi":-65' in found


def test_a_room_sensors_name_is_private_in_topic_and_payload() -> None:
    topic = b"glow/02005E302010/SENSOR/glowsensorth1/a4c138000001"
    payload = b'{"glowsensorth1":{"a4c138000001":{"customname":"Bedroom","rssi":{"value":-1}}}}'
    size = 2 + len(topic) + len(payload)
    raw = bytes((0x30, size % 128 | 128, size // 128, 0, len(topic))) + topic + payload
    found = redacted(raw)
    assert found[5:] == (
        b"glow/13116F413121/SENSOR/glowsensorth1/b5d249111112"
        b'{"glowsensorth1":{"b5d249111112":{"customname":"Cfesppn","rssi":{"value":-1}}}}'
    )


@pytest.mark.parametrize("cut", [200, 500, 900])
def test_a_report_cut_short_is_edited_as_far_as_it_can_be_made_out(cut: int) -> None:
    raw = example("G1")[:cut]
    found = redact(Side.DEVICE, item(raw), Turned())
    assert len(found) == cut
    assert b"02005E" not in found
    assert b"1900000000001" not in found


def test_garbage_without_anything_private_stays() -> None:
    raw = bytes(range(256))
    assert redact(Side.DEVICE, Undecodable(raw, "?"), Turned()) == raw


def test_replies_stay_but_for_cookies() -> None:
    raw = example("reply 200 acknowledges")
    assert redacted(raw, Side.HEADEND) == raw
    raw = b"HTTP/1.1 200 OK\r\nSet-Cookie: ab\r\nContent-Length: 0\r\n\r\n"
    assert redacted(raw, Side.HEADEND) == raw.replace(b"ab", b"bc")


@pytest.mark.parametrize("name", ["G1", "G3", "G5", "M1", "M2", "M3"])
def test_stand_ins_that_break_the_rules_are_not_taken(name: str) -> None:
    raw = example(name)
    found = redact(Side.DEVICE, item(raw), Lengthening())
    assert len(found) == len(raw)
    again = item(found)
    before = item(raw)
    assert isinstance(again, Decoded)
    assert isinstance(before, Decoded)
    assert type(again.message) is type(before.message)
