"""The rule redact: what the battery tells of its owner is masked; frames stay whole and valid."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from mitmeter.devices.alphaess.codec import AlphaEssCodec
from mitmeter.devices.alphaess.messages import (
    ConfigReply,
    ConfigReport,
    Json,
    JsonMessage,
    Login,
    Message,
    Notice,
    Other,
)
from mitmeter.devices.alphaess.redact_rule import RedactRule, mask
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, HeadendContext, Undecodable, Verdict
from tests.devices.alphaess.alphaess_sayings import (
    NOON,
    SERIAL,
    Heard,
    command,
    fetch,
    history,
    report,
    server_configuration,
    status,
)

# E1 of the protocol fact sheet, crc checked independently: the login of example-pass.
LOGIN = bytes.fromhex(
    "01 01 02 00 00 00 51 7B 22 55 73 65 72 4E 61 6D 65 22 3A 22 41 4C 39 39 30 30 30 30 30 30"
    "30 30 30 30 37 22 2C 22 50 61 73 73 77 6F 72 64 22 3A 22 65 78 61 6D 70 6C 65 2D 70 61 73"
    "73 22 2C 22 43 6F 6D 70 61 6E 79 4E 61 6D 65 22 3A 22 41 6C 70 68 61 45 53 53 22 7D 2D 8E"
)


def crc16_modbus(data: bytes) -> int:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def forwarded(
    message: Message, options: Mapping[str, str] | None = None
) -> tuple[bytes, Message, Verdict[Message]]:
    """Pass a battery's message through the rule; return its bytes before, and what came of it."""
    codec = AlphaEssCodec()
    raw = codec.encode(Side.DEVICE, message)
    rule = RedactRule(HeadendContext(options=options or {}))
    verdict = rule.judge(Side.DEVICE, Decoded(raw, message), NOON)
    assert verdict.forward is not None
    (item,) = codec.feed(Side.DEVICE, verdict.forward)
    assert isinstance(item, Decoded)
    return raw, item.message, verdict


def members(message: Message) -> dict[str, Json]:
    assert isinstance(message, JsonMessage)
    return dict(message.members)


def test_the_password_of_a_login_is_masked_and_the_frame_stays_valid() -> None:
    (item,) = AlphaEssCodec().feed(Side.DEVICE, LOGIN)
    verdict = RedactRule(HeadendContext()).judge(Side.DEVICE, item, NOON)
    expected = LOGIN[:-2].replace(b"example-pass", b"xxxxxxx-xxxx")
    assert verdict.forward == expected + crc16_modbus(expected).to_bytes(2, "big")
    assert verdict.why == "private text masked"


def test_the_owner_disappears_from_a_configuration_report_and_nothing_else_changes() -> None:
    said = report(ZipCode="0800", PhoneNumber="+44 1234", WifiSN="E47-B", InvSN="000X0000X")
    raw, passed, verdict = forwarded(said)
    assert members(passed) == members(said) | {
        "Address": "0 Xxxxxx Xxxxxx",
        "License": "XXX0000000000000",
        "ZipCode": "0000",
        "PhoneNumber": "+00 0000",
        "WifiSN": "X00-X",
    }
    assert verdict.forward is not None
    assert len(verdict.forward) == len(raw)


def test_repeated_private_members_are_all_masked() -> None:
    _, passed, _ = forwarded(ConfigReport((("SN", SERIAL), ("License", "A1"), ("License", "B2"))))
    assert isinstance(passed, ConfigReport)
    assert passed.members[1:] == (("License", "X0"), ("License", "X0"))


def test_private_members_that_are_not_text_are_masked_too() -> None:
    _, passed, _ = forwarded(report(ZipCode=Decimal(8001), Address=("1", "Sample Street")))
    assert members(passed)["ZipCode"] == Decimal(0)
    assert members(passed)["Address"] == ""


def test_the_network_address_in_a_restart_notice_is_masked() -> None:
    text = "System is restart, reason:1 0 1 0 0 0!MAC:02 0A 00 ff 00 07!"
    _, passed, _ = forwarded(
        Notice((("MsgType", "System"), ("MsgContent", text), ("Description", "OK")))
    )
    assert members(passed)["MsgContent"] == (
        "System is restart, reason:1 0 1 0 0 0!MAC:00 00 00 00 00 00!"
    )


