"""What a proxy keeps from a meter, and what it keeps to itself. Worked examples are the fact
sheet's; other frames are made by its rules, their checksums checked independently.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mitmeter.devices.kamstrup import SPEC
from mitmeter.devices.kamstrup.codec import KamstrupCodec
from mitmeter.devices.kamstrup.messages import Message, SerialReply
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, HeadendContext, Report, Undecodable, Verdict

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# K5 reads a register; K2 is a meter's answer to GetSerialNo: 10203040.
GET_REGISTER = bytes.fromhex("803F1001041F6A9A0D")
SERIAL = bytes.fromhex("403F02009BAFA09E6E0D")


def frame(address: int, cid: int, data: str = "") -> bytes:
    """Return a request that needs no stuffing, by a checksum of the standard library's."""
    import binascii

    body = bytes((address, cid)) + bytes.fromhex(data)
    whole = body + binascii.crc_hqx(body, 0).to_bytes(2, "big")
    assert not set(whole) & {0x06, 0x0D, 0x1B, 0x40, 0x80}, whole.hex()
    return b"\x80" + whole + b"\x0d"


def item(sender: Side, raw: bytes) -> Decoded[Message] | Undecodable:
    codec = KamstrupCodec()
    (found,) = [*codec.feed(sender, raw), *codec.end(sender)]
    return found


def judge(name: str, sender: Side, *raw: bytes, **options: str) -> list[Verdict[Message]]:
    rule = SPEC.rules[name](HeadendContext(options=options))
    return [rule.judge(sender, item(sender, each), NOW) for each in raw]


SET_CLOCK = frame(0x3F, 0x09, "0003F7A10001E0F3")
PUT_REGISTER = frame(0x3F, 0x11, "03EA1604000001E0F3")
CUT_OFF = frame(0x3F, 0x97, "01")
RESET = frame(0x3F, 0x07)
UNKNOWN = frame(0x3F, 0x55)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (SET_CLOCK, "SetClock"),
        (PUT_REGISTER, "PutRegister"),
        (CUT_OFF, "SetCutOffState"),
        (RESET, "Reset"),
        (UNKNOWN, "unknown command 55"),
        (b"\x80\x3f\x0d", "bytes that are no command"),
    ],
)
def test_what_could_change_the_meter_is_dropped_in_silence_and_told(raw: bytes, what: str) -> None:
    (verdict,) = judge("deny-writes", Side.HEADEND, raw)
    assert (verdict.forward, verdict.why) == (None, f"{what} refused")
    (report,) = verdict.actions
    assert isinstance(report, Report)
    assert report.event.eventid == "mitmeter.kamstrup.write.refused"
    assert report.event.fields["command"] == what


@pytest.mark.parametrize("raw", [GET_REGISTER, frame(0x3F, 0x01), frame(0x3F, 0x92, "04D2")])
def test_reading_and_logging_in_go_on(raw: bytes) -> None:
    assert judge("deny-writes", Side.HEADEND, raw) == [Verdict(raw)]


def test_what_the_meter_says_goes_on() -> None:
    assert judge("deny-writes", Side.DEVICE, SERIAL) == [Verdict(SERIAL)]


def test_what_is_allowed_passes_and_nothing_else() -> None:
    clock, cut = judge("deny-writes", Side.HEADEND, SET_CLOCK, CUT_OFF, allow="SetClock, Reset")
    assert clock == Verdict(SET_CLOCK)
    assert cut.forward is None


def test_a_reader_that_insists_is_told_of_at_every_doubling() -> None:
    verdicts = judge("deny-writes", Side.HEADEND, *[RESET] * 5)
    assert [len(each.actions) for each in verdicts] == [1, 1, 0, 1, 0]


def test_bytes_that_are_no_command_pass_where_that_is_wanted() -> None:
    rubble = b"\x80\x3f\x0d"
    assert judge("deny-writes", Side.HEADEND, rubble, undecodable="pass") == [Verdict(rubble)]


def test_a_serial_number_is_masked_and_the_frame_is_sound() -> None:
    (verdict,) = judge("redact", Side.DEVICE, SERIAL)
    assert verdict.why == "private numbers masked"
    assert verdict.forward is not None
    masked = item(Side.DEVICE, verdict.forward)
    assert isinstance(masked, Decoded)
    assert isinstance(masked.message, SerialReply)
    assert masked.message.serial != 10203040


def test_a_readers_words_are_not_masked() -> None:
    assert judge("redact", Side.HEADEND, PUT_REGISTER) == [Verdict(PUT_REGISTER)]


def test_what_a_meter_says_that_cannot_be_read_is_withheld_and_told_once() -> None:
    first, second = judge("redact", Side.DEVICE, b"\x40\x3f\x0d", b"\x40\x3f\x0d")
    assert (first.forward, second.forward) == (None, None)
    assert (len(first.actions), len(second.actions)) == (1, 0)


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("deny-writes", {"allow": "GetType"}, "'GetType' is no writing command; there is Reset, "),
        ("deny-writes", {"undecodable": "yes"}, "'yes' is neither drop nor pass"),
        ("redact", {"undecodable": "yes"}, "'yes' is neither drop nor pass"),
    ],
)
def test_a_wrong_option_is_named(name: str, options: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError) as told:
        judge(name, Side.HEADEND, **options)
    assert told.value.problem.startswith(problem)
