"""What a proxy may do to a display's conversation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mitmeter.devices.glow.codec import GlowCodec, encode
from mitmeter.devices.glow.deny_writes import DenyWrites
from mitmeter.devices.glow.messages import Message, MeterReport, Reply
from mitmeter.devices.glow.redact_rule import RedactRule
from mitmeter.devices.glow.rules import RULES
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.protocol import Command, Decoded, HeadendContext, Report, Undecodable, Verdict
from mitmeter.roles.conversation import Relay, Transmit
from tests.devices.glow.glow_sayings import (
    DISPLAY,
    HEARD,
    body_of,
    decoded,
    example,
    reply,
)


def judged(
    rule: RedactRule | DenyWrites, raw: bytes, sender: Side = Side.DEVICE
) -> Verdict[Message]:
    codec = GlowCodec()
    (item,) = [*codec.feed(sender, raw), *codec.end(sender)]
    return rule.judge(sender, item, HEARD)


def event_ids(verdict: Verdict[Message]) -> list[str]:
    return [each.event.eventid for each in verdict.actions if isinstance(each, Report)]


def redact_rule(**options: str) -> RedactRule:
    return RedactRule(HeadendContext(options=options))


# --- redact


def test_meter_numbers_are_masked_and_everything_else_goes_on_as_it_was() -> None:
    verdict = judged(redact_rule(), example("G1"))
    assert verdict.forward == example("G1").replace(b"1900000000001", b"0" * 13).replace(
        b"9900000001", b"0" * 10
    )
    assert verdict.why == "private text masked"


def test_with_serials_what_names_the_display_is_masked_as_well() -> None:
    verdict = judged(redact_rule(serials="yes"), example("G1"))
    assert verdict.forward is not None
    assert b"02005" not in verdict.forward
    assert b"X-ID: 00000XXXXX000000" in verdict.forward
    (message,) = decoded(verdict.forward)
    assert isinstance(message, MeterReport)


@pytest.mark.parametrize("name", ["G3", "G5", "G8"])
def test_what_has_nothing_private_in_it_is_not_touched(name: str) -> None:
    verdict = judged(redact_rule(), example(name))
    assert verdict == Verdict(example(name))


def test_bytes_that_are_no_message_are_withheld_and_said_once_unless_let_pass() -> None:
    rule = redact_rule()
    garbage = Undecodable(b"\x16\x03\x01 1900000000001\r\n\r\n", "no HTTP")
    first, second = (rule.judge(Side.DEVICE, garbage, HEARD) for _ in range(2))
    assert first.forward is None
    assert second.forward is None
    assert event_ids(first) == ["mitmeter.glow.redact.withheld"]
    assert event_ids(second) == []
    verdict = redact_rule(undecodable="pass").judge(Side.DEVICE, garbage, HEARD)
    assert verdict.forward == garbage.raw


def test_the_clouds_words_pass_the_redaction() -> None:
    raw = example("reply 200 acknowledges")
    assert judged(redact_rule(), raw, Side.HEADEND) == Verdict(raw)


@pytest.mark.parametrize("options", [{"serials": "maybe"}, {"undecodable": "x"}])
def test_a_wrong_option_is_an_error_of_the_operator(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        redact_rule(**options)


# --- deny-writes


@pytest.mark.parametrize(
    "answer",
    [reply("200"), reply("CURPRICE"), reply("200\r\n"), reply(""), reply("<html>sorry", 502)],
)
def test_what_a_cloud_ordinarily_answers_passes(answer: Reply) -> None:
    raw = encode(Side.HEADEND, answer)
    assert judged(DenyWrites(HeadendContext()), raw, Side.HEADEND) == Verdict(raw)


def test_an_unknown_word_becomes_a_plain_acknowledgement_and_is_said_once() -> None:
    rule = DenyWrites(HeadendContext())
    raw = encode(Side.HEADEND, reply("UPDATE http://203.0.113.1/fw"))
    first, second = judged(rule, raw, Side.HEADEND), judged(rule, raw, Side.HEADEND)
    assert first.forward == second.forward == example("reply 200 acknowledges")
    assert event_ids(first) == ["mitmeter.glow.command.refused"]
    assert event_ids(second) == []


def test_bytes_of_the_cloud_that_are_no_reply_are_dropped() -> None:
    rule = DenyWrites(HeadendContext())
    verdict = rule.judge(Side.HEADEND, Undecodable(b"?", "no HTTP"), HEARD)
    assert verdict.forward is None


def test_what_the_display_says_passes_and_names_it_for_the_event() -> None:
    rule = DenyWrites(HeadendContext())
    assert judged(rule, example("G1")) == Verdict(example("G1"))
    verdict = judged(rule, encode(Side.HEADEND, reply("REBOOT")), Side.HEADEND)
    (report,) = verdict.actions
    assert isinstance(report, Report)
    assert report.event.device == DISPLAY


# --- together


def test_both_rules_work_on_one_conversation() -> None:
    context = HeadendContext()
    relay: Relay[Message] = Relay(GlowCodec, [RULES[name](context) for name in sorted(RULES)])
    out = relay.received(Side.DEVICE, example("G1"), HEARD)
    (forwarded,) = [each.data for each in out if isinstance(each, Transmit)]
    assert b"1900000000001" not in forwarded
    assert len(forwarded) == len(example("G1"))
    word = encode(Side.HEADEND, reply("REBOOT"))
    back = relay.received(Side.HEADEND, word, HEARD + timedelta(seconds=1))
    (answer,) = [each.data for each in back if isinstance(each, Transmit)]
    assert answer == example("reply 200 acknowledges")


@pytest.mark.parametrize("name", sorted(RULES))
def test_no_rule_takes_commands_or_sets_timers(name: str) -> None:
    rule = RULES[name](HeadendContext())
    assert rule.commanded(Command("c", DISPLAY, "x", {}), HEARD) is None
    assert list(rule.timer("x", HEARD)) == []


def test_a_masked_report_is_the_report_of_another_meter_and_nothing_else() -> None:
    (item,) = GlowCodec().feed(Side.DEVICE, example("G1"))
    assert isinstance(item, Decoded)
    verdict = redact_rule().judge(Side.DEVICE, item, HEARD)
    assert verdict.forward is not None
    (message,) = decoded(verdict.forward)
    assert isinstance(message, MeterReport)
    assert message.body == body_of("G1").replace("1900000000001", "0" * 13).replace(
        "9900000001", "0" * 10
    )
