from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mitmeter.model import DeviceId, Side
from mitmeter.protocol import Answer, Close, Command, SetTimer
from mitmeter.roles.conversation import Relay, Talk, Transmit
from tests.roles.lines import Echo, LineCodec

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def talk() -> Talk[str]:
    return Talk(LineCodec(), Echo(), Side.HEADEND)


def said(text: str) -> Transmit:
    return Transmit(Side.DEVICE, text.encode() + b"\n", ours=True)


def test_the_party_speaks_first_when_the_conversation_opens() -> None:
    assert talk().opened(NOW) == [said("hello")]


def test_two_messages_in_one_chunk_get_two_answers_in_order() -> None:
    assert talk().received(b"a\nb\n", NOW) == [said("A"), said("B")]


def test_a_half_message_is_held_and_answered_once_it_is_whole() -> None:
    engine = talk()
    assert engine.received(b"ab", NOW) == []
    assert engine.held == 2
    assert engine.received(b"c\n", NOW) == [said("ABC")]
    assert engine.held == 0


def test_garbage_is_told_to_the_party_and_counted_until_the_next_good_message() -> None:
    engine = talk()
    assert engine.received(b"#noise\n", NOW) == [said("what? starts with #")]
    assert engine.garbled_bytes == 7
    engine.received(b"ok\n", NOW)
    assert engine.garbled_bytes == 0


def test_what_is_held_at_the_end_comes_out_as_undecodable() -> None:
    engine = talk()
    engine.received(b"half", NOW)
    assert engine.ended(NOW) == [said("what? no newline")]


def test_other_actions_come_out_in_their_place() -> None:
    engine = talk()
    assert engine.received(b"wait\n", NOW) == [SetTimer("later", 3.0)]
    assert engine.timer("later", NOW) == [said("timer later")]
    assert engine.received(b"bye\n", NOW) == [said("bye"), Close("asked to")]


def test_a_command_reaches_the_party_and_its_answer_comes_back() -> None:
    command = Command("7", DeviceId("lines", "1"), "ring", {})
    assert talk().commanded(command, NOW) == [said("ring"), Answer("7", True, "done")]


@given(st.binary(max_size=200), st.sampled_from(list(Side)))
def test_a_relay_without_rules_emits_exactly_its_input(data: bytes, sender: Side) -> None:
    relay: Relay[str] = Relay(LineCodec, [])
    assert relay.received(sender, data, NOW) == [Transmit(sender.other, data, ours=False)]
