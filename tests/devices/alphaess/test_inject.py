"""The rule inject: our command runs between cloud and battery; the cloud hears nothing of it."""

from __future__ import annotations

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from mitmeter.devices.alphaess.inject import Inject
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    Json,
    Message,
    Ready,
    ServerCommand,
)
from mitmeter.model import DeviceId, Side
from mitmeter.protocol import (
    Command,
    Decoded,
    Emit,
    HeadendContext,
    Recall,
    Undecodable,
    Verdict,
)
from tests.devices.alphaess.alphaess_sayings import (
    BATTERY,
    NOON,
    SERIAL,
    Heard,
    acknowledgement,
    charge,
    command,
    fetch,
    history,
    report,
    server_configuration,
    status,
    success,
)

RAW = b"the frame as it came"


class Passed(Heard):
    """What became of one message, and what the rule did besides."""

    def __init__(self, verdict: Verdict[Message]) -> None:
        super().__init__(verdict.actions)
        self.forward = verdict.forward


class Proxy:
    """One proxied conversation; what the rule says on its own must go to the battery only."""

    def __init__(self, recall: Recall | None = None, control: bool = True) -> None:
        self.rule = Inject(
            HeadendContext(
                recall=recall or (lambda device, name: None),
                zone=ZoneInfo("Europe/London"),
                control=control,
            )
        )
        self.now = NOON

    def battery(self, message: Message) -> Passed:
        return self._passed(Side.DEVICE, message)

    def cloud(self, message: Message) -> Passed:
        return self._passed(Side.HEADEND, message)

    def _passed(self, sender: Side, message: Message) -> Passed:
        self.now += timedelta(seconds=1)
        passed = Passed(self.rule.judge(sender, Decoded(RAW, message), self.now))
        assert all(emitted.to is Side.DEVICE for emitted in passed.of(Emit))
        return passed

    def told(self, wish: Command) -> Heard:
        actions = self.rule.commanded(wish, self.now)
        assert actions is not None
        return Heard(actions)

    def wakes(self, name: str, after: float) -> Heard:
        self.now += timedelta(seconds=after)
        return Heard(self.rule.timer(name, self.now))

    def begun(self, wish: Command) -> ServerCommand:
        """Give a command and let a status and its reply pass; return what was injected."""
        self.told(wish)
        self.battery(status(self.now))
        return self.cloud(success(16)).commanded()


def started(**held: Json) -> Proxy:
    """A conversation in which the battery has started up: configuration fetched and reported."""
    proxy = Proxy()
    proxy.battery(fetch())
    proxy.cloud(ConfigReply(server_configuration(**held)))
    proxy.battery(report(**held))
    proxy.cloud(success(4))
    return proxy


def test_without_a_command_everything_passes_untouched() -> None:
    proxy = started()
    assert proxy.battery(status(NOON)).forward == RAW
    assert proxy.cloud(success(16)).forward == RAW
    assert proxy.battery(history()).forward == RAW
    assert proxy.battery(Ready()).forward == RAW
    assert proxy.battery(fetch()).actions == []
    assert proxy.cloud(ServerCommand((("Command", "SetConfig"), ("CmdIndex", "5")))).actions == []


@pytest.mark.parametrize("sender", list(Side))
def test_broken_bytes_pass(sender: Side) -> None:
    assert Proxy().rule.judge(sender, Undecodable(b"?", "noise"), NOON).forward == b"?"


def test_the_battery_is_identified_once() -> None:
    proxy = Proxy()
    assert proxy.battery(status(NOON)).identified == [BATTERY]
    assert proxy.battery(status(NOON)).identified == []
    assert proxy.battery(status(NOON, serial="AL9900000000008")).identified == [
        DeviceId("alphaess", "AL9900000000008")
    ]


def test_a_command_waits_for_a_reply_of_the_cloud_and_goes_out_behind_it() -> None:
    proxy = started()
    told = proxy.told(charge())
    assert told.said == []
    assert told.timers == {"command.silence": 5.0}
    assert proxy.battery(status(NOON)).said == []
    passed = proxy.cloud(success(16))
    assert passed.forward == RAW
    assert passed.commanded().get("Command") == "SetConfig"
    assert passed.timers == {"command.step": 30.0}
    assert passed.event_ids == ["mitmeter.command.sent"]


