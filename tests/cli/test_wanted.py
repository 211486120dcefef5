"""Which messages --filter lets pass."""

from __future__ import annotations

import click
import pytest

from mitmeter.cli.layout import Kind, Said
from mitmeter.cli.wanted import wanted
from mitmeter.model import Side

READ = Said(
    "A", "", "", Side.HEADEND, False, type="GetRegister", text="GetRegister 1054", raw=b"\x80\x3f"
)
REPLY = Said(
    "A", "", "", Side.DEVICE, False, type="RegisterReply", text="Voltage 231 V", raw=b"\x40\x3f"
)
ODD = Said("A", "", "", Side.DEVICE, False, Kind.UNKNOWN, "OtherReply", "? OtherReply", b"\x40\x77")
NOISE = Said("A", "", "", Side.DEVICE, False, Kind.UNDECODABLE, "", "UNDECODABLE 2 bytes", b"\0\1")
ALL = [READ, REPLY, ODD, NOISE]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        (["sender=headend"], [READ]),
        (["!sender=headend"], [REPLY, ODD, NOISE]),
        (["type=*Reply"], [REPLY, ODD]),
        (["type=getregister"], [READ]),
        (["verdict=unknown"], [ODD]),
        (["verdict=undecodable"], [NOISE]),
        (["sender=device", "verdict=message"], [REPLY]),
        (["voltage"], [REPLY]),
        (["40 3F"], [REPLY]),
        (["03f"], []),
        (["!verdict=message", "!verdict=unknown"], [NOISE]),
        (["name=x"], []),
    ],
)
def test_filters_let_pass_what_all_of_them_mean(filters: list[str], left: list[Said]) -> None:
    passes = wanted(filters)
    assert passes is not None
    assert [each for each in ALL if passes(each)] == left


def test_without_filters_there_is_nothing_to_ask() -> None:
    assert wanted([]) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sender=devize", "did you mean 'device'"),
        ("verdict=bad", "there is message, unknown, undecodable"),
        ("", "nothing is in every message"),
        ("!", "nothing is in every message"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(text: str, words: str) -> None:
    with pytest.raises(click.UsageError, match=words):
        wanted([text])
