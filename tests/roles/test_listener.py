"""Who only listens says nothing, and owns up to it."""

from __future__ import annotations

from datetime import UTC, datetime

from mitmeter.model import DeviceId
from mitmeter.protocol import Answer, Command, Undecodable
from mitmeter.roles.listener import Listener

NOW = datetime(2026, 6, 15, 6, 0, tzinfo=UTC)


def test_nothing_that_happens_makes_a_listener_speak() -> None:
    listener: Listener[str] = Listener()
    assert list(listener.opened(NOW)) == []
    assert list(listener.received("hello", NOW)) == []
    assert list(listener.timer("any", NOW)) == []
    assert list(listener.garbled(Undecodable(b"?", "noise"), NOW)) == []


def test_a_command_is_refused_in_words() -> None:
    command = Command("7", DeviceId("toy", "1"), "dance", {})
    (answer,) = Listener[str]().commanded(command, NOW)
    assert isinstance(answer, Answer)
    assert (answer.command_id, answer.accepted) == ("7", False)
    assert "only listens" in answer.text
