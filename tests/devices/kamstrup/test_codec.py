"""KMP messages: every command the protocol knows, and what does not fit its layout."""

from __future__ import annotations

import binascii
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.kamstrup import commands
from mitmeter.devices.kamstrup.codec import KamstrupCodec, encode
from mitmeter.devices.kamstrup.framing import frame
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    CutOffReply,
    Entry,
    Formatted,
    GetLogById,
    GetLogByTime,
    GetLoggerFrom,
    GetLoggerNewest,
    GetLoggerSetup,
    GetLogLast,
    GetRegister,
    GetType,
    Head,
    LoggerReply,
    LoggerSetupReply,
    Login,
    LoginReply,
    LogReply,
    Message,
    OtherReply,
    OtherRequest,
    PutRegister,
    RegisterReply,
    RegisterValue,
    SetClock,
    SetCutOffState,
    changes,
)
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Secret, Side
from mitmeter.protocol import Decoded, Undecodable


def framed(start: str, body: str) -> bytes:
    """Return a frame around address, CID and data; checksum and stuffing are not ours."""
    inner = bytes.fromhex(body)
    inner += binascii.crc_hqx(inner, 0).to_bytes(2, "big")
    stuffed = "".join(
        f"1b{255 - byte:02x}" if byte in (0x06, 0x0D, 0x1B, 0x40, 0x80) else f"{byte:02x}"
        for byte in inner
    )
    return bytes.fromhex(f"{start}{stuffed}0d")


def asked(body: str) -> Message:
    """Return the one message a reader says with this body, and check that it encodes again."""
    return _one(Side.HEADEND, framed("80", body))


def told(body: str) -> Message:
    return _one(Side.DEVICE, framed("40", body))


def _one(sender: Side, raw: bytes) -> Message:
    (item,) = KamstrupCodec().feed(sender, raw)
    assert isinstance(item, Decoded), item
    assert encode(sender, item.message) == raw
    return item.message


# --- older loggers ---


def test_log_by_time_can_go_back() -> None:
    assert asked("3F A3 06 02 0001 0417 05 FF 19050203 0405 0000") == GetLogByTime(
        0x3F, True, 6, (1, 0x0417), 5, 255, datetime.fromisoformat("2025-05-02T03:04:05")
    )


def test_log_by_id_ends_in_the_id() -> None:
    assert asked("3F A2 06 01 0001 05 FF 0102") == GetLogById(0x3F, 6, (1,), 5, 255, 0x0102)


def test_newest_log_entries_keep_what_nobody_has_described() -> None:
    assert asked("3F A1 06 01 0001 050102") == GetLogLast(0x3F, 6, (1,), bytes.fromhex("050102"))


def test_a_log_reply_has_heads_in_its_first_entry_only() -> None:
    # Logger 6, one register: entry 7 with head (1, kWh, 2 bytes, 10^-1) and 0x0102; entry 8 with
    # 0x0103; last id read 8, next 9, info 10 hex: the end of the log.
    found = told("3F A0 06 01 0007 0001 02 02 41 0102 0008 0103 0008 0009 10")
    assert found == LogReply(
        address=0x3F,
        cid=0xA0,
        logger=6,
        count=1,
        heads=(Head(1, 2, 2, 0x41),),
        entries=(Entry(7, (b"\x01\x02",)), Entry(8, (b"\x01\x03",))),
        last_id=8,
        next_id=9,
        info=0x10,
    )


def test_an_empty_log_has_no_heads() -> None:
    found = told("3F A2 06 02 0000 0001 01")
    assert found == LogReply(0x3F, 0xA2, 6, 2, (), (), 0, 1, 1)


def test_a_log_that_ends_within_an_entry_is_kept_with_the_reason() -> None:
    found = told("3F A0 06 01 0007 0001 02 04 41 0102 0008 0009 10")
    assert isinstance(found, OtherReply)
    assert found.why == "register 1 takes 4 bytes, 2 follow"
    assert found.name == "GetLogTimePresent"


def test_a_log_request_for_a_time_that_is_none_is_kept_with_the_reason() -> None:
    found = asked("3F A0 06 01 0001 05 FF 190F02030405 0000")
    assert isinstance(found, OtherRequest)
    assert found.why == "19 0f 02 03 04 05 00 00 is no time"


# --- newer loggers ---


