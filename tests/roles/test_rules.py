"""Rules for every protocol, on a protocol of lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mitmeter import registry
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId, Side
from mitmeter.protocol import (
    ANY_RULES,
    Answer,
    Command,
    Decoded,
    EmitRaw,
    HeadendContext,
    Spec,
    Verdict,
)
from mitmeter.roles.replacements import replacements
from mitmeter.roles.rules import OBSERVE, Inject, Replace, rules_of
from tests.roles.lines import LineCodec

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINES: Spec[str] = Spec(
    name="lines",
    title="Lines",
    dials=Side.DEVICE,
    listen="tcp://127.0.0.1:1",
    codec=LineCodec,
    projection=lambda: None,  # type: ignore[arg-type,return-value] # nothing is projected here
    package="tests.roles",
)


def replace(text: str, **options: str) -> Replace:
    return Replace(LINES, HeadendContext(options={"replace": text, **options} if text else options))


def judged(rule: Replace, raw: bytes, sender: Side = Side.DEVICE) -> Verdict[Any]:
    return rule.judge(sender, Decoded(raw, raw.decode("latin-1")), NOW)


def test_every_protocol_that_passes_bytes_has_the_rules_all_have() -> None:
    for name in registry.names():
        spec = registry.spec(name)
        if spec.listen and spec.reverse is None:
            assert {OBSERVE, *rules_of(spec)} == set(spec.rule_names) >= set(ANY_RULES)


def test_a_protocols_own_rule_goes_before_the_general_one() -> None:
    spec = registry.spec("alphaess")
    assert rules_of(spec)["inject"] is spec.rules["inject"]
    assert rules_of(registry.spec("tcp"))["inject"] is Inject


@pytest.mark.parametrize(
    ("text", "raw", "became"),
    [
        ('"on"=>"off"', b"turn on", b"turn off"),
        ("6F6E => 6f 66 66", b"turn on", b"turn off"),
        ('"a"=>"b"; "b"=>"c"', b"abc", b"ccc"),
        (r'"\"\n" => "\\\r\t"', b'"\n', b"\\\r\t"),
        ('"=>"=>";"', b"a=>b", b"a;b"),
        ('"turn on"=>', b"turn on", None),
        ('"é"=>00', "é".encode(), b"\x00"),
    ],
)
def test_what_is_replaced_is_written_as_text_or_as_hexadecimal(
    text: str, raw: bytes, became: bytes | None
) -> None:
    assert judged(replace(text), raw).forward == became


def test_a_message_without_the_wanted_bytes_goes_on_as_it_is_without_a_reason() -> None:
    assert judged(replace('"on"=>"off"'), b"hello") == Verdict(b"hello")


def test_the_reason_names_what_was_replaced_once() -> None:
    assert judged(replace('"a"=>"b";00FF=>00'), b"aa\x00\xff").why == "'a' replaced, 00 ff replaced"


def test_one_side_alone_can_be_meant() -> None:
    rule = replace("", **{"replace-headend": '"a"=>"b"'})
    assert judged(rule, b"a", Side.DEVICE).forward == b"a"
    assert judged(rule, b"a", Side.HEADEND).forward == b"b"


def test_a_protocol_that_knows_how_makes_its_checksums_right() -> None:
    # Worked example K5 of the protocol fact sheet; the checksum of what it becomes, checked
    # independently: GetRegister of 1054.
    spec = registry.spec("kamstrup")
    (item,) = spec.codec().feed(Side.HEADEND, bytes.fromhex("803F1001041F6A9A0D"))
    rule = Replace(spec, HeadendContext(options={"replace": "041F=>041E"}))
    assert rule.judge(Side.HEADEND, item, NOW).forward == bytes.fromhex("803F1001041E7ABB0D")


@pytest.mark.parametrize("text", ["on=>off", '"a"', '"a"=>"b" "c"', '"a=>"b"', r'"\q"=>""'])
def test_what_cannot_be_read_is_refused_by_the_name_of_the_option(text: str) -> None:
    with pytest.raises(ConfigError) as told:
        replacements({"replace-device": text})
    assert told.value.key == "options.replace-device"


def wished(name: str = "inject", **arguments: str) -> list[Any]:
    command = Command("7", DeviceId("lines", "x"), name, arguments)
    return list(Inject(HeadendContext()).commanded(command, NOW) or ())


def test_an_operator_says_bytes_or_text_to_either_side() -> None:
    assert wished(to="device", hex="00 FF") == [
        EmitRaw(Side.DEVICE, b"\x00\xff"),
        Answer("7", True, "2 bytes were said to the device"),
    ]
    assert wished(to="headend", text="hi")[0] == EmitRaw(Side.HEADEND, b"hi")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"hex": "00"}, "to= is neither to=device nor to=headend"),
        ({"to": "me", "hex": "00"}, "to=me is neither to=device nor to=headend"),
        ({"to": "device"}, "say what to inject by one of hex=… and text=…"),
        (
            {"to": "device", "hex": "0", "text": "0"},
            "say what to inject by one of hex=… and text=…",
        ),
        ({"to": "device", "hex": "0g"}, "hex=0g is not hexadecimal"),
        ({"to": "device", "hex": ""}, "0 bytes: 1 to 65536 can be said at once"),
    ],
)
def test_a_wish_that_cannot_be_granted_is_refused_in_words(
    arguments: dict[str, str], why: str
) -> None:
    assert wished(**arguments) == [Answer("7", False, why)]


def test_no_other_command_is_taken() -> None:
    assert wished("restart") == [
        Answer("7", False, "the only command known here is inject, not 'restart'")
    ]
