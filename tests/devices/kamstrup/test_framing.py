"""Frames of KMP: stuffing, checksum, and what becomes of everything that is no frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.kamstrup.framing import (
    FIRST_PIECE,
    MAX_FRAME,
    Acknowledged,
    Frame,
    Rubble,
    Stream,
    frame,
)
from mitmeter.model import Side

# GetRegister of voltage L2 and its reply, worked examples of the protocol fact sheet.
REQUEST = bytes.fromhex("803F1001041F6A9A0D")
REPLY = bytes.fromhex("403F10041F21020000E78DE70D")


def pieces(sender: Side, data: bytes) -> list[Frame | Acknowledged | Rubble]:
    stream = Stream(sender)
    return [*stream.feed(data), *stream.end()]


def reasons(sender: Side, data: bytes) -> list[str]:
    return [each.reason for each in pieces(sender, data) if isinstance(each, Rubble)]


def test_a_frame_gives_address_command_and_data_without_stuffing() -> None:
    raw = bytes.fromhex("803F1002001B7F001BF267940D")
    assert pieces(Side.HEADEND, raw) == [
        Frame(raw, True, 0x3F, 0x10, bytes.fromhex("020080000D")),
    ]


def test_an_escaped_escape_before_a_complement_is_not_read_twice() -> None:
    # Data 1B 7F travels as 1B E4 7F. Crc by binascii.crc_hqx: DB 3B.
    raw = bytes.fromhex("803F421BE47FDB3B0D")
    (found,) = pieces(Side.HEADEND, raw)
    assert isinstance(found, Frame)
    assert found.data == bytes.fromhex("1B7F")


@given(data=st.lists(st.sampled_from((0x06, 0x0D, 0x1B, 0x40, 0x80, 0x7F, 0xE4))).map(bytes))
def test_any_reserved_bytes_come_back_as_they_were(data: bytes) -> None:
    raw = frame(True, 0x3F, 0x42, data)
    assert pieces(Side.HEADEND, raw) == [Frame(raw, True, 0x3F, 0x42, data)]


def test_no_reserved_byte_travels_between_start_and_stop() -> None:
    body = frame(False, 0x3F, 0x42, bytes(range(256)))[1:-1]
    assert not {0x06, 0x0D, 0x40, 0x80} & set(body)


@pytest.mark.parametrize("at", range(1, len(REQUEST) - 1))
def test_any_single_wrong_byte_is_rejected(at: int) -> None:
    wrong = REQUEST[at] ^ 0x01
    spoilt = REQUEST[:at] + bytes([wrong]) + REQUEST[at + 1 :]
    assert all(isinstance(each, Rubble) for each in pieces(Side.HEADEND, spoilt))


def test_a_bad_checksum_names_the_stored_and_the_computed_one() -> None:
    spoilt = bytes.fromhex("803F1001041F6A1A0D")
    (reason,) = reasons(Side.HEADEND, spoilt)
    assert reason == "frame of 9 bytes, address 3f, command 10: crc 6a1a, expected 6a9a"


def test_a_bad_escape_is_rejected_and_names_its_place() -> None:
    (reason,) = reasons(Side.HEADEND, bytes.fromhex("803F101B00040D"))
    assert reason == "bad escape 1b 00 at byte 3 of the frame: no reserved byte's complement"


def test_the_complement_of_an_unreserved_byte_is_a_bad_escape_though_its_checksum_is_right() -> (
    None
):
    # K5 with its address 3F escaped needlessly.
    (reason,) = reasons(Side.HEADEND, bytes.fromhex("801BC01001041F6A9A0D"))
    assert reason.startswith("bad escape 1b c0 at byte 1")


def test_an_escape_right_before_the_stop_byte_is_unfinished() -> None:
    (reason,) = reasons(Side.HEADEND, bytes.fromhex("803F1001041F6A1B0D"))
    assert reason == "escape at byte 7 of the frame, and nothing behind it"


def test_an_unescaped_06_inside_a_frame_is_rejected() -> None:
    (reason,) = reasons(Side.HEADEND, bytes.fromhex("803F10060D"))
    assert reason == "byte 3 of the frame is 06, which is always escaped"


def test_start_and_stop_with_too_little_between_are_no_frame() -> None:
    assert reasons(Side.DEVICE, bytes.fromhex("403F0D")) == ["frame of 3 bytes, the shortest has 6"]


def test_a_start_byte_within_a_frame_begins_a_new_one() -> None:
    cut, whole = pieces(Side.DEVICE, REPLY[:7] + REPLY)
    assert cut == Rubble(REPLY[:7], "frame cut off after 7 bytes by a new start byte")
    assert isinstance(whole, Frame)


def test_the_other_sides_start_byte_cuts_a_frame_off_as_well() -> None:
    first, second = pieces(Side.HEADEND, REQUEST[:5] + REPLY)
    assert first == Rubble(REQUEST[:5], "frame cut off after 5 bytes by a new start byte")
    assert isinstance(second, Rubble), "a meter's frame is no request"


def test_a_meters_lone_06_is_an_acknowledgement_and_a_readers_is_noise() -> None:
    assert pieces(Side.DEVICE, b"\x06\x06") == [Acknowledged(b"\x06"), Acknowledged(b"\x06")]
    (reason,) = reasons(Side.HEADEND, b"\x06\x06")
    assert reason == "2 bytes outside any frame, first 06 06"


def test_an_echoed_request_is_told_from_the_reply_behind_it() -> None:
    echo, reply = pieces(Side.DEVICE, REQUEST + REPLY)
    assert isinstance(echo, Frame)
    assert isinstance(reply, Frame)
    assert (echo.request, reply.request) == (True, False)


def test_the_first_bytes_of_a_stranger_are_handed_on_at_once() -> None:
    stream = Stream(Side.HEADEND)
    hello = bytes.fromhex("160301020001fc0303")
    (first,) = stream.feed(hello)
    assert first == Rubble(hello[:FIRST_PIECE], "looks like a TLS hello, not KMP")


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (b"GET / HTTP/1.1\r\n", "an HTTP request"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
        (b"\xff\xfd\x18\xff\xfd\x20\xff\xfd", "telnet"),
        (b"/?!\r\n", "IEC 62056-21"),
    ],
)
def test_a_stranger_is_named_by_how_it_begins(said: bytes, what: str) -> None:
    assert reasons(Side.HEADEND, said)[0] == f"looks like {what}, not KMP"


def test_a_frame_without_an_end_is_given_up_at_the_cap_and_the_next_one_is_found() -> None:
    endless = b"\x80" + b"A" * (MAX_FRAME - 1)
    first, second = pieces(Side.HEADEND, endless + REQUEST)
    assert first == Rubble(endless, f"frame without a stop byte in its first {MAX_FRAME} bytes")
    assert isinstance(second, Frame)


def test_half_a_frame_comes_out_when_the_stream_ends() -> None:
    assert reasons(Side.HEADEND, REQUEST[:5]) == [
        "the first 5 bytes of a frame, and the stream ended"
    ]


@pytest.mark.parametrize("at", range(1, 2 * len(REQUEST)))
def test_two_requests_cut_anywhere_give_the_same_frames(at: int) -> None:
    stream, data = Stream(Side.HEADEND), REQUEST + REQUEST
    found = [*stream.feed(data[:at]), *stream.feed(data[at:])]
    assert found == pieces(Side.HEADEND, REQUEST) * 2


def test_what_one_stream_held_is_not_the_next_ones() -> None:
    stream = Stream(Side.HEADEND)
    stream.feed(REQUEST[:4])
    stream.end()
    assert [type(each) for each in stream.feed(REQUEST)] == [Frame]
