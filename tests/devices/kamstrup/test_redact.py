"""Frames made safe to share: same length, sound, and one meter keeps one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.kamstrup.codec import KamstrupCodec, encode
from mitmeter.devices.kamstrup.messages import (
    Login,
    Message,
    PutRegister,
    RegisterReply,
    RegisterValue,
    SerialReply,
)
from mitmeter.devices.kamstrup.redact import redact
from mitmeter.journal.pseudonyms import KeyedPseudonyms
from mitmeter.model import Secret, Side
from mitmeter.protocol import Decoded, Undecodable
from tests.devices.kamstrup.kamstrup_meters import plain

NAMES = KeyedPseudonyms(b"a key for tests")
SERIALS = st.integers(1, 0xFFFF_FFFE) | st.lists(
    st.sampled_from((0x06, 0x0D, 0x1B, 0x40, 0x80, 0x01)), min_size=4, max_size=4
).map(lambda raw: int.from_bytes(bytes(raw), "big"))


def redacted(message: Message, sender: Side = Side.DEVICE) -> Message:
    """Return what a message becomes; checks that it has the same length and is sound."""
    raw = encode(sender, message)
    shown = redact(sender, Decoded(raw, message), NAMES)
    assert len(shown) == len(raw)
    (item,) = KamstrupCodec().feed(sender, shown)
    assert isinstance(item, Decoded)
    return item.message


def serial_of(message: Message) -> int:
    if isinstance(message, SerialReply):
        return message.serial
    assert isinstance(message, RegisterReply)
    (found,) = (value for value in message.values if value.id == 1001)
    return int.from_bytes(found.raw, "big")


@given(serial=SERIALS)
def test_a_serial_number_gets_another_of_the_same_length(serial: int) -> None:
    assert serial_of(redacted(SerialReply(0x3F, serial))) != serial


@given(serial=SERIALS)
def test_a_meter_has_one_name_from_either_place(serial: int) -> None:
    asked = serial_of(redacted(SerialReply(0x3F, serial)))
    told = serial_of(redacted(RegisterReply(0x3F, (plain(1001, serial),))))
    assert asked == told


@given(watts=st.integers(0, 0xFFFF))
def test_what_is_measured_stays_as_it_is(watts: int) -> None:
    power = plain(1080, watts, unit=22, length=2, sigexp=0x43)
    found = redacted(RegisterReply(0x3F, (plain(1001, 10203040), power)))
    assert isinstance(found, RegisterReply)
    assert found.values[1] == power
    assert found.values[0] != plain(1001, 10203040)


def test_a_serial_number_keeps_its_name_beside_values_that_change() -> None:
    # Where the checksum needs other escapes, the meter number gives way instead.
    names = {
        serial_of(redacted(RegisterReply(0x3F, (plain(1001, 10203040), plain(51, 1_258), volts))))
        for volts in (plain(1054, number, unit=33) for number in range(200))
    }
    assert names == {serial_of(redacted(SerialReply(0x3F, 10203040)))}


@pytest.mark.parametrize("number", [0, 65_535, 0x0D0D, 12_345])
def test_a_pin_is_replaced(number: int) -> None:
    found = redacted(Login(0x3F, Secret(str(number))), Side.HEADEND)
    assert isinstance(found, Login)
    assert found.pin.reveal() != str(number)


def test_a_password_that_is_written_is_replaced() -> None:
    found = redacted(PutRegister(0x3F, plain(0x049C, 12_345)), Side.HEADEND)
    assert isinstance(found, PutRegister)
    assert found.value.raw != (12_345).to_bytes(4, "big")


def test_a_meter_number_of_text_is_replaced_by_text() -> None:
    text = RegisterValue(51, 54, 0, b"AB12345678")
    found = redacted(RegisterReply(0x3F, (text,)))
    assert isinstance(found, RegisterReply)
    (value,) = found.values
    assert value.raw != text.raw
    assert value.raw.isalnum()


def test_a_number_that_is_not_set_stays_so() -> None:
    message = RegisterReply(0x3F, (plain(52, 0), plain(1054, 228, unit=33)))
    assert redacted(message) == message


def test_bytes_that_are_no_frame_tell_nothing_but_their_command() -> None:
    # A serial number's reply whose checksum is wrong.
    raw = bytes.fromhex("403F02009BAFA09E6F0D")
    shown = redact(Side.DEVICE, Undecodable(raw, "crc"), NAMES)
    assert shown == bytes.fromhex("403F020000000000000D")


@given(raw=st.binary(max_size=40))
def test_redacting_rubble_keeps_its_length(raw: bytes) -> None:
    assert len(redact(Side.DEVICE, Undecodable(raw, "noise"), NAMES)) == len(raw)
