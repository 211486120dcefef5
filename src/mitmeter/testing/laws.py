"""The laws every protocol keeps, as a suite: name Spec and messages, and inherit the tests.

    class TestConformance(Conformance):
        spec = SPEC
        messages = any_message()  # a hypothesis strategy of (Side, message)

Two laws need rooms that meet elsewhere: durable (an answer only after the journal is on disk) is
tested with the daemon, one house (emulated devices agree) with `simulate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitmeter.model import Event, Fact, Reading, Side
from mitmeter.protocol import Decoded, DeviceContext, HeadendContext, Party, Spec
from mitmeter.roles.conversation import Relay, Talk, Transmit
from mitmeter.testing.chunkings import chunkings
from mitmeter.testing.corpus import NASTY, flood
from mitmeter.testing.cutting import BYTE_BY_BYTE, WHOLE, Chunking, cut_at
from mitmeter.testing.dialogue import Dialogue, dialogue
from mitmeter.testing.house import SteadyHouse
from mitmeter.testing.matching import item_difference, readings_difference
from mitmeter.testing.passing import PassAll, ShapeKeeper
from mitmeter.testing.replay import replay
from mitmeter.testing.streams import Item, Messages, Turn, decode, frames, spoken, turns
from mitmeter.testing.vectors import Vector, load_vectors

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
_FLOOD = 1_000_000
_SHORT_FLOOD = 100_000  # of whole frames: each of them is decoded

# One suite runs for many protocols, so its methods have many executors.
_ALLOWED = [HealthCheck.differing_executors, HealthCheck.too_slow, HealthCheck.data_too_large]
_law = settings(deadline=None, suppress_health_check=_ALLOWED, report_multiple_bugs=False)
_slow_law = settings(_law, max_examples=20)
_AnyData = st.DataObject


class Conformance:
    """The suite. Name `spec` and `messages`; the rest has defaults that suit most protocols.

    messages:  every message the protocol has, as (sender, message).
    most_held: bytes a codec may hold back while it waits for the rest of a message.
    minutes:   how long the dialogue lasts, simulated.
    """

    spec: ClassVar[Spec[Any]]
    messages: ClassVar[Messages]
    most_held: ClassVar[int] = 65_536 + 1_024
    minutes: ClassVar[float] = 15

    # what a protocol may say in its own way

    def dialogue(self) -> Dialogue[Any]:
        """Return the dialogue of the laws dialogue and replay; override to give it options."""
        if self.spec.device is None or self.spec.headend is None:
            pytest.skip(f"{self.spec.name} plays one side only")
        return dialogue(self.spec, start=NOON)

    def relay(self) -> Relay[Any]:
        """Return what stands between in the law transparent."""
        return Relay(self.spec.codec, ())

    def vectors(self) -> tuple[Vector, ...]:
        return load_vectors(self.spec.package)

    def _turns(self) -> st.SearchStrategy[list[Turn]]:
        return turns(frames(self.spec.codec, self.messages))

    # lossless

    @_law
    @given(data=st.data(), cut=chunkings())
    def test_no_byte_is_ever_lost(self, data: _AnyData, cut: Chunking) -> None:
        said = data.draw(self._turns())
        codec = self.spec.codec()
        # Twice: the rest of a half message may come after `end` was called for it.
        for _ in range(2):
            _same_bytes(decode(codec, said, cut), spoken(said))

    def test_no_byte_of_a_nasty_sample_is_ever_lost(self) -> None:
        for nasty in NASTY:
            for sender in Side:
                for cut in (WHOLE, BYTE_BY_BYTE):
                    said = [Turn(sender, nasty.data)]
                    _same_bytes(decode(self.spec.codec(), said, cut), spoken(said))

    @_law
    @given(
        raw=st.binary() | st.binary(min_size=100, max_size=600),
        sender=st.sampled_from(list(Side)),
        cut=chunkings(),
    )
    def test_no_byte_of_anything_is_ever_lost(
        self, raw: bytes, sender: Side, cut: Chunking
    ) -> None:
        said = [Turn(sender, raw)]
        _same_bytes(decode(self.spec.codec(), said, cut), spoken(said))

    # total

    @_slow_law
    @given(data=st.data())
    def test_a_flood_is_never_held_back_beyond_the_cap(self, data: _AnyData) -> None:
        frame = data.draw(frames(self.spec.codec, self.messages))
        prefix = frame.data[: data.draw(st.integers(0, min(len(frame.data), 64)))]
        filler = data.draw(st.sampled_from((b"\x00", b"\xff", b"A", b"{", b"\r\n", b"")))
        tail = flood(filler, _FLOOD) if filler else flood(prefix or b"\x01", _SHORT_FLOOD)
        codec = self.spec.codec()
        fed = given_back = 0
        for part in Chunking((4096,))(prefix + tail):
            fed += len(part)
            given_back += sum(len(item.raw) for item in codec.feed(frame.sender, part))
            held = fed - given_back
            assert held <= self.most_held, f"{held} bytes are held back, {self.most_held} allowed"
        given_back += sum(len(item.raw) for item in codec.end(frame.sender))
        assert given_back == fed

    @_law
    @given(data=st.data())
    def test_any_message_can_be_projected(self, data: _AnyData) -> None:
        projection = self.spec.projection()
        for sender, items in decode(self.spec.codec(), data.draw(self._turns())).items():
            for item in items:
                if isinstance(item, Decoded):
                    for said in projection.project(sender, item.message, NOON):
                        _sound(said)

    @_law
    @given(data=st.data(), cut=chunkings())
    def test_the_head_end_survives_whatever_a_device_says(
        self, data: _AnyData, cut: Chunking
    ) -> None:
        if self.spec.headend is None:
            pytest.skip(f"{self.spec.name} has no head-end")
        party = self.spec.headend(HeadendContext(control=True))
        self._endure(party, Side.HEADEND, data.draw(self._turns()), cut)

    @_law
    @given(data=st.data(), cut=chunkings())
    def test_the_device_survives_whatever_a_head_end_says(
        self, data: _AnyData, cut: Chunking
    ) -> None:
        if self.spec.device is None:
            pytest.skip(f"{self.spec.name} has no device")
        party = self.spec.device(DeviceContext(house=SteadyHouse()))
        self._endure(party, Side.DEVICE, data.draw(self._turns()), cut)

    def _endure(self, party: Party[Any], plays: Side, said: list[Turn], cut: Chunking) -> None:
        talk = Talk(self.spec.codec(), party, plays)
        talk.opened(NOON)
        for turn in said:
            # All of it comes from the peer, the party's own kind of words included.
            for part in cut(turn.data):
                talk.received(part, NOON)
        talk.ended(NOON)
        assert talk.held == 0

    # chunk-blind

    @_law
    @given(data=st.data(), cut=chunkings())
    def test_items_are_equal_however_the_stream_is_cut(self, data: _AnyData, cut: Chunking) -> None:
        said = data.draw(self._turns())
        assert decode(self.spec.codec(), said, cut) == decode(self.spec.codec(), said)

    # round trip

    @_law
    @given(data=st.data())
    def test_every_message_decodes_to_itself(self, data: _AnyData) -> None:
        sender, message = data.draw(self.messages)
        codec = self.spec.codec()
        raw = codec.encode(sender, message)
        assert codec.encode(sender, message) == raw, "encoding is not pure"
        assert [*codec.feed(sender, raw), *codec.end(sender)] == [Decoded(raw, message)]

    # vectors

    def test_golden_vectors_decode_to_what_they_state_and_encode_to_themselves(self) -> None:
        vectors = self.vectors()
        assert vectors, f"{self.spec.package} has no vectors/*.toml"
        problems = [
            f"{vector.name}: {problem}"
            for vector in vectors
            for cut in (WHOLE, BYTE_BY_BYTE, *([cut_at(*vector.cuts)] if vector.cuts else []))
            if (problem := self._vector_problem(vector, cut))
        ]
        assert not problems, "\n".join(problems)

    def _vector_problem(self, vector: Vector, cut: Chunking) -> str:
        codec, projection = self.spec.codec(), self.spec.projection()
        items = decode(codec, [Turn(vector.sender, vector.data)], cut)[vector.sender]
        if len(items) != len(vector.frames):
            return f"{len(items)} items, expected {len(vector.frames)}: {items!r}"
        readings: list[Reading] = []
        for expected, item in zip(vector.frames, items, strict=True):
            if problem := item_difference(expected, item):
                return problem
            if isinstance(item, Decoded):
                again = codec.encode(vector.sender, item.message)
                if again != item.raw:
                    return f"encodes to {again.hex()}, decoded from {item.raw.hex()}"
                said = projection.project(vector.sender, item.message, NOON)
                readings += [each for each in said if isinstance(each, Reading)]
        return readings_difference(vector.readings, readings)

    # dialogue

    def test_our_device_and_our_head_end_understand_each_other(self) -> None:
        talk = self.dialogue().run(minutes=self.minutes)
        assert not talk.undecodable()
        assert all(talk.said_by(side) for side in Side), "one side never spoke"
        assert talk.readings(), "no reading came of it"

    # replay

    def test_decoding_the_record_again_gives_the_same_readings(self) -> None:
        talk = self.dialogue().run(minutes=self.minutes).disconnect()
        assert replay(self.spec, talk.chunks).readings == talk.readings()

    # transparent

    @_law
    @given(data=st.data(), cut=chunkings())
    def test_a_proxy_without_rules_emits_exactly_its_input(
        self, data: _AnyData, cut: Chunking
    ) -> None:
        said = data.draw(self._turns())
        relay = self.relay()
        for turn in said:
            for part in cut(turn.data):
                passed = relay.received(turn.sender, part, NOON)
                assert passed == [Transmit(turn.sender.other, part, ours=False)]
        assert not [effect for side in Side for effect in relay.ended(side, NOON)]

    @_law
    @given(data=st.data(), cut=chunkings())
    def test_a_rule_that_changes_nothing_changes_nothing(
        self, data: _AnyData, cut: Chunking
    ) -> None:
        said = data.draw(self._turns())
        relay: Relay[Any] = Relay(self.spec.codec, [PassAll()])
        effects = [
            effect
            for turn in said
            for part in cut(turn.data)
            for effect in relay.received(turn.sender, part, NOON)
        ]
        effects += [effect for side in Side for effect in relay.ended(side, NOON)]
        passed = dict.fromkeys(Side, b"")
        for effect in effects:
            if isinstance(effect, Transmit):
                assert not effect.ours
                passed[effect.to.other] += effect.data
        assert passed == spoken(said)

    # redaction, where the protocol can: the same length, and still a message of the same kind

    @_law
    @given(data=st.data())
    def test_what_is_redacted_keeps_its_length_and_its_kind(self, data: _AnyData) -> None:
        if self.spec.redact is None:
            pytest.skip(f"{self.spec.name} redacts nothing")
        for sender, items in decode(self.spec.codec(), data.draw(self._turns())).items():
            for item in items:
                raw = self.spec.redact(sender, item, ShapeKeeper())
                assert len(raw) == len(item.raw)
                if isinstance(item, Decoded):
                    again = decode(self.spec.codec(), [Turn(sender, raw)])[sender]
                    assert [_kind(each) for each in again] == [_kind(item)]


def _same_bytes(items: Mapping[Side, list[Item]], fed: Mapping[Side, bytes]) -> None:
    for side in Side:
        assert b"".join(item.raw for item in items[side]) == fed[side]


def _sound(said: Reading | Event | Fact) -> None:
    """Check what the contract asks of a projection's results."""
    if isinstance(said, Reading):
        if said.at is None:
            assert said.received == NOON, "received is not the moment given"
        else:
            assert not said.live, "correcting a live clock is not a projection's job"
        assert isinstance(said.value, str) or said.value.is_finite()


def _kind(item: Item) -> type:
    return type(item.message) if isinstance(item, Decoded) else type(item)