def test_a_silent_cloud_does_not_hold_a_command_back() -> None:
    proxy = started()
    proxy.told(command("set", SetFeed="50"))
    assert proxy.wakes("command.silence", after=5).commanded().get("Command") == "SetConfig"


def test_the_battery_s_side_of_our_command_never_reaches_the_cloud() -> None:
    proxy = started()
    order = proxy.begun(charge())

    accepted = proxy.battery(acknowledgement(order))
    assert accepted.forward is None
    assert accepted.said == [success(0)]
    assert accepted.event_ids == ["mitmeter.command.acknowledged"]

    fetched = proxy.battery(fetch())
    assert fetched.forward is None
    given = fetched.configuration()
    assert list(given)[: len(server_configuration())] == [
        name for name, _ in server_configuration()
    ]
    assert (given["Status"], given["GridCharge"], given["BatHighCap"]) == ("Success", True, "80.00")
    assert (given["TimeChaF2"], given["TimeChaE2"]) == ("1", "5")
    assert (given["FAAEnable"], given["MaxGridCharge"]) == ("7", "3.00")

    reported = proxy.battery(
        report(GridCharge="true", TimeChaF2="1", TimeChaE2="5", BatHighCap="80", BatUseCap="10")
    )
    assert reported.forward is None
    assert reported.said == [success(4)]
    assert reported.answer.accepted

    assert proxy.battery(fetch()).forward == RAW
    assert proxy.battery(report()).forward == RAW


def test_the_rest_of_the_traffic_goes_on_during_our_command() -> None:
    proxy = started()
    order = proxy.begun(command("set", SetFeed="50"))
    assert proxy.battery(status(NOON)).forward == RAW
    assert proxy.cloud(success(16)).forward == RAW
    proxy.battery(acknowledgement(order))
    assert proxy.battery(history()).forward == RAW
    assert proxy.cloud(success(12)).forward == RAW
    assert proxy.battery(fetch()).forward is None
    assert proxy.cloud(success(16)).actions == []
    assert proxy.battery(report(SetFeed="50")).answer.accepted


def test_command_0_after_our_command_is_answered_by_us_and_only_once() -> None:
    proxy = started()
    order = proxy.begun(command("set", SetFeed="50"))
    ready = proxy.battery(Ready())
    assert ready.forward is None
    assert ready.said == [success(0)]
    assert proxy.battery(acknowledgement(order)).said == []


def test_an_acknowledgement_for_the_cloud_passes_during_our_command() -> None:
    proxy = started()
    proxy.begun(command("set", SetFeed="50"))
    theirs = Acknowledgement((("Command", "Resume"), ("CmdIndex", "7"), ("Status", "Success")))
    assert proxy.battery(theirs).forward == RAW


def test_the_index_follows_the_last_one_seen() -> None:
    proxy = started()
    proxy.cloud(ServerCommand((("CmdIndex", "86399998"), ("Command", "Resume"))))
    assert proxy.begun(command("set", SetFeed="50")).get("CmdIndex") == "86399999"
    proxy.wakes("command.step", after=30)
    assert proxy.begun(command("set", SetFeed="50")).get("CmdIndex") == "0"


def test_without_an_index_seen_the_time_of_day_is_the_index() -> None:
    proxy = started()
    proxy.now = NOON
    assert proxy.begun(command("set", SetFeed="50")).get("CmdIndex") == "36000000"


def test_our_command_waits_until_the_clouds_own_has_been_fetched() -> None:
    proxy = started()
    proxy.cloud(ServerCommand((("Command", "SetConfig"), ("CmdIndex", "5"))))
    proxy.told(command("set", SetFeed="50"))
    assert proxy.cloud(success(16)).said == []
    assert proxy.battery(fetch()).forward == RAW
    passed = proxy.cloud(ConfigReply(server_configuration(BatHighCap="95.00")))
    assert passed.forward == RAW
    order = passed.commanded()
    proxy.battery(acknowledgement(order))
    given = proxy.battery(fetch()).configuration()
    assert (given["BatHighCap"], given["SetFeed"]) == ("95.00", "50")


def test_a_cloud_that_never_finishes_its_command_does_not_hold_ours_for_ever() -> None:
    proxy = started()
    proxy.cloud(ServerCommand((("Command", "SetConfig"), ("CmdIndex", "5"))))
    proxy.told(command("set", SetFeed="50"))
    assert proxy.wakes("command.silence", after=5).timers == {"command.silence": 30.0}
    order = proxy.wakes("command.silence", after=30).commanded()
    assert order.get("Command") == "SetConfig"


