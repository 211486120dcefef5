"""The stand-in server: what it answers, whom it hears, and the commands it carries out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mitmeter.devices.alphaess.headend import Headend
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    Login,
    Members,
    Message,
    Notice,
    Other,
    Ready,
    Reply,
    ServerCommand,
    Telemetry,
    as_text,
)
from mitmeter.model import DeviceId
from mitmeter.protocol import Command, HeadendContext, Recall, Undecodable
from tests.devices.alphaess.alphaess_sayings import (
    BATTERY,
    NOON,
    PLAIN_CONFIGURATION,
    SERIAL,
    Heard,
    acknowledgement,
    charge,
    command,
    fetch,
    history,
    report,
    server_configuration,
    shown,
    status,
    success,
)

LONDON = ZoneInfo("Europe/London")


def as_json(members: Members) -> str:
    """The stored fact: members as JSON, numbers as written."""
    return json.dumps(
        {name: v if isinstance(v, str | bool) else int(as_text(v)) for name, v in members}
    )


def facts(**known: str) -> Recall:
    return lambda device, name: known.get(name) if device == BATTERY else None


class Trap:
    """One conversation with the stand-in server, seconds passing between the steps."""

    def __init__(self, context: HeadendContext | None = None) -> None:
        self.party = Headend(context or HeadendContext())
        self.now = NOON
        assert list(self.party.opened(self.now)) == []

    def hears(self, message: Message, after: float = 1.0) -> Heard:
        self.now += timedelta(seconds=after)
        return Heard(self.party.received(message, self.now))

    def wakes(self, name: str, after: float) -> Heard:
        self.now += timedelta(seconds=after)
        return Heard(self.party.timer(name, self.now))

    def told(self, wish: Command, after: float = 1.0) -> Heard:
        self.now += timedelta(seconds=after)
        return Heard(self.party.commanded(wish, self.now))


def controlled(**known: str) -> Trap:
    trap = Trap(HeadendContext(recall=facts(**known), zone=LONDON, control=True))
    trap.hears(status(NOON))
    return trap


def reporting() -> Trap:
    trap = controlled()
    trap.hears(report())
    return trap


# --- answers


@pytest.mark.parametrize(
    ("request_", "number"),
    [
        (Ready(), 0),
        (Login((("UserName", SERIAL), ("Password", "example-pass"))), 2),
        (report(), 4),
        (Telemetry((("Time", "2025/06/01 12:00:40"), ("SN", SERIAL))), 5),
        (Notice((("MsgType", "EventLog"), ("MsgContent", ""), ("Description", "OK"))), 9),
        (history(datetime.fromisoformat("2025-06-01 11:51:08")), 12),
        (status(NOON), 16),
        (Other(1, 11, b"?", "unknown command 11"), 11),
        (Other(1, 255, b"", "unknown command 255"), 255),
        (ServerCommand((("Command", "Resume"),)), 8),
    ],
)
def test_every_request_is_answered_with_success_under_its_own_number(
    request_: Message, number: int
) -> None:
    assert Trap().hears(request_).said == [success(number)]


@pytest.mark.parametrize(
    "message",
    [
        Acknowledgement((("Command", "SetConfig"), ("CmdIndex", "1"), ("Status", "Success"))),
        Reply((("Status", "Success"),), 16),
        ConfigReply(server_configuration()),
        Other(2, 11, b"?", "unknown command 11"),
    ],
)
def test_a_reply_is_never_answered(message: Message) -> None:
    assert Trap().hears(message).said == []


def test_garbled_bytes_are_not_answered() -> None:
    assert list(Headend(HeadendContext()).garbled(Undecodable(b"\x16\x03", "no frame"), NOON)) == []


def test_status_goes_on_being_answered_frame_by_frame() -> None:
    trap = Trap()
    for _ in range(5):
        assert trap.hears(status(trap.now), after=10).said == [success(16)]


def test_a_configuration_nobody_knows_is_answered_with_plain_success() -> None:
    assert controlled().hears(fetch()).said == [PLAIN_CONFIGURATION]


def test_without_control_no_configuration_is_ever_sent() -> None:
    trap = Trap(HeadendContext(recall=facts(server_configuration=as_json(server_configuration()))))
    trap.hears(report())
    assert trap.hears(fetch()).said == [PLAIN_CONFIGURATION]


def test_the_stored_server_configuration_answers_command_3() -> None:
    held = server_configuration()
    trap = controlled(server_configuration=as_json(held))
    assert trap.hears(fetch()).said == [ConfigReply(held)]


def test_a_configuration_the_battery_once_reported_answers_command_3() -> None:
    trap = controlled(configuration=as_json(report(BatHighCap="77").members))
    answer = trap.hears(fetch()).configuration()
    assert next(iter(answer.items())) == ("Status", "Success")
    assert (answer["SN"], answer["BatHighCap"], answer["use_ct"]) == (SERIAL, "77", "1")


# --- identity


@pytest.mark.parametrize(
    "message",
    [
        Login((("UserName", SERIAL), ("Password", "example-pass"))),
        status(NOON),
        fetch(),
        report(),
        history(datetime.fromisoformat("2025-06-01 11:51:08")),
    ],
)
def test_a_battery_is_known_by_the_serial_number_in_any_message(message: Message) -> None:
    assert Trap().hears(message).identified == [BATTERY]


def test_a_battery_is_identified_once() -> None:
    trap = Trap()
    assert trap.hears(Login((("UserName", SERIAL),))).identified == [BATTERY]
    assert trap.hears(status(trap.now)).identified == []
    assert trap.hears(report()).identified == []


def test_another_serial_number_in_the_same_conversation_is_reported_and_followed() -> None:
    trap = Trap()
    trap.hears(status(trap.now))
    heard = trap.hears(status(trap.now, serial="AL9900000000008"))
    assert heard.event_ids == ["mitmeter.alphaess.identity.changed"]
    assert SERIAL in heard.events[0].message
    assert "AL9900000000008" in heard.events[0].message
    assert heard.identified == [DeviceId("alphaess", "AL9900000000008")]
    assert heard.said == [success(16)]


def test_a_battery_with_an_implausible_serial_number_is_answered_but_not_identified() -> None:
    heard = Trap().hears(status(NOON, serial="x\x1b[31m y"))
    assert heard.identified == []
    assert heard.said == [success(16)]


def test_ever_new_serial_numbers_stop_being_followed() -> None:
    trap = Trap()
    heard = [trap.hears(status(trap.now, serial=f"AL{n:013}")) for n in range(100)]
    assert sum(len(each.identified) for each in heard) == 16
    assert sum(len(each.events) for each in heard) == 15
    assert all(each.said == [success(16)] for each in heard)


def test_another_serial_number_ends_the_command_under_way() -> None:
    trap = reporting()
    trap.told(charge())
    heard = trap.hears(status(trap.now, serial="AL9900000000008"))
    assert not heard.answer.accepted
    assert "another serial number" in heard.answer.text
    assert trap.hears(fetch()).said == [PLAIN_CONFIGURATION]


# --- commands


def test_a_charging_command_goes_through_all_its_steps() -> None:
    trap = reporting()
    asked = trap.told(charge())
    order = asked.commanded()
    assert [name for name, _ in order.members] == ["Command", "CmdIndex"]
    assert order.get("Command") == "SetConfig"
    assert asked.event_ids == ["mitmeter.command.requested", "mitmeter.command.sent"]
    assert asked.timers == {"command.step": 30.0}

    accepted = trap.hears(acknowledgement(order))
    assert accepted.said == []
    assert accepted.event_ids == ["mitmeter.command.acknowledged"]
    assert accepted.timers == {"command.step": 30.0}

    given = trap.hears(fetch()).configuration()
    assert next(iter(given.items())) == ("Status", "Success")
    assert given["GridCharge"] is True
    assert (given["TimeChaF2"], given["TimeChaE2"], given["BatHighCap"]) == ("1", "5", "80")
    assert (given["SetFeed"], given["use_ct"]) == ("100", "1")

    done = trap.hears(
        report(GridCharge="true", TimeChaF2="1", TimeChaE2="5", BatHighCap="80.0", BatUseCap="10")
    )
    assert done.said == [success(4)]
    assert done.answer.accepted
    assert "from 1:00 to 5:00 up to 80 %" in done.answer.text
    assert done.event_ids == ["mitmeter.command.done"]


def test_the_index_of_a_command_is_the_milliseconds_of_the_utc_day() -> None:
    trap = reporting()
    trap.now = NOON.replace(hour=12, second=20, microsecond=111_999)
    order = trap.told(command("set", SetFeed="50"), after=0).commanded()
    assert order.get("CmdIndex") == "43220111"


def test_everything_the_server_once_said_is_preserved_by_a_command() -> None:
    held = server_configuration()
    trap = controlled(server_configuration=as_json(held))
    trap.hears(report())
    order = trap.told(command("set", BatUseCap="20")).commanded()
    trap.hears(acknowledgement(order))
    given = trap.hears(fetch()).said[0]
    assert isinstance(given, ConfigReply)
    expected = [(name, "20.00" if name == "BatUseCap" else value) for name, value in held]
    assert list(given.members[: len(expected)]) == expected
    assert [name for name, _ in given.members[len(expected) :]] == ["BatReady", "use_ct"]


def test_the_next_command_builds_on_what_the_battery_reported_after_the_last() -> None:
    trap = reporting()
    trap.hears(acknowledgement(trap.told(command("set", SetFeed="50")).commanded()))
    trap.hears(fetch())
    assert trap.hears(report(SetFeed="50")).answer.accepted
    trap.hears(acknowledgement(trap.told(command("set", BatUseCap="20")).commanded()))
    given = trap.hears(fetch()).configuration()
    assert (given["SetFeed"], given["BatUseCap"]) == ("50", "20")


def test_commands_are_refused_where_control_is_off() -> None:
    trap = Trap(HeadendContext(recall=facts(configuration=as_json(report().members))))
    trap.hears(status(trap.now))
    heard = trap.told(charge())
    assert heard.said == []
    assert not heard.answer.accepted
    assert "control = true" in heard.answer.text
    assert heard.event_ids == ["mitmeter.command.requested", "mitmeter.command.refused"]


def test_a_command_is_refused_until_the_battery_has_reported_its_configuration() -> None:
    heard = controlled().told(charge())
    assert heard.said == []
    assert heard.answer.text == "the battery has not reported its configuration yet"


def test_a_wrong_command_is_refused_with_its_reason() -> None:
    heard = reporting().told(command("charge-from-grid", from_="25", until="5", stop_at="80"))
    assert heard.said == []
    assert "from=25" in heard.answer.text
    assert heard.events[-1].fields["reason"] == heard.answer.text


def test_an_unknown_command_is_refused() -> None:
    assert "did you mean set?" in reporting().told(command("sett")).answer.text


def test_a_command_for_another_battery_is_refused() -> None:
    other = DeviceId("alphaess", "AL9900000000008")
    heard = reporting().told(command("set", other, SetFeed="50"))
    assert "not the battery on this connection" in heard.answer.text


def test_a_second_command_is_refused_while_one_is_under_way() -> None:
    trap = reporting()
    order = trap.told(command("set", SetFeed="50")).commanded()
    second = trap.told(command("set", BatUseCap="20"))
    assert second.said == []
    assert second.answer.text == "another command is still under way"
    trap.hears(acknowledgement(order))
    assert trap.hears(fetch()).configuration()["SetFeed"] == "50"


Steps = Callable[[Trap, ServerCommand], None]


def nothing(trap: Trap, order: ServerCommand) -> None:
    pass


def acknowledged(trap: Trap, order: ServerCommand) -> None:
    trap.hears(acknowledgement(order))


def fetched(trap: Trap, order: ServerCommand) -> None:
    trap.hears(acknowledgement(order))
    trap.hears(fetch())


@pytest.mark.parametrize(
    ("steps", "missing"),
    [
        (nothing, "did not acknowledge it within 30 s"),
        (acknowledged, "did not fetch its configuration within 30 s"),
        (fetched, "did not report its configuration within 30 s"),
    ],
)
def test_a_step_that_does_not_come_fails_the_command_and_is_named(
    steps: Steps, missing: str
) -> None:
    trap = reporting()
    steps(trap, trap.told(command("set", SetFeed="50")).commanded())
    heard = trap.wakes("command.step", after=30)
    assert not heard.answer.accepted
    assert missing in heard.answer.text
    assert heard.event_ids == ["mitmeter.command.failed"]
    assert trap.told(command("set", SetFeed="50")).commanded().get("Command") == "SetConfig"


def test_a_fetch_stands_for_an_acknowledgement_that_was_lost() -> None:
    trap = reporting()
    order = trap.told(command("set", SetFeed="50")).commanded()
    assert trap.hears(fetch()).configuration()["SetFeed"] == "50"
    assert trap.hears(acknowledgement(order)).actions == []
    assert trap.hears(report(SetFeed="50")).answer.accepted


def test_a_battery_that_fetches_twice_gets_the_same_configuration_twice() -> None:
    trap = reporting()
    trap.hears(acknowledgement(trap.told(command("set", SetFeed="50")).commanded()))
    assert trap.hears(fetch()).said == trap.hears(fetch()).said


def test_an_acknowledgement_of_something_else_is_not_taken_for_ours() -> None:
    trap = reporting()
    trap.told(command("set", SetFeed="50"))
    stray = ServerCommand((("Command", "SetConfig"), ("CmdIndex", "1")))
    assert trap.hears(acknowledgement(stray)).actions == []


def test_a_refusing_acknowledgement_fails_the_command() -> None:
    trap = reporting()
    order = trap.told(command("set", SetFeed="50")).commanded()
    heard = trap.hears(acknowledgement(order, "Failed"))
    assert not heard.answer.accepted
    assert "answered Failed" in heard.answer.text


def test_a_report_before_the_fetch_proves_nothing() -> None:
    trap = reporting()
    trap.hears(acknowledgement(trap.told(command("set", SetFeed="50")).commanded()))
    early = trap.hears(report())
    assert early.actions[0].message == success(4)
    assert len(early.actions) == 1
    trap.hears(fetch())
    assert trap.hears(report(SetFeed="50")).answer.accepted


def test_a_battery_that_reports_other_values_fails_the_command() -> None:
    trap = reporting()
    trap.hears(acknowledgement(trap.told(command("set", SetFeed="50")).commanded()))
    trap.hears(fetch())
    heard = trap.hears(report())
    assert not heard.answer.accepted
    assert "SetFeed=100 instead of 50" in heard.answer.text


def test_what_the_battery_never_reports_is_said_to_be_unchecked() -> None:
    trap = reporting()
    trap.hears(acknowledgement(trap.told(command("set", MaxGridCharge="3")).commanded()))
    trap.hears(fetch())
    heard = trap.hears(report())
    assert heard.answer.accepted
    assert "MaxGridCharge, which it never reports" in heard.answer.text


def test_command_0_is_answered_in_the_middle_of_a_command() -> None:
    trap = reporting()
    trap.hears(acknowledgement(trap.told(command("set", SetFeed="50")).commanded()))
    assert trap.hears(Ready()).said == [success(0)]
    assert trap.hears(fetch()).configuration()["SetFeed"] == "50"


def test_after_a_disconnect_the_unfinished_command_is_forgotten() -> None:
    known = as_json(report().members)
    trap = controlled(configuration=known)
    trap.hears(acknowledgement(trap.told(command("set", SetFeed="50")).commanded()))
    again = controlled(configuration=known)
    assert again.hears(fetch()).configuration()["SetFeed"] == "100"
    assert again.wakes("command.step", after=30).actions == []


def test_private_values_stay_out_of_the_events_of_a_command() -> None:
    trap = reporting()
    heard = trap.told(command("set", Address="2 Hidden Lane"))
    trap.hears(acknowledgement(heard.commanded()))
    trap.hears(fetch())
    failed = trap.hears(report(Address="3 Other Lane"))
    said = [event.message for event in (*heard.events, *failed.events)] + [failed.answer.text]
    assert not any("Lane" in text for text in said)


def test_the_clock_is_set_to_the_sites_local_time() -> None:
    trap = controlled()
    order = trap.told(command("sync-time")).commanded()
    assert order.members == (
        ("Command", "SyncTime"),
        ("CmdIndex", "36002000"),
        ("Parameter1", shown(datetime.fromisoformat("2025-06-01 11:00:02"))),
    )
    heard = trap.hears(acknowledgement(order))
    assert heard.answer.accepted
    assert heard.event_ids == ["mitmeter.command.acknowledged", "mitmeter.command.done"]


def test_setting_the_clock_needs_the_sites_time_zone() -> None:
    trap = Trap(HeadendContext(control=True))
    trap.hears(status(trap.now))
    assert "site.timezone" in trap.told(command("sync-time")).answer.text
