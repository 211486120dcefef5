from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.model import DeviceId, Side
from mitmeter.protocol import (
    Answer,
    Command,
    Decoded,
    Emit,
    EmitRaw,
    RuleAction,
    SetTimer,
    Undecodable,
    Verdict,
)
from mitmeter.roles.conversation import Relay, Transmit
from mitmeter.roles.rewrite import HOLD_SECONDS, Changed
from tests.roles.lines import LineCodec

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Item = Decoded[str] | Undecodable


class Observe:
    """Lets everything pass."""

    def judge(self, sender: Side, item: Item, now: datetime) -> Verdict[str]:
        return Verdict(item.raw)

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[str]]:
        return [Emit(Side.DEVICE, f"timer {name}")]

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[str]] | None:
        return None


class Shout(Observe):
    """Changes every message to capitals."""

    def judge(self, sender: Side, item: Item, now: datetime) -> Verdict[str]:
        return Verdict(item.raw.upper(), "shouted")


class NoSecrets(Observe):
    """Drops SECRET, in capitals only; answers the sender."""

    def judge(self, sender: Side, item: Item, now: datetime) -> Verdict[str]:
        if isinstance(item, Decoded) and item.message == "SECRET":
            return Verdict(None, "secret", (Emit(sender, "denied"),))
        return Verdict(item.raw)


class Ring(Observe):
    """Takes commands."""

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[str]] | None:
        return [
            Emit(Side.DEVICE, command.name),
            SetTimer("ring", 9.0),
            Answer(command.id, True, ""),
        ]


class Broken(Observe):
    """Fails on the word `bug`."""

    def judge(self, sender: Side, item: Item, now: datetime) -> Verdict[str]:
        if item.raw == b"bug\n":
            raise RuntimeError("broken rule")
        return Verdict(item.raw)


def passed(data: bytes, *, ours: bool = False) -> Transmit:
    return Transmit(Side.HEADEND, data, ours=ours)


def test_a_rule_that_changes_nothing_passes_whole_messages_as_they_were() -> None:
    relay = Relay(LineCodec, [Observe()])
    assert relay.received(Side.DEVICE, b"a\nb\n", NOW) == [passed(b"a\n"), passed(b"b\n")]


def test_a_changed_message_goes_on_as_ours_with_a_note_of_what_it_was() -> None:
    relay = Relay(LineCodec, [Shout()])
    assert relay.received(Side.DEVICE, b"a\n", NOW) == [
        passed(b"A\n", ours=True),
        Changed(Side.HEADEND, b"a\n", b"A\n", "shouted"),
    ]


def test_the_second_rule_sees_what_the_first_made_of_a_message() -> None:
    relay = Relay(LineCodec, [Shout(), NoSecrets()])
    assert relay.received(Side.DEVICE, b"secret\n", NOW) == [
        Changed(Side.HEADEND, b"secret\n", None, "secret"),
        Transmit(Side.DEVICE, b"denied\n", ours=True),
    ]


def test_half_a_message_is_held_and_flushed_unchanged_when_the_rest_does_not_come() -> None:
    relay = Relay(LineCodec, [Observe()])
    assert relay.received(Side.DEVICE, b"ha", NOW) == [
        SetTimer("rewrite.hold:device", HOLD_SECONDS)
    ]
    assert relay.timer("rewrite.hold:device", NOW) == [passed(b"ha")]
    assert relay.timer("rewrite.hold:device", NOW) == []


def test_a_command_goes_to_the_rule_that_takes_it_and_its_timers_come_back_to_it() -> None:
    relay = Relay(LineCodec, [Observe(), Ring()])
    command = Command("7", DeviceId("lines", "1"), "ring", {})
    effects = relay.commanded(command, NOW)
    assert effects == [
        Transmit(Side.DEVICE, b"ring\n", ours=True),
        SetTimer("1:ring", 9.0),
        Answer("7", True, ""),
    ]
    assert relay.timer("1:ring", NOW) == [Transmit(Side.DEVICE, b"timer ring\n", ours=True)]


def test_a_command_is_refused_where_no_rule_takes_commands() -> None:
    relay = Relay(LineCodec, [Observe()])
    (answer,) = relay.commanded(Command("7", DeviceId("lines", "1"), "ring", {}), NOW)
    assert isinstance(answer, Answer)
    assert not answer.accepted


def test_after_a_rule_failed_everything_it_held_is_still_there_to_be_passed_on() -> None:
    relay = Relay(LineCodec, [Broken()])
    with pytest.raises(RuntimeError):
        relay.received(Side.DEVICE, b"good\nbug\nmore", NOW)
    assert relay.blind() == {Side.DEVICE: b"good\nbug\nmore"}
    assert relay.received(Side.DEVICE, b"x", NOW) == [passed(b"x")]


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_with_rules_that_let_everything_pass_no_byte_is_lost_or_moved(chunks: list[bytes]) -> None:
    relay = Relay(LineCodec, [Observe()])
    out = b""
    for chunk in chunks:
        for effect in relay.received(Side.DEVICE, chunk, NOW):
            out += effect.data if isinstance(effect, Transmit) else b""
    for effect in relay.ended(Side.DEVICE, NOW):
        out += effect.data if isinstance(effect, Transmit) else b""
    assert out == b"".join(chunks)


