from dataclasses import dataclass
from decimal import Decimal

from mitmeter.model import Secret
from mitmeter.protocol import describe


@dataclass(frozen=True, slots=True)
class Said:
    """A message with everything that can be in one."""

    members: tuple[tuple[str, object], ...]
    rows: tuple[tuple[str, ...], ...]
    password: Secret
    payload: bytes


def said(*members: tuple[str, object]) -> Said:
    return Said(members, (("1", "2", "3"),), Secret("hunter2"), b"\x01\xff")


def test_a_message_is_described_by_its_type_and_plain_values() -> None:
    assert describe(said(("SOC", Decimal("72.40")), ("on", False))) == {
        "type": "Said",
        "members": {"SOC": "72.40", "on": False},
        "rows": [["1", "2", "3"]],
        "password": "…",
        "payload": "01ff",
    }


def test_a_name_said_more_than_once_keeps_all_its_values() -> None:
    shown = describe(said(("a", "1"), ("b", "x"), ("a", "2"), ("a", "3")))
    assert shown["members"] == {"a": ["1", "2", "3"], "b": "x"}


def test_a_secret_is_shown_only_when_asked_for() -> None:
    assert describe(said(), reveal=True)["password"] == "hunter2"


def test_credentials_among_named_values_are_hidden_too() -> None:
    members = (("UserName", "AL1"), ("Password", "hunter2"), ("Cookie", "a=b"))
    shown = describe(said(*members))["members"]
    assert shown == {"UserName": "AL1", "Password": "…", "Cookie": "…"}
    assert describe(said(*members), reveal=True)["members"]["Password"] == "hunter2"
