"""The rule deny-writes: the cloud's commands stop here, and the cloud is told so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from mitmeter.devices.alphaess.deny_writes import DenyWrites
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    Message,
    Other,
    ServerCommand,
)
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Emit, HeadendContext, Undecodable, Verdict
from tests.devices.alphaess.alphaess_sayings import (
    BATTERY,
    NOON,
    PLAIN_CONFIGURATION,
    Heard,
    command,
    fetch,
    history,
    report,
    server_configuration,
    status,
    success,
)

RAW = b"the frame as it came"


class Proxy:
    def __init__(self, options: Mapping[str, str] | None = None) -> None:
        self.rule = DenyWrites(HeadendContext(options=options or {}))
        self.now = NOON

    def battery(self, message: Message) -> Verdict[Message]:
        return self.rule.judge(Side.DEVICE, Decoded(RAW, message), self.now)

    def cloud(self, message: Message) -> Verdict[Message]:
        return self.rule.judge(Side.HEADEND, Decoded(RAW, message), self.now)


def order(word: str, **more: str) -> ServerCommand:
    return ServerCommand((("CmdIndex", "43220111"), ("Command", word), *more.items()))


@pytest.mark.parametrize(
    "word",
    [
        "SetConfig",
        "Update",
        "Resume",
        "SyncTime",
        "ChangeWorkMode",
        "Microgrid",
        "DispatchPower",
        "SomethingNew",
    ],
)
def test_every_command_of_the_cloud_is_refused_reported_and_answered_with_failed(
    word: str,
) -> None:
    proxy = Proxy()
    proxy.battery(status(NOON))
    verdict = proxy.cloud(order(word, Parameter1="x"))
    heard = Heard(verdict.actions)
    assert verdict.forward is None
    assert verdict.why == f"{word} refused"
    (answer,) = heard.of(Emit)
    assert answer.to is Side.HEADEND
    assert answer.message == Acknowledgement(
        (("Command", word), ("CmdIndex", "43220111"), ("Status", "Failed"))
    )
    (event,) = heard.events
    assert event.message == f"the cloud asked the battery to {word}: refused"
    assert event.device == BATTERY
    assert event.fields == {"command": word}


def test_allowed_commands_pass_and_others_do_not() -> None:
    proxy = Proxy({"allow": "Resume, SyncTime"})
    assert proxy.cloud(order("Resume")) == Verdict(RAW)
    assert proxy.cloud(order("SyncTime")) == Verdict(RAW)
    assert proxy.cloud(order("SetConfig")).forward is None
    assert proxy.cloud(order("resume")).forward is None


@pytest.mark.parametrize("second", ["Command", "command"])
def test_a_second_command_word_in_one_message_does_not_slip_through(second: str) -> None:
    proxy = Proxy({"allow": "Resume"})
    sly = ServerCommand((("Command", "Resume"), (second, "SetConfig"), ("CmdIndex", "1")))
    assert proxy.cloud(sly).forward is None


def test_a_command_without_a_word_is_refused() -> None:
    proxy = Proxy({"allow": "Resume"})
    assert proxy.cloud(ServerCommand((("CmdIndex", "1"),))).forward is None


def test_a_command_under_another_number_is_refused_under_that_number() -> None:
    verdict = Proxy().cloud(ServerCommand((("Command", "Resume"), ("CmdIndex", "1")), 9))
    (answer,) = Heard(verdict.actions).said
    assert isinstance(answer, Acknowledgement)
    assert answer.command == 9


def test_an_unknown_request_of_the_cloud_is_refused() -> None:
    verdict = Proxy().cloud(Other(1, 77, b"reboot", "unknown command 77"))
    assert verdict.forward is None
    assert "command 77" in Heard(verdict.actions).events[0].message


@pytest.mark.parametrize("message", [success(16), success(12), Other(2, 77, b"", "unknown reply")])
def test_the_clouds_replies_pass(message: Message) -> None:
    assert Proxy().cloud(message) == Verdict(RAW)


@pytest.mark.parametrize("message", [status(NOON), report(), fetch(), history()])
def test_everything_the_battery_says_passes(message: Message) -> None:
    assert Proxy().battery(message) == Verdict(RAW)


def test_broken_bytes_of_the_battery_pass() -> None:
    rule = DenyWrites(HeadendContext())
    assert rule.judge(Side.DEVICE, Undecodable(b"?", "noise"), NOON) == Verdict(b"?")


def test_broken_bytes_of_the_cloud_could_be_a_command_and_are_refused_with_one_event() -> None:
    rule = DenyWrites(HeadendContext())
    verdicts = [
        rule.judge(Side.HEADEND, Undecodable(b"\x01\x01\x08", "cut short"), NOON) for _ in range(3)
    ]
    assert [verdict.forward for verdict in verdicts] == [None, None, None]
    assert [len(verdict.actions) for verdict in verdicts] == [1, 0, 0]


def test_broken_bytes_of_the_cloud_can_be_let_through() -> None:
    rule = DenyWrites(HeadendContext(options={"undecodable": "pass"}))
    assert rule.judge(Side.HEADEND, Undecodable(b"?", "noise"), NOON) == Verdict(b"?")


CONFIGURATION = ConfigReply(server_configuration())


def test_a_configuration_passes_when_the_battery_asked_for_it() -> None:
    proxy = Proxy()
    proxy.battery(fetch())
    assert proxy.cloud(CONFIGURATION) == Verdict(RAW)


def test_a_configuration_nobody_asked_for_is_refused() -> None:
    proxy = Proxy()
    assert proxy.cloud(CONFIGURATION).forward is None
    proxy.battery(fetch())
    proxy.cloud(CONFIGURATION)
    assert proxy.cloud(CONFIGURATION).forward is None


def test_a_configuration_that_comes_minutes_after_it_was_asked_for_is_refused() -> None:
    proxy = Proxy()
    proxy.battery(fetch())
    proxy.now += timedelta(minutes=2)
    assert proxy.cloud(CONFIGURATION).forward is None


def test_a_bare_success_to_command_3_passes() -> None:
    assert Proxy().cloud(PLAIN_CONFIGURATION) == Verdict(RAW)


def test_the_battery_can_be_made_to_keep_its_configuration() -> None:
    proxy = Proxy({"configuration": "keep"})
    proxy.battery(fetch())
    verdict = proxy.cloud(CONFIGURATION)
    assert verdict.forward is None
    assert Heard(verdict.actions).of(Emit) == [Emit(Side.DEVICE, PLAIN_CONFIGURATION)]
    assert "withheld" in Heard(verdict.actions).events[0].message


def test_it_takes_no_commands_and_no_timers() -> None:
    rule = DenyWrites(HeadendContext(control=True))
    assert rule.commanded(command("set", SetFeed="50"), NOON) is None
    assert list(rule.timer("anything", NOON)) == []


@pytest.mark.parametrize("options", [{"configuration": "kep"}, {"undecodable": "yes"}])
def test_an_unknown_option_value_is_the_operators_error(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="neither"):
        DenyWrites(HeadendContext(options=options))