def test_a_message_that_comes_in_drips_is_waited_for_from_its_first_byte_on() -> None:
    relay = Relay(LineCodec, [Observe()])
    armed = [SetTimer("rewrite.hold:device", HOLD_SECONDS)]
    assert relay.received(Side.DEVICE, b"h", NOW) == armed
    assert relay.received(Side.DEVICE, b"a", NOW) == []
    assert relay.received(Side.DEVICE, b"lf\nand", NOW) == [passed(b"half\n"), *armed]
    assert relay.received(Side.DEVICE, b" more\n", NOW) == [passed(b"and more\n")]
    assert relay.received(Side.DEVICE, b"a", NOW) == armed


def test_bytes_are_said_raw_where_a_rule_asks_for_it() -> None:
    class Raw(Observe):
        def timer(self, name: str, now: datetime) -> Iterable[RuleAction[str]]:
            return [EmitRaw(Side.DEVICE, b"no line")]

    relay = Relay(LineCodec, [Raw()])
    assert relay.timer("0:x", NOW) == [Transmit(Side.DEVICE, b"no line", ours=True)]


class Settling(LineCodec):
    """Does not wait for the end of a line."""

    def settle(self, sender: Side) -> list[Item]:
        return self.end(sender)


def test_nothing_is_held_back_of_a_codec_that_settles() -> None:
    relay = Relay(Settling, [Shout()])
    assert relay.received(Side.DEVICE, b"half", NOW) == [
        Transmit(Side.HEADEND, b"HALF", ours=True),
        Changed(Side.HEADEND, b"half", b"HALF", "shouted"),
    ]


# bypassing


def test_bypassed_rules_change_nothing_and_what_was_held_goes_on_at_once() -> None:
    relay = Relay(LineCodec, [Shout()])
    relay.received(Side.DEVICE, b"ha", NOW)
    assert relay.bypass(True) == [passed(b"ha")]
    assert relay.received(Side.DEVICE, b"lf\nmo", NOW) == [passed(b"lf\nmo")]
    assert relay.timer("rewrite.hold:device", NOW) == []


def test_the_rest_of_a_message_that_was_half_gone_passes_unjudged_when_rules_are_back() -> None:
    relay = Relay(LineCodec, [Shout()])
    relay.bypass(True)
    assert relay.received(Side.DEVICE, b"one\nha", NOW) == [passed(b"one\nha")]
    assert relay.bypass(False) == []
    effects = relay.received(Side.DEVICE, b"lf\nnext\n", NOW)
    assert [each for each in effects if isinstance(each, Transmit)] == [
        passed(b"lf\n"),
        Transmit(Side.HEADEND, b"NEXT\n", ours=True),
    ]


def test_a_half_message_that_has_gone_on_is_not_said_twice_when_nothing_follows() -> None:
    relay = Relay(LineCodec, [Observe()])
    relay.bypass(True)
    relay.received(Side.DEVICE, b"ha", NOW)
    relay.bypass(False)
    assert relay.received(Side.DEVICE, b"l", NOW) == [SetTimer("rewrite.hold:device", HOLD_SECONDS)]
    assert relay.ended(Side.DEVICE, NOW) == [passed(b"l")]


def test_a_rule_that_fails_after_a_bypass_gives_up_only_what_has_not_gone_on() -> None:
    relay = Relay(LineCodec, [Broken()])
    relay.bypass(True)
    relay.received(Side.DEVICE, b"ha", NOW)
    relay.bypass(False)
    with pytest.raises(RuntimeError):
        relay.received(Side.DEVICE, b"lf\nbug\n", NOW)
    assert relay.blind() == {Side.DEVICE: b"lf\nbug\n"}


def test_bypassed_rules_take_no_commands_and_say_nothing_of_their_own() -> None:
    relay = Relay(LineCodec, [Observe()])
    relay.bypass(True)
    command = Command("7", DeviceId("lines", "1"), "ring", {})
    assert relay.commanded(command, NOW) == [
        Answer("7", False, "the rules of this proxy are bypassed just now")
    ]
    assert relay.timer("0:x", NOW) == []


@given(
    st.lists(st.tuples(st.sampled_from((True, False, None)), st.binary(max_size=6)), max_size=30)
)
def test_however_often_rules_are_bypassed_every_byte_goes_on_once_and_in_order(
    steps: list[tuple[bool | None, bytes]],
) -> None:
    relay = Relay(LineCodec, [Observe()])
    effects = []
    for bypass, data in steps:
        if bypass is not None:
            effects += relay.bypass(bypass)
        effects += relay.received(Side.DEVICE, data, NOW)
    effects += relay.ended(Side.DEVICE, NOW)
    passed_on = b"".join(each.data for each in effects if isinstance(each, Transmit))
    assert passed_on == b"".join(data for _, data in steps)
