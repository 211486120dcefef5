"""Two parties talk in simulated time; what they said, when, and what came of it is on record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mitmeter.errors import LocalProtocolError
from mitmeter.model import DeviceId, Fact, Origin, Side
from mitmeter.protocol import Action, Answer, SendRaw, Undecodable
from mitmeter.testing.cutting import BYTE_BY_BYTE
from mitmeter.testing.dialogue import Closing, Dialogue, Line, dialogue
from mitmeter.testing.house import SteadyHouse
from mitmeter.testing.replay import replay
from tests.testing.toy_protocol import SPEC, Message, Note, Report, ToyDevice, frame

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
NO_LATENCY = Line(latency_seconds=0.0)


def talk(line: Line = NO_LATENCY, **device_options: str) -> Dialogue[Message]:
    return dialogue(SPEC, start=NOON, line=line, device_options=device_options)


def test_both_sides_are_heard_in_order() -> None:
    said = talk().run(seconds=25)
    device = said.said_by(Side.DEVICE)
    assert [type(each).__name__ for each in device] == ["Note", "Report", "Report"]
    assert said.said_by(Side.HEADEND) == [Note("ok"), Note("ok")]


def test_timers_ring_at_their_time() -> None:
    said = talk().run(seconds=30)
    times = [each.time for each in said.said_by(Side.DEVICE) if isinstance(each, Report)]
    noon = datetime.fromisoformat("2025-06-01T12:00:00")
    assert times == [noon + timedelta(seconds=s) for s in (10, 20, 30)]


def test_nothing_happens_beyond_the_time_that_passed() -> None:
    said = talk().run(seconds=9.999)
    assert len(said.said_by(Side.DEVICE)) == 1
    assert said.now == NOON + timedelta(seconds=9.999)


def test_readings_carry_the_value_the_moment_and_the_chunk() -> None:
    said = talk().run(seconds=10)
    (reading,) = said.readings("grid.power")
    assert reading.value == Decimal(SteadyHouse().grid_w)
    assert reading.received == NOON + timedelta(seconds=10)
    assert reading.source == "dialogue00000001/1"
    assert reading.origin is Origin.SYNTHETIC


def test_the_given_house_is_the_one_that_is_reported() -> None:
    house = SteadyHouse(pv_w=0, battery_w=0, load_w=432)
    said = dialogue(SPEC, start=NOON, house=house).run(seconds=11)
    assert [each.value for each in said.readings()] == [Decimal(432)]


def test_the_record_holds_a_devices_words_as_they_arrive_and_our_own_as_they_are_said() -> None:
    said = talk(Line(latency_seconds=2.0)).run(seconds=15)
    seen = [
        (each.sender, each.ours, (each.received - NOON).total_seconds()) for each in said.chunks
    ]
    assert seen == [
        (Side.DEVICE, False, 2.0),
        (Side.DEVICE, False, 12.0),
        (Side.HEADEND, True, 12.0),
    ]


def test_the_line_may_cut_what_is_said_anyhow() -> None:
    said = talk(Line(cut=BYTE_BY_BYTE)).run(minutes=1)
    assert {len(each.data) for each in said.chunks} == {1}
    assert said.undecodable() == []
    assert said.said_by(Side.HEADEND) == [Note("ok")] * 5


def test_a_party_that_hangs_up_is_followed_by_a_new_conversation() -> None:
    said = talk(Line(latency_seconds=0.0, reconnect_seconds=7.0), hang_up="1").run(seconds=18)
    assert said.closings == [Closing(NOON + timedelta(seconds=10), Side.DEVICE, "tired")]
    again = next(each for each in said.chunks if each.conversation.id == "dialogue00000002")
    assert again.received == NOON + timedelta(seconds=17)
    assert again.data == frame("model T-1000") or again.sender is Side.HEADEND


def test_what_was_said_before_hanging_up_still_arrives() -> None:
    said = talk(Line(latency_seconds=1.0), hang_up="1").run(seconds=15)
    assert isinstance(said.said_by(Side.DEVICE)[-1], Report)


def test_the_device_lives_on_while_each_conversation_has_its_own_head_end() -> None:
    said = talk(hang_up="2").run(seconds=45)
    assert said.closings[0].at == NOON + timedelta(seconds=20)
    assert Note("welcome back T-1000") in said.said_by(Side.HEADEND)


def test_timers_of_a_conversation_that_is_over_do_not_ring() -> None:
    said = talk(Line(reconnect_seconds=3600.0), hang_up="1").run(minutes=30)
    assert len(said.readings()) == 1


def test_a_line_that_is_cut_is_mended_after_the_time_given() -> None:
    said = talk().run(seconds=15).disconnect(seconds=100).run(seconds=99)
    assert len(said.readings()) == 1
    said.run(seconds=12)
    assert len(said.readings()) == 2
    assert said.closings[0].by is None


def test_what_is_on_its_way_when_the_line_is_cut_is_lost() -> None:
    said = talk(Line(latency_seconds=5.0)).run(seconds=12).disconnect().run(seconds=1)
    assert said.readings() == []


def test_a_command_reaches_the_head_end_and_its_answer_comes_back() -> None:
    said = talk().run(seconds=12)
    assert said.device == DeviceId("toy", "TOY1")
    id = said.command("say", text="hello")
    assert said.run(seconds=1).answers[id] == Answer(id, True, "said hello")


def test_a_command_for_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="no device"):
        talk().command("say", text="hello")


def test_facts_are_there_for_the_next_head_end_to_recall() -> None:
    said = talk().run(seconds=1)
    assert said.facts == [Fact(DeviceId("toy", "TOY1"), "model", "T-1000")]


def test_garbage_is_shown_as_undecodable() -> None:
    class Babbles(ToyDevice):
        def opened(self, now: datetime) -> Iterable[Action[Message]]:
            yield SendRaw(b"\x00")
            yield from super().opened(now)

    said = dialogue(replace(SPEC, device=Babbles), start=NOON).run(seconds=1)
    assert said.undecodable() == [Undecodable(b"\x00", "noise before a start byte")]
    assert Note("what?") in said.said_by(Side.HEADEND)


def test_a_protocol_without_a_device_cannot_talk_to_itself() -> None:
    with pytest.raises(LocalProtocolError, match="toy has no device"):
        dialogue(replace(SPEC, device=None), start=NOON)


def test_the_same_dialogue_is_always_the_same() -> None:
    first, second = (talk(hang_up="7").run(minutes=10) for _ in range(2))
    assert first.chunks == second.chunks
    assert first.readings() == second.readings()


def test_decoding_the_record_gives_the_readings_of_every_conversation() -> None:
    said = talk(hang_up="3").run(minutes=10).disconnect()
    again = replay(SPEC, said.chunks)
    assert len(said.readings()) > 30
    assert again.readings == said.readings()
    assert again.facts == said.facts


def test_conversations_that_overlap_are_decoded_apart() -> None:
    one, other = (talk(Line(cut=BYTE_BY_BYTE)).run(seconds=15) for _ in range(2))
    theirs = [
        replace(each, conversation=replace(each.conversation, id="other")) for each in other.chunks
    ]
    mixed = [each for pair in zip(one.chunks, theirs, strict=True) for each in pair]
    again = replay(SPEC, mixed)
    assert [each.source for each in again.readings] == [
        one.readings()[0].source,
        one.readings()[0].source.replace("dialogue00000001", "other"),
    ]