@pytest.mark.parametrize("message", [status(NOON), fetch(), history(NOON)])
def test_readings_pass_byte_for_byte(message: Message) -> None:
    raw, _, verdict = forwarded(message)
    assert verdict == Verdict(raw)


@pytest.mark.parametrize("message", [status(NOON), fetch(), history(NOON), report()])
def test_serial_numbers_are_masked_when_asked_for(message: Message) -> None:
    _, _, verdict = forwarded(message, {"serials": "yes"})
    assert verdict.forward is not None
    assert SERIAL.encode() not in verdict.forward
    assert b"XX0000000000000" in verdict.forward


def test_the_user_name_is_masked_with_the_serial_numbers_only() -> None:
    login = Login((("UserName", SERIAL), ("Password", "p1"), ("CompanyName", "AlphaESS")))
    assert members(forwarded(login)[1])["UserName"] == SERIAL
    assert members(forwarded(login, {"serials": "yes"})[1])["UserName"] == "XX0000000000000"


def test_a_frame_of_unknown_content_is_masked_where_it_names_something_private() -> None:
    codec = AlphaEssCodec()
    payload = b'?{"Address" : "1 Sample Street","x":1'
    raw = codec.encode(Side.DEVICE, _other(payload))
    (item,) = codec.feed(Side.DEVICE, raw)
    verdict = RedactRule(HeadendContext()).judge(Side.DEVICE, item, NOON)
    expected = raw[:7] + b'?{"Address" : "0 Xxxxxx Xxxxxx","x":1'
    assert verdict.forward == expected + crc16_modbus(expected).to_bytes(2, "big")


def test_a_frame_of_unknown_content_otherwise_passes() -> None:
    codec = AlphaEssCodec()
    (item,) = codec.feed(Side.DEVICE, codec.encode(Side.DEVICE, _other(b"\x00\xff hello")))
    assert RedactRule(HeadendContext()).judge(Side.DEVICE, item, NOON).forward == item.raw


def _other(payload: bytes) -> Other:
    """A sound frame under a number nobody has described, as the codec itself would see it."""
    head = bytes((1, 1, 77)) + len(payload).to_bytes(4, "big") + payload
    (item,) = AlphaEssCodec().feed(Side.DEVICE, head + crc16_modbus(head).to_bytes(2, "big"))
    assert isinstance(item, Decoded)
    assert isinstance(item.message, Other)
    return item.message


def test_bytes_that_are_no_message_are_withheld_with_one_event() -> None:
    rule = RedactRule(HeadendContext())
    verdicts = [
        rule.judge(Side.DEVICE, Undecodable(b'"Password":"exam', "cut short"), NOON)
        for _ in range(3)
    ]
    assert [verdict.forward for verdict in verdicts] == [None, None, None]
    assert [len(Heard(verdict.actions).events) for verdict in verdicts] == [1, 0, 0]


def test_bytes_that_are_no_message_can_be_let_through() -> None:
    rule = RedactRule(HeadendContext(options={"undecodable": "pass"}))
    assert rule.judge(Side.DEVICE, Undecodable(b"?", "noise"), NOON) == Verdict(b"?")


def test_the_clouds_answers_pass_unchanged() -> None:
    rule = RedactRule(HeadendContext(options={"serials": "yes"}))
    item: Decoded[Message] = Decoded(b"as it came", ConfigReply(server_configuration()))
    assert rule.judge(Side.HEADEND, item, NOON) == Verdict(b"as it came")
    assert rule.judge(Side.HEADEND, Undecodable(b"?", "noise"), NOON) == Verdict(b"?")


def test_a_mask_keeps_length_and_shape() -> None:
    assert mask("1 Sample St., Flat 2/b") == "0 Xxxxxx Xx., Xxxx 0/x"
    assert mask("Straße_9") == "Xxxxxx_0"
    assert mask("") == ""


def test_it_takes_no_commands() -> None:
    assert RedactRule(HeadendContext()).commanded(command("set", SetFeed="50"), NOON) is None


def test_an_unknown_option_value_is_the_operators_error() -> None:
    with pytest.raises(ConfigError, match=r"options\.serials"):
        RedactRule(HeadendContext(options={"serials": "maybe"}))
