"""Frames ⇄ messages. The general laws run in the conformance suite; here are the particulars."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.alphaess.codec import MAX_PAYLOAD, AlphaEssCodec, Item
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    History,
    Login,
    Message,
    Object,
    Other,
    Ready,
    Reply,
    ServerCommand,
    Status,
    Telemetry,
)
from mitmeter.devices.alphaess.strategies import messages
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from tests.devices.alphaess.alphaess_frames import (
    LOGIN,
    REQUEST,
    STATUS,
    STATUS_PAYLOAD,
    SUCCESS_TO_TELEMETRY,
    frame,
)

BATTERY, SERVER = Side.DEVICE, Side.HEADEND


def items(sender: Side, *parts: bytes) -> list[Item]:
    codec = AlphaEssCodec()
    return [*(item for part in parts for item in codec.feed(sender, part)), *codec.end(sender)]


def message(sender: Side, kind: int, command: int, payload: bytes) -> Message:
    (item,) = items(sender, frame(kind, command, payload))
    assert isinstance(item, Decoded)
    return item.message


def problem(payload: bytes, command: int = 16) -> str:
    other = message(BATTERY, 1, command, payload)
    assert isinstance(other, Other)
    assert (other.type, other.command, other.payload) == (1, command, payload)
    return other.problem


def kinds(found: list[Item]) -> list[str]:
    return [type(i.message if isinstance(i, Decoded) else i).__name__ for i in found]


# what the header says


@pytest.mark.parametrize(
    ("sender", "kind", "command", "expected"),
    [
        (BATTERY, 1, 2, Login),
        (BATTERY, 1, 3, ConfigRequest),
        (BATTERY, 1, 4, ConfigReport),
        (BATTERY, 1, 5, Telemetry),
        (BATTERY, 1, 16, Status),
        (BATTERY, 2, 8, Acknowledgement),
        (SERVER, 1, 8, ServerCommand),
        (SERVER, 2, 3, ConfigReply),
        (SERVER, 2, 8, Reply),
        (SERVER, 2, 7, Reply),
    ],
)
def test_sender_type_and_command_name_the_message(
    sender: Side, kind: int, command: int, expected: type
) -> None:
    assert type(message(sender, kind, command, b'{"SN":"x"}')) is expected


def test_the_ready_marker_is_nine_bytes_with_a_checksum() -> None:
    raw = AlphaEssCodec().encode(BATTERY, Ready())
    assert raw == frame(1, 0, b"")
    assert len(raw) == 9
    assert items(BATTERY, raw) == [Decoded(raw, Ready())]


def test_an_unknown_command_is_kept_with_its_payload() -> None:
    assert message(BATTERY, 1, 7, b"\x00\xff") == Other(
        1, 7, b"\x00\xff", "command 7 has never been described"
    )


def test_a_command_under_the_number_of_a_reply_is_still_a_server_command() -> None:
    payload = b'{"CmdIndex":"1","Command":"Resume"}'
    members = (("CmdIndex", "1"), ("Command", "Resume"))
    assert message(SERVER, 2, 9, payload) == ServerCommand(members, command=9)
    assert AlphaEssCodec().encode(SERVER, ServerCommand(members, command=9)) == frame(2, 9, payload)


def test_the_server_saying_what_only_a_battery_says_is_no_status() -> None:
    assert isinstance(message(SERVER, 1, 16, STATUS_PAYLOAD), Other)


# what a payload may be


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"hello", "not JSON"),
        (b'{"SOC":"72.4"', "not JSON"),
        (b'{"SOC":"72.4"}{}', "more text after the JSON, at offset 14"),
        (b'["SOC"]', "not an object"),
        (b"72.4", "not an object"),
        (b'{"SOC":NaN}', "NaN is no number"),
        (b'{"SOC":-Infinity}', "-Infinity is no number"),
        (b'{"SOC":1e9999999999999999999}', "impossible exponent"),
        (b'{"SOC":"\xff"}', "not UTF-8 text at payload byte 8"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested deeper than 32"),
        (b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "nested deeper than 32"),
        (b'{"a":' * 10_000, "nested deeper than 32"),
    ],
)
def test_a_sound_frame_with_a_payload_nobody_understands_is_kept_and_explained(
    payload: bytes, words: str
) -> None:
    assert words in problem(payload)


@pytest.mark.parametrize("payload", [b"", b"1,2,3\n4,5,6", b"Date,Time\n2025/06/01,11:51:08"])
def test_history_without_a_header_is_kept_and_explained(payload: bytes) -> None:
    assert "header" in problem(payload, command=12)


def test_a_ready_marker_with_a_payload_is_kept_and_explained() -> None:
    assert problem(b"x", command=0) == (
        "a ready marker with 1 payload bytes has never been described"
    )


def test_repeated_keys_and_unknown_members_stay_in_order() -> None:
    found = message(BATTERY, 1, 4, b'{"Generator":"0","new":{"x":[1,null]},"Generator":"1"}')
    assert found == ConfigReport(
        (
            ("Generator", "0"),
            ("new", Object((("x", (Decimal(1), None)),))),
            ("Generator", "1"),
        )
    )


def test_absurd_numbers_are_kept_exactly() -> None:
    digits = "9" * 10_000
    found = message(BATTERY, 1, 16, b'{"a":1e999999999,"b":' + digits.encode() + b',"c":9.20}')
    assert isinstance(found, Status)
    values = dict(found.members)
    assert values["a"] == Decimal("1e999999999")
    assert values["b"] == Decimal(digits)
    assert str(values["c"]) == "9.20"


def test_history_rows_are_text_as_sent() -> None:
    found = message(BATTERY, 1, 12, b"Date,Time,SN,Ppv1\r\n2025/06/01,11:51:08,AL,1510\r\nodd\n")
    assert found == History(
        ("Date", "Time", "SN", "Ppv1"), (("2025/06/01", "11:51:08", "AL", "1510"), ("odd",)), True
    )


def test_text_beyond_ascii_survives_both_ways() -> None:
    said = ConfigReport((("Address", "Größenweg 1 ☀ 😀"), ("half", "\ud83d")))
    raw = AlphaEssCodec().encode(BATTERY, said)
    assert "Größenweg 1 ☀ 😀".encode() in raw
    assert items(BATTERY, raw) == [Decoded(raw, said)]


# bad bytes


def test_a_bad_checksum_is_reported_and_the_next_frame_still_decodes() -> None:
    spoilt = LOGIN[:10] + b"\x72" + LOGIN[11:]
    first, second = items(BATTERY, spoilt + REQUEST)
    assert first == Undecodable(
        spoilt, "frame of 90 bytes, type 1, command 2: crc 2d8e, expected dd0e"
    )
    assert second.raw == REQUEST


def test_a_good_frame_behind_a_spoilt_one_needs_no_further_bytes_to_come_out() -> None:
    codec = AlphaEssCodec()
    codec.feed(BATTERY, LOGIN[:10] + b"\x72" + LOGIN[11:])
    assert kinds(codec.feed(BATTERY, STATUS)) == ["Undecodable", "Status"]


@pytest.mark.parametrize("length", ["00 00 01 07", "00 00 01 09", "00 00 F0 00", "00 01 00 00"])
def test_a_corrupt_length_swallows_no_good_frame(length: str) -> None:
    spoilt = STATUS[:3] + bytes.fromhex(length) + STATUS[7:]
    codec = AlphaEssCodec()
    found = codec.feed(BATTERY, spoilt + STATUS + REQUEST)
    assert kinds(found)[-2:] == ["Status", "ConfigRequest"]
    assert b"".join(item.raw for item in found) == spoilt + STATUS + REQUEST


def test_a_length_of_four_gigabytes_is_named_and_holds_nothing_back() -> None:
    first, *rest = items(BATTERY, bytes.fromhex("010110FFFFFFFF") + b"x" * 20 + STATUS)
    assert isinstance(first, Undecodable)
    assert "announces 4294967295 payload bytes, at most 65536" in first.reason
    assert kinds(rest)[-1] == "Status"


def test_one_payload_byte_above_the_cap_is_no_header() -> None:
    (first, *_) = items(BATTERY, bytes.fromhex("01010700010001") + b"x" * 100)
    assert isinstance(first, Undecodable)
    assert "65537 payload bytes" in first.reason


def test_the_largest_payload_is_a_frame() -> None:
    raw = frame(1, 7, b"x" * MAX_PAYLOAD)
    assert items(BATTERY, raw[:40_000], raw[40_000:])[0].raw == raw


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bytes.fromhex("16030100C8010000C40303") + bytes(200), "TLS"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"),
        (b"\x02\x01\x10\x00\x00", "no frame begins"),
        (b"\x01\x01\x10", "the first 3 of the 7 bytes of a header"),
    ],
)
def test_strangers_are_named(data: bytes, words: str) -> None:
    first = items(BATTERY, data)[0]
    assert isinstance(first, Undecodable)
    assert words in first.reason


def test_a_tls_hello_is_named_before_the_client_has_said_any_more() -> None:
    first = AlphaEssCodec().feed(BATTERY, bytes.fromhex("16030100C8010000C40303") + bytes(9))[0]
    assert isinstance(first, Undecodable)
    assert "TLS" in first.reason


def test_the_two_sides_do_not_mix() -> None:
    codec = AlphaEssCodec()
    assert codec.feed(BATTERY, STATUS[:100]) == []
    assert kinds(codec.feed(SERVER, SUCCESS_TO_TELEMETRY)) == ["Reply"]
    assert kinds(codec.feed(BATTERY, STATUS[100:])) == ["Status"]


# encoding


def test_success_replies_are_the_published_bytes() -> None:
    reply = Reply((("Status", "Success"),), command=5)
    assert AlphaEssCodec().encode(SERVER, reply) == SUCCESS_TO_TELEMETRY


def test_only_the_known_members_are_written_behind_a_space() -> None:
    said = Telemetry((("BmsHardVer1", "0"), ("BmsHardVer2", "0"), ("MeterDCUc", "0.0")))
    raw = AlphaEssCodec().encode(BATTERY, said)
    assert raw[7:-2] == b'{"BmsHardVer1":"0", "BmsHardVer2":"0", "MeterDCUc":"0.0"}'
    other = AlphaEssCodec().encode(BATTERY, Status(said.members))
    assert b", " not in other


_SN = (("SN", "x"),)


@pytest.mark.parametrize(
    ("sender", "said", "words"),
    [
        (SERVER, Status(_SN), "never said by the headend"),
        (BATTERY, Reply(_SN, 16), "never said by the device"),
        (SERVER, Reply(_SN, 256), "do not fit"),
        (SERVER, Reply(_SN, 3), "would not be read"),
        (SERVER, Reply((("Command", "Resume"),), 9), "would not be read"),
        (BATTERY, Status((("SOC", Decimal("NaN")),)), "no JSON number"),
        (BATTERY, Status((("a", "\ud83d\ude00"),)), "two halves"),
        (BATTERY, Status((("a", "x" * 66_000),)), "at most 65536"),
        (BATTERY, History(("SN", "Time"), (("a,b", "c"),)), "would not be read"),
        (BATTERY, History(("SN", "Time"), (("a", "b\n"),)), "would not be read"),
        (BATTERY, History(("Ppv1",), ()), "would not be read"),
        (BATTERY, History(("SN", "Time", "\ud83d"), ()), "half a character"),
        (BATTERY, Other(1, 16, STATUS_PAYLOAD, ""), "would not be read"),
        (BATTERY, Other(3, 7, b"", ""), "do not fit"),
        (
            BATTERY,
            Other(1, 7, b"ab" + REQUEST, "command 7 has never been described"),
            "holds a whole frame",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(
    sender: Side, said: Message, words: str
) -> None:
    with pytest.raises(LocalProtocolError, match=words):
        AlphaEssCodec().encode(sender, said)


@given(said=messages())
def test_every_message_decodes_to_itself(said: tuple[Side, Message]) -> None:
    raw = AlphaEssCodec().encode(*said)
    assert items(said[0], raw) == [Decoded(raw, said[1])]


_PIECES = st.one_of(
    st.sampled_from([STATUS, LOGIN, REQUEST, STATUS[:-1], LOGIN[1:], LOGIN[:60], b"\x01" * 5]),
    st.binary(max_size=20),
    st.builds(
        lambda data, at, bit: (
            data[: at % len(data)]
            + bytes([data[at % len(data)] ^ 1 << bit])
            + data[at % len(data) + 1 :]
        ),
        st.sampled_from([STATUS, LOGIN, REQUEST]),
        st.integers(0, 300) | st.integers(0, 9),
        st.integers(0, 7),
    ),
)


@given(parts=st.lists(_PIECES, max_size=8), size=st.integers(1, 40))
def test_good_and_bad_frames_come_out_the_same_however_they_are_cut(
    parts: list[bytes], size: int
) -> None:
    data = b"".join(parts)
    whole = items(BATTERY, data)
    assert b"".join(item.raw for item in whole) == data
    assert items(BATTERY, *(data[at : at + size] for at in range(0, len(data), size))) == whole


@given(parts=st.lists(_PIECES, max_size=6))
def test_a_good_frame_at_the_end_decodes_whatever_came_before(parts: list[bytes]) -> None:
    assert AlphaEssCodec().feed(BATTERY, b"".join(parts) + STATUS)[-1].raw == STATUS
