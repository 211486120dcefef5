"""An operator's commands, through the reader, to a meter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mitmeter.devices.kamstrup import SPEC
from mitmeter.devices.kamstrup.headend import Headend
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    CutOffReply,
    GetCutOffState,
    Login,
    LoginReply,
    Message,
    RegisterReply,
    SetClock,
    SetCutOffState,
)
from mitmeter.model import DeviceId, Secret
from mitmeter.protocol import Answer, Command, HeadendContext, Send, SetTimer
from tests.devices.kamstrup.kamstrup_meters import ELECTRICITY

NOW = datetime(2025, 6, 1, 11, 45, 9, tzinfo=UTC)
METER = DeviceId("kamstrup", "10203040")


class Desk:
    """A reader in the middle of a reading, and what it wants done."""

    def __init__(self, *, control: bool = True, pin: str = "", zone: str = "Europe/Berlin") -> None:
        context = HeadendContext(
            control=control,
            zone=ZoneInfo(zone) if zone else None,
            options={"registers": "1054"},
            password=Secret(pin),
        )
        self._party = Headend(context)
        self.actions: list[object] = list(self._party.opened(NOW))

    def order(self, name: str, arguments: Mapping[str, str] | None = None) -> Desk:
        command = Command("c1", METER, name, arguments or {})
        self.actions += self._party.commanded(command, NOW)
        return self

    def hear(self, *messages: Message) -> Desk:
        for message in messages:
            self.actions += self._party.received(message, NOW)
        return self

    def ring(self, name: str) -> Desk:
        self.actions += self._party.timer(name, NOW)
        return self

    @property
    def said(self) -> list[Message]:
        return [each.message for each in self.actions if isinstance(each, Send)]

    @property
    def answers(self) -> list[Answer]:
        return [each for each in self.actions if isinstance(each, Answer)]


FIRST_REPLY = RegisterReply(0x3F, (ELECTRICITY[1001],))


def test_the_clock_is_set_to_the_sites_local_time_and_acknowledged() -> None:
    desk = Desk().order("set-clock").hear(FIRST_REPLY)
    assert desk.said.pop() == SetClock(0x3F, 250_601, 134_509)
    desk.hear(Acknowledgement())
    assert desk.answers == [Answer("c1", True, "the meter acknowledged it")]


def test_the_clock_can_be_set_to_any_time() -> None:
    desk = Desk(zone="").order("set-clock", {"time": "2024-02-29T23:59:58"}).hear(FIRST_REPLY)
    assert desk.said.pop() == SetClock(0x3F, 240_229, 235_958)


def test_relays_are_read_back_twenty_seconds_after_they_were_switched() -> None:
    desk = Desk().order("relays", {"state": "disconnect"}).hear(FIRST_REPLY)
    assert desk.said.pop() == SetCutOffState(0x3F, 1)
    desk.hear(CutOffReply(0x3F, True, 4, 0x5F))
    assert desk.actions[-1] == SetTimer("next", 20.0)
    desk.ring("next")
    assert desk.said.pop() == GetCutOffState(0x3F)
    desk.hear(CutOffReply(0x3F, False, 1, 0x1F))
    assert desk.answers == [Answer("c1", True, "the relays are: disconnected by command")]


def test_with_a_pin_the_reader_logs_in_first() -> None:
    desk = Desk(pin="4711").order("set-clock").hear(FIRST_REPLY)
    assert desk.said.pop() == Login(0x3F, Secret("4711"))
    desk.hear(LoginReply(0x3F, 0))
    assert isinstance(desk.said.pop(), SetClock)


def test_a_denied_login_refuses_the_command_and_nothing_is_written() -> None:
    desk = Desk(pin="4711").order("set-clock").hear(FIRST_REPLY, LoginReply(0x3F, 1))
    assert desk.answers == [Answer("c1", False, "the meter denied the login")]
    assert not any(isinstance(each, SetClock) for each in desk.said)


def test_a_login_nobody_answers_is_followed_by_the_command() -> None:
    desk = Desk(pin="4711").order("set-clock").hear(FIRST_REPLY).ring("answer").ring("answer")
    assert isinstance(desk.said.pop(), SetClock)


def test_a_command_nobody_answers_is_refused() -> None:
    desk = Desk().order("set-clock").hear(FIRST_REPLY).ring("answer").ring("answer")
    assert desk.answers == [Answer("c1", False, "the meter did not answer")]


def test_without_control_nothing_is_said() -> None:
    desk = Desk(control=False).order("set-clock").hear(FIRST_REPLY)
    assert desk.answers == [Answer("c1", False, "control is off for this station")]
    assert not any(isinstance(each, SetClock) for each in desk.said)


def test_commands_that_wait_are_refused_when_the_meter_falls_silent() -> None:
    desk = Desk().order("set-clock")
    for _ in range(4):
        desk.ring("answer")
    (answer,) = desk.answers
    assert not answer.accepted
    assert answer.text.startswith("no answer from address 0x3F")


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("format", {}, "meters know no command 'format'; there is set-clock, relays"),
        ("relays", {}, "give state=…, one of disconnect, release, reconnect"),
        ("relays", {"state": "off"}, "give state=…, one of disconnect, release, reconnect"),
        ("relays", {"status": "x"}, "'status' is no argument of it; there is state"),
        ("set-clock", {"time": "noon"}, "'noon' is no time, such as 2025-06-01T13:45:09"),
        (
            "set-clock",
            {"time": "1999-01-01T00:00:00"},
            "a meter's time is local, without a zone, within 2000..2099",
        ),
    ],
)
def test_a_wrong_command_is_refused_in_words(
    name: str, arguments: dict[str, str], why: str
) -> None:
    assert Desk().order(name, arguments).answers == [Answer("c1", False, why)]


def test_a_site_without_a_zone_must_give_the_time() -> None:
    (answer,) = Desk(zone="").order("set-clock").answers
    assert "give time=" in answer.text


def test_a_password_that_is_no_pin_is_refused() -> None:
    (answer,) = Desk(pin="hunter2").order("set-clock").answers
    assert answer == Answer("c1", False, "the password is no pin: a number of 0..65535")


def test_every_command_is_listed() -> None:
    assert [each.name for each in SPEC.commands] == ["set-clock", "relays"]
