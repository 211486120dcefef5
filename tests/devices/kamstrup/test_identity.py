"""What a meter's codes mean in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mitmeter.devices.kamstrup.identity import cut_off, events, model, serial_in, software


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0x6800, "K382 M"),
        (0x5300, "K382 B/C"),
        (0x5502, "K382 J NTA"),
        (0x5A00, "OMNIPOWER"),
        (0x7600, "251C"),
        (0x5307, "K382"),
        (0x1234, "type 1234"),
    ],
)
def test_a_type_code_is_a_model(code: int, name: str) -> None:
    assert model(code) == name


@pytest.mark.parametrize(
    ("revision", "text"),
    [(0x0304, "C4"), (0x1A01, "Z1"), (0x1B05, "AA5"), (0x0000, "")],
)
def test_a_software_revision_is_letter_and_number(revision: int, text: str) -> None:
    assert software(revision) == text


def test_relay_states_have_names() -> None:
    assert cut_off(0x0B) == "disconnected by push button"
    assert cut_off(0x55) == "state 55"


def test_event_bits_have_names_and_unnamed_ones_their_place() -> None:
    assert events(bytes((0x81, 0x02, 0x20, 0x01))) == (
        "reset",
        "auxiliary supply",
        "forced call",
        "byte 2 bit 5",
        "byte 3 bit 0",
    )


@pytest.mark.parametrize(
    ("value", "serial"),
    [
        (Decimal(15_085_488), 15_085_488),
        (Decimal(0), None),
        (Decimal("1.5"), None),
        (Decimal(0xFFFF_FFFF), None),
        (Decimal(-3), None),
        ("15085488", None),
    ],
)
def test_a_serial_number_is_a_positive_whole_number(
    value: Decimal | str, serial: int | None
) -> None:
    assert serial_in(value) == serial
