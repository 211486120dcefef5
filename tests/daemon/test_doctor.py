import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.doctor import (
    Chain,
    Seen,
    State,
    Watched,
    examine_host,
    examine_station,
)
from mitmeter.model import Conversation, Event, Severity, nanoseconds
from mitmeter.store import RecordedConversation, RecordedEvent

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def conversation(minutes_ago: float, said: int = 300) -> RecordedConversation:
    opened = nanoseconds(NOW - timedelta(minutes=minutes_ago))
    who = Conversation("01M7", "alphaess", "trap", "battery", "192.168.1.20:5000", opened)
    return RecordedConversation(who, None, "", said, 29, 2, 0)


def event(eventid: str, message: str, minutes_ago: float = 1) -> RecordedEvent:
    what = Event(eventid, NOW - timedelta(minutes=minutes_ago), message, Severity.WARNING)
    return RecordedEvent(1, what, "battery", "", "")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def examined(seen: Seen, *, running: bool = True, host: str = "127.0.0.1") -> Chain:
    endpoint = Endpoint("tcp", host, free_port())
    return examine_station(Watched("battery", "trap", "alphaess", endpoint, running), seen, NOW)


def broken(chain: Chain) -> tuple[str, str]:
    found = [step for step in chain.steps if step.state is State.BROKEN]
    assert len(found) == 1
    after = chain.steps[chain.steps.index(found[0]) + 1 :]
    assert all(step.state is State.NOT_REACHED for step in after)
    return found[0].name, found[0].words


def test_a_chain_with_a_fresh_reading_at_its_end_is_sound() -> None:
    newest = {"alphaess": NOW - timedelta(seconds=8)}
    chain = examined(Seen([conversation(30)], [], newest))
    assert chain.sound
    assert chain.steps[-1].words == "the last one came 8 s ago"


def test_an_address_of_another_machine_breaks_the_chain_at_its_first_link() -> None:
    assert broken(examined(Seen(), running=False, host="192.0.2.1")) == (
        "address",
        "this machine has no address 192.0.2.1",
    )


def test_a_port_somebody_else_holds_is_named_with_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = Endpoint("tcp", "127.0.0.1", taken.getsockname()[1])
        watched = Watched("battery", "trap", "alphaess", endpoint, running=False)
        name, words = broken(examine_station(watched, Seen(), NOW))
    assert name == "port"
    assert "(pid " in words


def test_nobody_connecting_points_at_the_devices_dns() -> None:
    chain = examined(Seen())
    assert broken(chain) == ("connection", "nobody has connected in the last two days")
    advice = next(step.advice for step in chain.steps if step.name == "connection")
    assert "www.alphaess.com" in advice


def test_refused_connections_are_told_as_such() -> None:
    refused = event("mitmeter.connection.refused", "connection from 10.0.0.9:1 refused: too many")
    assert broken(examined(Seen((), [refused]))) == (
        "connection",
        "connection from 10.0.0.9:1 refused: too many",
    )


def test_a_failed_handshake_breaks_the_chain_unless_one_worked_since() -> None:
    failed = event("mitmeter.tls.failed", "the client offers SSL 3.0 only", minutes_ago=5)
    assert broken(examined(Seen((), [failed])))[0] == "encryption"
    newest = {"alphaess": NOW}
    assert examined(Seen([conversation(minutes_ago=2)], [failed], newest)).sound


def test_a_device_that_connects_and_says_nothing_breaks_the_chain_at_its_message() -> None:
    assert broken(examined(Seen([conversation(5, said=0)])))[0] == "message"


def test_silence_is_told_with_its_length() -> None:
    newest = {"alphaess": NOW - timedelta(hours=3)}
    seen = Seen([conversation(200)], [], newest)
    assert broken(examined(seen)) == ("reading", "the last one came 3 h ago")


def test_bytes_not_understood_are_mentioned_without_breaking_the_chain() -> None:
    odd = event("mitmeter.alphaess.undecodable", "9 bytes from the device could not be decoded")
    chain = examined(Seen([conversation(5)], [odd], {"alphaess": NOW}))
    assert chain.sound
    assert any("could not be decoded" in step.words for step in chain.steps)


def test_a_data_directory_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    chain = examine_host(tmp_path / "data", None)
    assert chain.steps[0].state is State.BROKEN
    assert chain.steps[0].words.endswith("data is a file")


@pytest.mark.parametrize("status", [None, {"pid": 7}])
def test_whether_mitmeter_runs_is_said_but_does_not_break_the_chain(
    tmp_path: Path, status: dict[str, int] | None
) -> None:
    chain = examine_host(tmp_path, status)
    assert chain.sound
    assert (chain.steps[-1].state is State.FINE) == (status is not None)


def test_what_the_device_asked_our_dns_and_was_told_is_said() -> None:
    told = event("mitmeter.dns.asked", "192.0.2.20 asked for www.alphaess.com (A): answered us")
    told = replace(told, event=replace(told.event, fields={"name": "www.alphaess.com"}))
    other = replace(told, event=replace(told.event, message="other", fields={"name": "x.org"}))
    leased = event("mitmeter.dhcp.leased", "02:00:5e:30:20:10 is 192.0.2.20 now")
    newest = {"alphaess": NOW}
    chain = examined(Seen([conversation(5)], [leased, told, other], newest))
    words = {step.name: (step.state, step.words) for step in chain.steps}
    assert words["name"] == (State.FINE, told.event.message)
    assert words["lease"] == (State.FINE, "02:00:5e:30:20:10 is 192.0.2.20 now")
