"""The plainest rule passes everything; the plainest pseudonyms keep the shape."""

from __future__ import annotations

from datetime import UTC, datetime

from mitmeter.model import DeviceId, Side
from mitmeter.protocol import Command, Undecodable, Verdict
from mitmeter.testing.passing import PassAll, ShapeKeeper

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def test_the_rule_forwards_what_it_is_shown_and_does_nothing_else() -> None:
    verdict = PassAll().judge(Side.DEVICE, Undecodable(b"raw", "why"), NOON)
    assert verdict == Verdict(b"raw")
    assert PassAll().timer("any", NOON) == ()


def test_the_rule_leaves_commands_to_others() -> None:
    command = Command("1", DeviceId("toy", "1"), "say", {})
    assert PassAll().commanded(command, NOON) is None


def test_pseudonyms_keep_length_digits_and_letters() -> None:
    assert ShapeKeeper().text("AL9900, Möwe 1") == "XX7777, Xöxx 7"
