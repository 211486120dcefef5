"""What messages answer about themselves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mitmeter.devices.alphaess.messages import Json, Login, Object, Status, as_text
from mitmeter.protocol import describe


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("72.4", "72.4"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (Decimal("9.20"), "9.20"),
        ((Decimal(1),), ""),
        (Object((("a", "b"),)), ""),
    ],
)
def test_values_read_as_the_text_the_protocol_would_write(value: Json, text: str) -> None:
    assert as_text(value) == text


def test_the_first_of_repeated_members_is_the_one_that_counts() -> None:
    assert Status((("SOC", "72.4"), ("SOC", "1.0"))).get("SOC") == "72.4"


def test_a_member_that_is_not_there_is_none() -> None:
    assert Status(()).get("SOC") is None


def test_a_password_hides_itself() -> None:
    login = Login((("UserName", "AL9900000000007"), ("Password", "example-pass")))
    assert login.password.reveal() == "example-pass"
    assert "example-pass" not in repr(login.password)


def test_members_are_described_in_order_as_a_table() -> None:
    assert describe(Status((("SOC", "72.4"), ("n", Decimal("1.50"))))) == {
        "type": "Status",
        "members": {"SOC": "72.4", "n": "1.50"},
    }