def test_the_set_up_of_a_newer_logger_is_asked_for() -> None:
    assert asked("3F B8 05 04") == GetLoggerSetup(0x3F, 4)


def test_newer_loggers_are_read_from_an_id_or_from_the_newest() -> None:
    assert asked("3F B8 06 04 00010203 0002 01 0001") == GetLoggerFrom(0x3F, 4, 0x00010203, 2, (1,))
    assert asked("3F B8 07 04 0003 0002 01 0001") == GetLoggerNewest(0x3F, 4, 3, 2, (1,))


def test_a_newer_loggers_reply_counts_its_entries() -> None:
    found = told("3F B8 06 04 0002 01 00000100 00000105 00C0 003C 03 02 43 0102 0103")
    assert found == LoggerReply(
        address=0x3F,
        sub=6,
        logger=4,
        count=1,
        first_id=0x100,
        newest_id=0x105,
        info=0xC0,
        heads=(Head(60, 3, 2, 0x43),),
        entries=((b"\x01\x02",), (b"\x01\x03",)),
    )


def test_a_newer_loggers_reply_with_bytes_left_over_is_kept_with_the_reason() -> None:
    found = told("3F B8 06 04 0001 01 00000100 00000105 00C0 003C 03 02 43 0102 01")
    assert isinstance(found, OtherReply)
    assert found.why == "1 bytes behind 1 entries"


def test_a_newer_loggers_set_up_has_four_settings() -> None:
    found = told("3F B8 05 04 01 0203 04 0507 08 09 0A 0B 0C0E 02 003C 0044")
    assert found == LoggerSetupReply(
        address=0x3F,
        logger=4,
        date_1=Formatted(1, b"\x02\x03"),
        date_2=Formatted(4, b"\x05\x07"),
        most=Formatted(8, b"\x09"),
        interval=Formatted(10, b"\x0b"),
        depth=0x0C0E,
        ids=(60, 68),
    )


def test_an_undescribed_sub_command_is_kept() -> None:
    found = asked("3F B8 08 0102")
    assert found == OtherRequest(0x3F, 0xB8, bytes.fromhex("080102"))
    assert isinstance(found, OtherRequest)
    assert found.why == "sub-command 8 is not described"


# --- writes, login, relays ---


def test_a_register_is_written_as_one_record() -> None:
    value = RegisterValue(0x049C, 51, 0, bytes.fromhex("00003039"))
    assert asked("3F 11 049C 33 04 00 00003039") == PutRegister(0x3F, value)


def test_a_login_keeps_its_pin_secret() -> None:
    found = asked("3F 92 3039")
    assert found == Login(0x3F, Secret("12345"))
    assert "12345" not in repr(found)


def test_the_emulations_login_reply_is_one_byte() -> None:
    assert told("3F 92 01") == LoginReply(0x3F, 1)


def test_a_reply_to_a_relay_command_says_which_command_it_answers() -> None:
    assert told("3F 97 01 1F") == CutOffReply(0x3F, True, 1, 0x1F)


@pytest.mark.parametrize(
    ("body", "changing"),
    [
        ("3F 07", True),
        ("3F 85", True),
        ("3F 88", True),
        ("3F 9C 01", True),
        ("3F 97 01", True),
        ("3F 09 0003D2E9 00020D6D", True),
        ("3F 98", False),
        ("3F 10 01 0001", False),
        ("3F A7", False),
        ("3F 55", False),
    ],
)
def test_what_changes_the_meter_is_told_from_what_only_reads(body: str, changing: bool) -> None:
    assert changes(asked(body)) is changing


# --- commands without a layout, and data that does not fit ---


@pytest.mark.parametrize("cid", [0x07, 0x85, 0x86, 0x88, 0x9C, 0xA6, 0xA7])
def test_a_command_without_a_public_layout_keeps_name_and_data(cid: int) -> None:
    found = asked(f"3F {cid:02X} 0102")
    assert found == OtherRequest(0x3F, cid, b"\x01\x02")
    assert isinstance(found, OtherRequest)
    assert (found.name, found.why) == (commands.NAMES[cid], "")


def test_an_unknown_command_is_kept_and_says_so() -> None:
    found = asked("3F 55 0102")
    assert isinstance(found, OtherRequest)
    assert found.name == "unknown command 55"
    assert found.why == "command 55 has never been described"


