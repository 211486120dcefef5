"""`mitmeter events --sessions` and `--ecs`: who came to an emulated device."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Conversation, Event, Severity, Side, nanoseconds
from tests.cli.program import Finished, mitmeter
from tests.daemon.toymeter import installed

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FIRST = Conversation(
    "01KV600000AAAAAA",
    "toy",
    "emulate",
    "pot",
    "203.0.113.9:50211",
    nanoseconds(NOON),
    settings=(("honeypot", "true"),),
)
SECOND = Conversation(
    "01KV600001BBBBBB",
    "toy",
    "emulate",
    "pot",
    "[2001:db8::7]:4000",
    nanoseconds(NOON + timedelta(minutes=1)),
    settings=(("honeypot", "true"),),
)
# Somebody's own battery, which nobody comes to.
OTHER = Conversation(
    "01KV600002CCCCCC", "alphaess", "trap", "roof", "10.0.0.7:1", nanoseconds(NOON)
)


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with installed():
        yield


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "pot"
    at = FIRST.opened_ns
    with JournalWriter(folder / "journal", clock_ns=lambda: at) as writer:
        for each in (FIRST, SECOND, OTHER):
            writer.open(each)
        writer.data(FIRST.id, 0, Side.HEADEND, at + 10**9, b"R1\nPIN 1\nPIN 2\n", False)
        writer.data(FIRST.id, 1, Side.DEVICE, at + 10**9, b"1=5 W\n", True)
        gone = Event(
            "mitmeter.toy.disconnect",
            NOON + timedelta(seconds=2),
            "203.0.113.9 was there for 2.0 s",
            Severity.INFO,
            fields={"src_ip": "203.0.113.9", "requests": 3, "session": FIRST.id},
        )
        writer.note(gone, FIRST.id, "pot")
        writer.close(FIRST.id, "closed by peer", at + 2 * 10**9)
    return folder


def test_each_stranger_is_a_row_with_what_he_tried_and_got(data: Path) -> None:
    done = mitmeter("events", "--sessions", data=data)
    assert done.code == 0
    heading, first, second = (line.split("  ") for line in done.lines)
    assert heading[0] == "from"
    assert [cell.strip() for cell in first if cell] == [
        "2026-11-20T12:00:00Z",
        "203.0.113.9:50211",
        "pot",
        "2.0 s",
        "3",
        "15",
        "6",
        "login ×2",
        FIRST.id,
    ]
    assert "still there" in " ".join(second)
    assert "said nothing" in " ".join(second)


def test_with_json_a_session_is_an_object(data: Path) -> None:
    first, second = mitmeter("events", "--sessions", "--json", data=data).objects
    assert first == {
        "session": FIRST.id,
        "protocol": "toy",
        "station": "pot",
        "src_ip": "203.0.113.9",
        "src_port": 50211,
        "from": "2026-11-20T12:00:00Z",
        "to": "2026-11-20T12:00:02Z",
        "duration_s": 2.0,
        "requests": 3,
        "bytes_in": 15,
        "bytes_out": 6,
        "tried": {"login": 2},
        "reason": "closed by peer",
    }
    assert (second["src_ip"], second["to"], second["requests"]) == ("2001:db8::7", None, None)


def test_the_newest_so_many_are_shown(data: Path) -> None:
    done = mitmeter("events", "--sessions", "--json", "--limit", "1", data=data)
    assert [each["session"] for each in done.objects] == [SECOND.id]


def test_events_come_in_the_elastic_common_schema(data: Path) -> None:
    done = mitmeter("events", "--ecs", "--id", "mitmeter.toy.login", data=data)
    found = [json.loads(line) for line in done.lines]
    assert [each["event"]["action"] for each in found] == ["toy-login", "toy-login"]
    assert found[0]["source"] == {"ip": "203.0.113.9", "port": 50211}
    assert found[0]["observer"]["name"] == "home"
    assert found[0]["mitmeter"]["session"] == FIRST.id
    assert found[0]["ecs"]["version"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--sessions --ecs", "--sessions does not go with --ecs"),
        ("--ecs --json", "--ecs is JSON already"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(data: Path, arguments: str, words: str) -> None:
    done: Finished = mitmeter("events", *arguments.split(), data=data)
    assert done.code == 2
    assert words in done.complaint