def test_a_setconfig_of_the_cloud_in_the_middle_of_ours_gets_its_own_fetch() -> None:
    proxy = started()
    order = proxy.begun(command("set", SetFeed="50"))
    proxy.battery(acknowledgement(order))
    theirs = ServerCommand((("Command", "SetConfig"), ("CmdIndex", "77")))
    assert proxy.cloud(theirs).forward == RAW
    assert proxy.battery(fetch()).forward is None
    assert proxy.battery(acknowledgement(theirs)).forward == RAW
    assert proxy.battery(fetch()).forward == RAW
    assert proxy.cloud(ConfigReply(server_configuration())).forward == RAW


@pytest.mark.parametrize(
    ("steps", "missing"), [(0, "acknowledge it"), (1, "fetch its"), (2, "report its")]
)
def test_a_step_that_does_not_come_ends_our_command_and_all_passes_again(
    steps: int, missing: str
) -> None:
    proxy = started()
    order = proxy.begun(command("set", SetFeed="50"))
    answers: list[Message] = [acknowledgement(order), fetch()]
    for message in answers[:steps]:
        proxy.battery(message)
    heard = proxy.wakes("command.step", after=30)
    assert not heard.answer.accepted
    assert missing in heard.answer.text
    assert proxy.battery(fetch()).forward == RAW
    assert proxy.battery(report()).forward == RAW
    assert proxy.battery(Ready()).forward == RAW


def test_a_late_acknowledgement_of_ours_still_does_not_reach_the_cloud() -> None:
    proxy = started()
    order = proxy.begun(command("set", SetFeed="50"))
    proxy.wakes("command.step", after=30)
    late = proxy.battery(acknowledgement(order))
    assert late.forward is None
    assert late.actions == []


def test_one_command_at_a_time() -> None:
    proxy = started()
    proxy.told(command("set", SetFeed="50"))
    assert proxy.told(command("set", SetFeed="60")).answer.text == (
        "another command is still under way"
    )


def test_a_command_is_refused_when_no_configuration_has_been_seen() -> None:
    proxy = Proxy()
    proxy.battery(status(NOON))
    heard = proxy.told(command("set", SetFeed="50"))
    assert heard.answer.text == "the battery has not reported its configuration yet"


def test_a_stored_server_configuration_serves_until_one_passes() -> None:
    stored = json.dumps({"Status": "Success", "SN": SERIAL, "SetFeed": "100", "Odd": "1"})
    proxy = Proxy(lambda device, name: stored if name == "server_configuration" else None)
    proxy.battery(status(NOON))
    order = proxy.begun(command("set", SetFeed="50"))
    proxy.battery(acknowledgement(order))
    assert proxy.battery(fetch()).configuration() == {
        "Status": "Success",
        "SN": SERIAL,
        "SetFeed": "50",
        "Odd": "1",
    }


def test_what_the_cloud_has_just_set_is_not_undone_by_an_older_report() -> None:
    old = json.dumps(dict(report(BatHighCap="70", EmsLanguage="0").members))
    proxy = Proxy(lambda device, name: old if name == "configuration" else None)
    proxy.battery(fetch())
    proxy.cloud(ConfigReply(server_configuration(BatHighCap="95.00")))
    order = proxy.begun(command("set", SetFeed="50"))
    proxy.battery(acknowledgement(order))
    assert proxy.battery(fetch()).configuration()["BatHighCap"] == "95.00"


def test_commands_are_refused_where_control_is_off() -> None:
    proxy = Proxy(control=False)
    proxy.battery(report())
    assert "control = true" in proxy.told(command("set", SetFeed="50")).answer.text


def test_rows_are_left_to_the_cloud() -> None:
    proxy = started()
    heard = proxy.told(command("resume", from_="2025/06/01T11:50:07", rows="2"))
    assert "for a trap" in heard.answer.text


def test_the_clock_is_set_with_one_swallowed_acknowledgement() -> None:
    proxy = started()
    order = proxy.begun(command("sync-time"))
    assert order.get("Command") == "SyncTime"
    passed = proxy.battery(acknowledgement(order))
    assert passed.forward is None
    assert passed.said == []
    assert passed.answer.accepted
    assert proxy.battery(fetch()).forward == RAW