def test_a_request_that_announces_more_registers_than_it_has_is_kept_with_the_reason() -> None:
    found = asked("3F 10 03 0001")
    assert isinstance(found, OtherRequest)
    assert found.why == "3 registers announced, 2 bytes follow"


def test_a_request_may_ask_for_255_registers() -> None:
    ids = tuple(range(0x100, 0x1FF))
    raw = encode(Side.HEADEND, GetRegister(0x3F, ids))
    assert [each.raw for each in KamstrupCodec().feed(Side.HEADEND, raw)] == [raw]


def test_a_request_for_256_registers_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="256 registers at once"):
        encode(Side.HEADEND, GetRegister(0x3F, tuple(range(256))))


# --- register lists ---


def test_bytes_behind_the_last_record_make_the_reply_invalid_and_the_next_is_read() -> None:
    broken = framed("40", "3F 10 041F 21 02 00 00E7 0420")
    good = framed("40", "3F 10 0420 21 02 00 00E5")
    first, second = KamstrupCodec().feed(Side.DEVICE, broken + good)
    reason = "register reply from 3f: 2 bytes behind 1 records, a record begins with 5"
    assert first == Undecodable(broken, reason)
    assert isinstance(second, Decoded)


def test_a_record_cut_short_makes_the_reply_invalid() -> None:
    raw = framed("40", "3F 10 041F 21 04 00 00E7")
    (item,) = KamstrupCodec().feed(Side.DEVICE, raw)
    assert isinstance(item, Undecodable)
    assert item.reason == "register reply from 3f: register 1055 announces 4 bytes, 2 follow"


def test_a_clock_whose_length_is_announced_wrongly_has_four_bytes() -> None:
    # Unit 47 announces two bytes, four follow; voltage behind it is read in its place.
    found = told("3F 10 03EA 2F 02 00 000209A5 041F 21 02 00 00E7")
    assert found == RegisterReply(
        0x3F,
        (
            RegisterValue(0x03EA, 47, 0, bytes.fromhex("000209A5"), announced=2),
            RegisterValue(0x041F, 33, 0, bytes.fromhex("00E7")),
        ),
    )


def test_a_clock_of_two_bytes_that_are_all_there_stays_one_of_two() -> None:
    found = told("3F 10 03EA 2F 02 00 09A5 041F 21 02 00 00E7")
    assert isinstance(found, RegisterReply)
    assert [each.raw.hex() for each in found.values] == ["09a5", "00e7"]


def test_a_wrong_announcement_that_would_be_read_otherwise_is_refused() -> None:
    value = RegisterValue(0x03EA, 47, 0, bytes.fromhex("000209A5"), announced=4)
    with pytest.raises(LocalProtocolError, match="would not be read as what it is"):
        encode(Side.DEVICE, RegisterReply(0x3F, (replace(value, announced=4),)))


# --- who may say what ---


def test_a_reader_never_says_a_reply() -> None:
    with pytest.raises(LocalProtocolError, match="a reader never says Acknowledgement"):
        encode(Side.HEADEND, Acknowledgement())


def test_an_echoed_request_is_a_message_of_the_device() -> None:
    raw = framed("80", "3F 01")
    assert KamstrupCodec().feed(Side.DEVICE, raw) == [Decoded(raw, GetType(0x3F))]


@pytest.mark.parametrize(
    "message",
    [
        SetCutOffState(0x3F, 256),
        SetClock(0x3F, -1, 0),
        GetRegister(0x3F, (65_536,)),
        GetType(256),
        Login(0x3F, Secret("65536")),
        OtherRequest(0x3F, 0x07, bytes(9_000)),
        OtherRequest(0x3F, 0x01, b""),
    ],
)
def test_what_does_not_fit_or_is_another_message_is_refused(message: Message) -> None:
    with pytest.raises(LocalProtocolError):
        encode(Side.HEADEND, message)


@given(
    address=st.integers(0, 255),
    cid=st.sampled_from(sorted(commands.NAMES)) | st.integers(0, 255),
    data=st.binary(max_size=80),
    request=st.booleans(),
)
def test_every_sound_frame_encodes_to_the_bytes_it_came_in(
    address: int, cid: int, data: bytes, request: bool
) -> None:
    raw = frame(request, address, cid, data)
    (item,) = KamstrupCodec().feed(Side.DEVICE, raw)
    if isinstance(item, Decoded):
        assert encode(Side.DEVICE, item.message) == raw
    else:
        assert "register reply" in item.reason
