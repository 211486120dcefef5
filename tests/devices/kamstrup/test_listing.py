"""What a probe prints: the meter's own names, values and units."""

from __future__ import annotations

import pytest

from mitmeter.devices.kamstrup.codec import encode
from mitmeter.devices.kamstrup.listing import listing
from mitmeter.devices.kamstrup.messages import (
    GetRegister,
    Message,
    RegisterReply,
    RegisterValue,
    SerialReply,
    TypeReply,
)
from mitmeter.devices.kamstrup.registers import PROFILE_382
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Listed, Spoken
from tests.devices.kamstrup.kamstrup_meters import plain


def heard(*messages: Message, sender: Side = Side.DEVICE) -> list[Spoken[Message]]:
    return [Spoken(sender, Decoded(encode(sender, each), each)) for each in messages]


def test_values_keep_the_meters_unit_and_decimals() -> None:
    found = listing(
        heard(
            RegisterReply(
                0x3F,
                (
                    plain(1081, 5_499, unit=22, length=2, sigexp=0x43),
                    plain(1, 71_833, unit=2, sigexp=0x41),
                    RegisterValue(1058, 54, 0, b"68201TEST0"),
                ),
            ),
            TypeReply(0x3F, 0x6800, 0x0304),
            SerialReply(0x3F, 10203040),
        )
    )
    assert found == [
        Listed("Active energy import A14", "7183.3", "kWh"),
        Listed("Type number", "68201TEST0", ""),
        Listed("Actual power P14 L2", "5.499", "kW"),
        Listed("Type", "K382 M", ""),
        Listed("Software", "C4", ""),
        Listed("Serial number", "10203040", ""),
    ]


def test_a_register_is_listed_once_as_it_was_read_last() -> None:
    replies = (RegisterReply(0x3F, (plain(1054, volts, unit=33),)) for volts in (228, 230))
    assert listing(heard(*replies)) == [Listed("Voltage L1", "230", "V")]


def test_an_unknown_register_is_listed_by_its_number() -> None:
    found = listing(heard(RegisterReply(0x3F, (plain(2000, 5, unit=67),))))
    assert found == [Listed("Register 2000 (0x07D0)", "5", "Hz")]


def test_questions_are_not_listed() -> None:
    assert listing(heard(GetRegister(0x3F, (1,)), sender=Side.HEADEND)) == []


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("A14 high resolution", "7183.2712", "kWh"),
        ("A23 high resolution", "0.0000", "kWh"),
        ("Voltage L1", "228", "V"),
        ("Voltage L2", "229", "V"),
        ("Voltage L3", "224", "V"),
        ("Current L1", "5.11", "A"),
        ("Current L2", "4.22", "A"),
        ("Current L3", "1.44", "A"),
        ("Actual power P14 L1", "1.000", "kW"),
        ("Actual power P14 L2", "5.499", "kW"),
        ("Actual power P14 L3", "0.895", "kW"),
        ("Block 1202, all ones", "ff" * 16, ""),
    ],
)
def test_the_published_profile_is_listed_as_its_public_prober_shows_it(
    name: str, value: str, unit: str
) -> None:
    values = (
        RegisterValue(each.id, form.unit, form.sigexp, form.start.to_bytes(form.length, "big"))
        for each in PROFILE_382
        if (form := each.template) is not None
    )
    assert Listed(name, value, unit) in listing(heard(RegisterReply(0x3F, tuple(values))))
