"""The suite passes for a sound protocol, and each law finds the protocol that breaks it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from importlib.util import find_spec, module_from_spec
from typing import Any

import pytest
from hypothesis import Phase, settings

from mitmeter.model import Reading, Side
from mitmeter.protocol import Action, Decoded, Pseudonyms, SendRaw, SetTimer, Spec, Undecodable
from mitmeter.roles.conversation import Effect, Relay, Transmit
from mitmeter.testing.laws import Conformance
from mitmeter.testing.vectors import parse_vectors
from tests.testing.toy_protocol import (
    SPEC,
    Message,
    Note,
    Report,
    Toy,
    ToyCodec,
    ToyDevice,
    ToyHeadend,
    ToyProjection,
    frame,
    messages,
)


class TestToy(Conformance):
    spec = SPEC
    messages = messages()
    most_held = 1005
    minutes = 5


class Fault(Exception):
    """What broken code raises here, so that no other error is taken for it."""


class Loses(ToyCodec):
    def items(self, pending: bytearray, ended: bool) -> list[Toy]:
        return [each for each in super().items(pending, ended) if isinstance(each, Decoded)]


class Raises(ToyCodec):
    def feed(self, sender: Side, data: bytes) -> list[Toy]:
        if b"\xff" in data:
            raise Fault("ff")
        return super().feed(sender, data)


class Hoards(ToyCodec):
    def first(self, pending: bytearray, ended: bool) -> Toy | None:
        return super().first(pending, ended) if ended or pending[0] == ord("T") else None


class NotChunkBlind(ToyCodec):
    def first(self, pending: bytearray, ended: bool) -> Toy | None:
        # Noise is let go at once, so its items depend on how it arrived.
        return super().first(pending, ended or pending[0] != ord("T"))


class Forgets(ToyCodec):
    def encode(self, sender: Side, message: Message) -> bytes:
        return super().encode(sender, Note("ok") if isinstance(message, Report) else message)


class Impure(ToyCodec):
    said = 0

    def encode(self, sender: Side, message: Message) -> bytes:
        self.said += 1
        return super().encode(sender, Note(f"{self.said}"))


class Babbles(ToyDevice):
    def opened(self, now: datetime) -> Iterable[Action[Message]]:
        yield SendRaw(b"\x00")
        yield from super().opened(now)


class Unmeasured(ToyDevice):
    def opened(self, now: datetime) -> Iterable[Action[Message]]:
        return [each for each in super().opened(now) if not isinstance(each, SetTimer)]


class Speechless(ToyHeadend):
    def received(self, message: Message, now: datetime) -> Iterable[Action[Message]]:
        return ()


class Chokes(ToyHeadend):
    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[Message]]:
        raise Fault(item.reason)


class DeviceChokes(ToyDevice):
    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[Message]]:
        raise Fault(item.reason)


class Remembers(ToyProjection):
    """Keeps something beyond its conversation, so that the second decoding differs."""

    projected = 0

    def project(self, sender: Side, message: Message, at: datetime) -> Iterable[Any]:
        for each in super().project(sender, message, at):
            Remembers.projected += 1
            yield (
                replace(each, value=Decimal(self.projected)) if isinstance(each, Reading) else each
            )


class RaisesProjecting(ToyProjection):
    def project(self, sender: Side, message: Message, at: datetime) -> Iterable[Any]:
        raise Fault("not this one")


class Corrects(ToyProjection):
    def project(self, sender: Side, message: Message, at: datetime) -> Iterable[Any]:
        return [
            replace(each, at=at) if isinstance(each, Reading) else each
            for each in super().project(sender, message, at)
        ]


def redacts_shorter(sender: Side, item: Toy, names: Pseudonyms) -> bytes:
    return frame("") if isinstance(item, Decoded) else item.raw


def redacts_checksums(sender: Side, item: Toy, names: Pseudonyms) -> bytes:
    return item.raw[:-1] + bytes([item.raw[-1] ^ 1]) if isinstance(item, Decoded) else item.raw


@dataclass(frozen=True)
class Broken:
    """A law, and a protocol that breaks it."""

    law: str
    spec: Spec[Message]

    def __str__(self) -> str:
        made_of = (self.spec.codec, self.spec.projection, self.spec.headend, self.spec.device)
        names = [getattr(each, "__name__", "") for each in (*made_of, self.spec.redact)]
        return next(name for name in names if name and not name.startswith("Toy"))


BROKEN = [
    Broken("test_no_byte_is_ever_lost", replace(SPEC, codec=Loses)),
    Broken("test_no_byte_of_a_nasty_sample_is_ever_lost", replace(SPEC, codec=Raises)),
    Broken("test_no_byte_of_anything_is_ever_lost", replace(SPEC, codec=Raises)),
    Broken("test_no_byte_of_anything_is_ever_lost", replace(SPEC, codec=Loses)),
    Broken("test_a_flood_is_never_held_back_beyond_the_cap", replace(SPEC, codec=Hoards)),
    Broken("test_items_are_equal_however_the_stream_is_cut", replace(SPEC, codec=NotChunkBlind)),
    Broken("test_every_message_decodes_to_itself", replace(SPEC, codec=Forgets)),
    Broken("test_every_message_decodes_to_itself", replace(SPEC, codec=Impure)),
    Broken("test_any_message_can_be_projected", replace(SPEC, projection=RaisesProjecting)),
    Broken("test_any_message_can_be_projected", replace(SPEC, projection=Corrects)),
    Broken(
        "test_golden_vectors_decode_to_what_they_state_and_encode_to_themselves",
        replace(SPEC, codec=Forgets),
    ),
    Broken("test_our_device_and_our_head_end_understand_each_other", replace(SPEC, device=Babbles)),
    Broken(
        "test_our_device_and_our_head_end_understand_each_other", replace(SPEC, device=Unmeasured)
    ),
    Broken(
        "test_our_device_and_our_head_end_understand_each_other", replace(SPEC, headend=Speechless)
    ),
    Broken(
        "test_decoding_the_record_again_gives_the_same_readings",
        replace(SPEC, projection=Remembers),
    ),
    Broken("test_the_head_end_survives_whatever_a_device_says", replace(SPEC, headend=Chokes)),
    Broken("test_the_device_survives_whatever_a_head_end_says", replace(SPEC, device=DeviceChokes)),
    Broken("test_a_rule_that_changes_nothing_changes_nothing", replace(SPEC, codec=Loses)),
    Broken(
        "test_what_is_redacted_keeps_its_length_and_its_kind", replace(SPEC, redact=redacts_shorter)
    ),
    Broken(
        "test_what_is_redacted_keeps_its_length_and_its_kind",
        replace(SPEC, redact=redacts_checksums),
    ),
]


@pytest.fixture(scope="module")
def conformance() -> type[Conformance]:
    """The suite as shipped, but content with any counterexample instead of the smallest."""
    settings.register_profile("any counterexample", phases=[Phase.generate], database=None)
    before = settings.get_current_profile_name()
    settings.load_profile("any counterexample")
    found = find_spec("mitmeter.testing.laws")
    assert found is not None
    assert found.loader is not None
    laws = module_from_spec(found)
    found.loader.exec_module(laws)
    settings.load_profile(before)
    suite: type[Conformance] = laws.Conformance
    return suite


def suite_for(conformance: type[Conformance], spec: Spec[Message], **ways: object) -> Conformance:
    """Return the suite for a spec, made at run time so that pytest does not collect it."""
    toy = {"messages": messages(), "most_held": 1005, "minutes": 5}
    suite: Conformance = type("Suite", (conformance,), {"spec": spec, **toy, **ways})()
    return suite


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.law}-{broken}")
def test_a_broken_protocol_is_found_by_its_law(
    conformance: type[Conformance], broken: Broken
) -> None:
    law = getattr(suite_for(conformance, broken.spec), broken.law)
    with pytest.raises((AssertionError, Fault)):
        law()


def test_a_proxy_that_swallows_a_byte_is_found(conformance: type[Conformance]) -> None:
    class Swallows(Relay[Any]):
        def received(self, sender: Side, data: bytes, now: datetime) -> list[Effect]:
            return [Transmit(sender.other, data.replace(b"\x00", b""), ours=False)]

    suite = suite_for(conformance, SPEC, relay=lambda self: Swallows(ToyCodec, ()))
    with pytest.raises(AssertionError):
        suite.test_a_proxy_without_rules_emits_exactly_its_input()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('message = { type = "Note", text = "12345678" }', "message.text: expected '12345678'"),
        ('message = { type = "Report" }', "message.type: expected 'Report', got 'Note'"),
        ('undecodable = "noise"', "decoded to Note, expected no message"),
        ('frames = [{ type = "Note" }, { type = "Note" }]', "1 items, expected 2"),
        (
            'message = { type = "Note" }\nreadings = [{ quantity = "grid.power", value = 1 }]',
            "grid.power: expected 1 at any time, got none",
        ),
    ],
)
def test_a_vector_that_states_something_else_is_found(
    conformance: type[Conformance], said: str, found: str
) -> None:
    text = f"""
        [[vector]]
        name = "a note"
        sender = "device"
        hex = "54 0009 313233343536373839 31C3"
        source = "check value [O]"
        {said}
    """
    suite = suite_for(
        conformance, SPEC, vectors=lambda self: tuple(parse_vectors(text, "toy.toml"))
    )
    with pytest.raises(AssertionError) as raised:
        suite.test_golden_vectors_decode_to_what_they_state_and_encode_to_themselves()
    assert found in str(raised.value)


def test_a_protocol_without_vectors_is_found(conformance: type[Conformance]) -> None:
    suite = suite_for(conformance, replace(SPEC, package="mitmeter.testing"))
    with pytest.raises(AssertionError, match="no vectors"):
        suite.test_golden_vectors_decode_to_what_they_state_and_encode_to_themselves()


def test_a_protocol_that_plays_one_side_only_skips_the_dialogue(
    conformance: type[Conformance],
) -> None:
    suite = suite_for(conformance, replace(SPEC, device=None))
    with pytest.raises(pytest.skip.Exception):
        suite.test_our_device_and_our_head_end_understand_each_other()
