"""The emulated battery as a party: start-up, reporting, and what the server's words make it do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mitmeter.devices.alphaess.device import Battery
from mitmeter.devices.alphaess.messages import (
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    History,
    Login,
    Notice,
    Reply,
    ServerCommand,
    Status,
    Telemetry,
)
from mitmeter.devices.alphaess.registers import HISTORY_FIELDS, parse_time
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId, Secret
from mitmeter.protocol import (
    Answer,
    BatterySchedule,
    Command,
    DeviceContext,
    HouseEnergy,
    HouseState,
)
from mitmeter.simulate import House
from tests.devices.alphaess.alphaess_bench import Bench, acknowledged, silence, success

NOON = datetime(2025, 6, 1, 12, 0, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


@dataclass
class ListeningHouse:
    """A simulated house that remembers what schedule it was told."""

    told: list[tuple[datetime, BatterySchedule]] = field(default_factory=list)
    house: House = field(default_factory=lambda: House(1, NOON - timedelta(days=3)))

    def state(self, at: datetime) -> HouseState:
        return self.house.state(at)

    def energy(self, at: datetime) -> HouseEnergy:
        return self.house.energy(at)

    def schedule(self, at: datetime, schedule: BatterySchedule) -> None:
        self.told.append((at, schedule))
        self.house.schedule(at, schedule)


def wall(text: str) -> datetime:
    """Return what a clock without a zone shows."""
    return datetime.fromisoformat(text)


def battery(**given: Any) -> Battery:
    given.setdefault("house", ListeningHouse())
    given.setdefault("zone", UTC)
    return Battery(DeviceContext(**given))


def running(**given: Any) -> Bench:
    """Return a battery that has started up and talks every ten seconds."""
    return Bench(battery(**given), NOON).open().run(3).forget()


def resume(after: str, count: str) -> ServerCommand:
    return ServerCommand(
        (
            ("CmdIndex", "43210987"),
            ("Command", "Resume"),
            ("Parameter1", after),
            ("Parameter2", count),
        )
    )


def order(name: str, **more: str) -> ServerCommand:
    return ServerCommand((("Command", name), ("CmdIndex", "43220111"), *more.items()))


def row_times(bench: Bench) -> list[datetime]:
    date, time = HISTORY_FIELDS.index("Date"), HISTORY_FIELDS.index("Time")
    times = [
        parse_time(f"{row[date]} {row[time]}")
        for frame in bench.messages(History)
        for row in frame.rows
    ]
    return [each for each in times if each is not None]


def told_times(bench: Bench) -> list[datetime]:
    times = [parse_time(status.get("Time") or "") for status in bench.messages(Status)]
    return [each for each in times if each is not None]


# --- start-up -----------------------------------------------------------------------------------


def test_it_starts_up_in_the_observed_order() -> None:
    bench = Bench(battery(), NOON).open().run(150)
    start, rest = bench.kinds()[:4], bench.kinds()[4:]
    assert start == ["Login", "Ready", "Notice", "ConfigRequest"]
    first = rest.index("ConfigReport")
    assert 2 <= first <= 10
    assert rest[:first] == ["Status"] * first
    assert rest[first : first + 5] == [
        "ConfigReport", "Status", "ConfigReport", "Status", "Telemetry"
    ]  # fmt: skip


def test_the_user_is_the_serial_number_and_the_password_the_examples() -> None:
    bench = Bench(battery(), NOON).open()
    assert bench.messages(Login)[0].members == (
        ("UserName", "AL9900000000007"),
        ("Password", "example-pass"),
        ("CompanyName", "AlphaESS"),
    )


def test_credentials_come_from_the_persona_and_then_from_the_run() -> None:
    persona = {"identity": {"serial": "AL9900000000015", "password": "from-persona"}}
    by_persona = Bench(battery(persona=persona), NOON).open().messages(Login)[0]
    assert by_persona.get("UserName") == "AL9900000000015"
    assert by_persona.get("Password") == "from-persona"
    by_run = battery(persona=persona, user="somebody", password=Secret("else"))
    told = Bench(by_run, NOON).open().messages(Login)[0]
    assert (told.get("UserName"), told.get("Password")) == ("somebody", "else")


def test_a_user_that_is_a_serial_number_is_the_batterys_own() -> None:
    bench = Bench(battery(user="AL9900000000099"), NOON).open()
    assert bench.messages(Login)[0].get("UserName") == "AL9900000000099"
    bench.run(60)
    assert {each.get("SN") for each in bench.messages(Status)} == {"AL9900000000099"}


def test_the_event_log_has_sixteen_entries_newest_first() -> None:
    bench = Bench(battery(), NOON).open()
    notice = bench.messages(Notice)[0]
    assert [name for name, _ in notice.members] == ["MsgType", "MsgContent", "Description"]
    assert (notice.get("MsgType"), notice.get("Description")) == ("EventLog", "OK")
    entries = (notice.get("MsgContent") or "").split(";")
    assert entries[0] == "25/06/01 12:00:00 41"
    assert len(entries) == 17
    assert entries[-1] == ""
    times = [entry[:17] for entry in entries[:-1]]
    assert times == sorted(times, reverse=True)


def test_a_server_that_never_answers_does_not_stall_it() -> None:
    bench = Bench(battery(), NOON, silence).open().run(600)
    assert len(bench.messages(Status)) > 50
    assert len(bench.messages(Telemetry)) >= 1


def test_a_refused_login_ends_the_connection() -> None:
    bench = Bench(battery(), NOON, silence).open()
    bench.say(Reply((("Status", "Failed"),), 2))
    assert bench.closed == ["the server refused the login"]


def test_status_keeps_to_ten_seconds_and_telemetry_to_five_minutes() -> None:
    bench = running().run(3600)
    statuses = [said.at for said in bench.said if isinstance(said.what, Status)]
    assert {b - a for a, b in pairwise(statuses)} == {timedelta(seconds=10)}
    telemetry = [said.at for said in bench.said if isinstance(said.what, Telemetry)]
    assert {b - a for a, b in pairwise(telemetry)} == {timedelta(seconds=300)}


def test_a_late_timer_does_not_shift_the_statuses_after_it() -> None:
    bench = running()
    due = bench.timers["status"]
    late = due + timedelta(seconds=0.7)
    bench.now = late
    del bench.timers["status"]
    bench._do(bench.battery.timer("status", late))
    assert bench.timers["status"] == due + timedelta(seconds=10)


# --- back-fill ----------------------------------------------------------------------------------


def test_rows_come_strictly_after_the_time_asked_oldest_first_and_no_more_than_asked() -> None:
    bench = running()
    bench.say(resume("2025/06/01 11:00:00", "21"))
    assert acknowledged(bench) == [("Resume", "43210987", "Success")]
    times = row_times(bench)
    assert len(times) == 21
    assert times[0] > wall("2025-06-01 11:00:00")
    assert times == sorted(set(times))
    assert {b - a for a, b in pairwise(times)} == {timedelta(seconds=60), timedelta(seconds=61)}
    assert [len(frame.rows) for frame in bench.messages(History)] == [3] * 7


def test_when_fewer_rows_are_there_than_asked_fewer_come() -> None:
    bench = running()  # 12:00:03
    bench.say(resume("2025/06/01 11:39:30", "21"))
    assert len(row_times(bench)) == 20
    assert len(bench.messages(History)[-1].rows) == 2


def test_a_row_asked_after_is_not_sent_again() -> None:
    first = running().say(resume("2025/06/01 11:00:00", "5"))
    last = row_times(first)[-1]
    again = running().say(resume(f"{last:%Y/%m/%d %H:%M:%S}", "5"))
    assert row_times(again)[0] > last
    assert row_times(again)[0] - last <= timedelta(seconds=61)


def test_the_ring_holds_a_day_of_rows() -> None:
    bench = running().say(resume("2025/05/01 00:00:00", "40000"))
    times = row_times(bench)
    assert len(times) == 1440
    assert bench.now.replace(tzinfo=None) - times[-1] < timedelta(seconds=61)


def test_each_frame_of_rows_waits_for_the_answer_to_the_one_before() -> None:
    bench = running()
    bench.answer = silence
    bench.say(resume("2025/06/01 11:00:00", "7"))
    assert len(bench.messages(History)) == 1
    bench.say(Reply((("Status", "Success"),), 12))
    assert len(bench.messages(History)) == 2
    bench.say(Reply((("Status", "Success"),), 12))
    bench.say(Reply((("Status", "Success"),), 12))
    assert [len(frame.rows) for frame in bench.messages(History)] == [3, 3, 1]


def test_rows_go_on_when_an_answer_does_not_come() -> None:
    bench = running()
    bench.answer = silence
    bench.say(resume("2025/06/01 11:00:00", "7")).run(60)
    assert len(row_times(bench)) == 7


def test_a_second_resume_takes_the_place_of_the_first() -> None:
    bench = running()
    bench.answer = silence
    bench.say(resume("2025/06/01 08:00:00", "100"))
    bench.say(resume("2025/06/01 11:00:00", "3"))
    bench.answer = success
    bench.say(Reply((("Status", "Success"),), 12))
    frames = bench.messages(History)
    assert len(frames) == 2
    assert row_times(bench)[3] > wall("2025-06-01 11:00:00")


@pytest.mark.parametrize("after", ["", "yesterday", "2025/02/30 10:00:00", "2030/01/01 00:00:00"])
def test_nothing_to_send_is_acknowledged_and_followed_by_nothing(after: str) -> None:
    bench = running().say(resume(after, "5"))
    assert len(acknowledged(bench)) == 1
    assert row_times(bench) == []


def test_rows_of_the_time_without_a_link_are_there_after_a_reconnect() -> None:
    bench = running().run(60)
    bench.now += timedelta(hours=2)
    bench.open().forget().say(resume("2025/06/01 12:00:00", "119"))
    times = row_times(bench)
    assert len(times) == 119
    assert max(b - a for a, b in pairwise(times)) <= timedelta(seconds=61)


def test_the_configuration_is_asked_for_after_the_rows() -> None:
    bench = Bench(battery(), NOON, silence).open()
    for command in (2, 0, 9):
        bench.say(Reply((("Status", "Success"),), command))
    bench.say(resume("2025/06/01 11:00:00", "6")).run(5)
    assert bench.kinds() == ["Login", "Ready", "Notice", "Acknowledgement", "History"]
    bench.answer = success
    bench.say(Reply((("Status", "Success"),), 12)).run(5)
    assert bench.kinds()[5:7] == ["History", "ConfigRequest"]


# --- configuration ------------------------------------------------------------------------------

CHARGE = (
    ("Status", "Success"),
    ("SN", "AL9900000000007"),
    ("GridCharge", True),
    ("TimeChaF1", "0"),
    ("TimeChaE1", "0"),
    ("TimeChaF2", "1"),
    ("TimeChaE2", "5"),
    ("BatHighCap", "80.00"),
    ("BatUseCap", "15.00"),
    ("BackUpBox", True),
    ("Generator", False),
    ("GridChargeWE", False),
    ("EmsLanguage", Decimal(0)),
    ("use_ct", "1"),
)
PERSONA: Mapping[str, Any] = {
    "configuration": {"BatHighCap": "100", "BatUseCap": "10", "Cobat": "10.100", "Mmeter": "ACR10R"}
}


def set_config(bench: Bench, members: ConfigReply) -> Bench:
    bench.answer = lambda message: (
        members if isinstance(message, ConfigRequest) else success(message)
    )
    return bench.say(order("SetConfig"))


def test_set_config_is_acknowledged_fetched_taken_and_reported() -> None:
    bench = set_config(running(persona=PERSONA), ConfigReply(CHARGE))
    assert bench.kinds() == ["Acknowledgement", "ConfigRequest", "ConfigReport"]
    assert acknowledged(bench) == [("SetConfig", "43220111", "Success")]
    report = bench.messages(ConfigReport)[0]
    assert report.get("GridCharge") == "true"
    assert (report.get("TimeChaF2"), report.get("TimeChaE2")) == ("1", "5")
    assert (report.get("BatHighCap"), report.get("BatUseCap")) == ("80", "15")
    assert (report.get("BackUpBox"), report.get("Generator")) == ("True", "0")
    assert (report.get("Cobat"), report.get("Mmeter")) == ("10.100", "ACR10R")


def test_the_answer_to_an_acknowledgement_may_come_or_not() -> None:
    bench = running(persona=PERSONA)
    bench.answer = silence
    bench.say(order("SetConfig")).say(Reply((("Status", "Success"),), 0)).say(ConfigReply(CHARGE))
    assert bench.kinds() == ["Acknowledgement", "ConfigRequest", "ConfigReport"]


def test_members_of_a_newer_server_are_kept_and_reported_after_the_known_ones() -> None:
    bench = set_config(running(persona=PERSONA), ConfigReply(CHARGE))
    report = bench.messages(ConfigReport)[0]
    assert len(report.members) == 134
    assert report.members[-1] == ("use_ct", "1")


def test_the_house_is_told_of_the_new_schedule_at_that_moment() -> None:
    house = ListeningHouse()
    bench = set_config(running(house=house, persona=PERSONA), ConfigReply(CHARGE))
    asked = BatterySchedule(((1, 5),), Decimal("80.00"), Decimal("15.00"))
    assert house.told == [(bench.now, asked)]


def test_the_battery_charges_from_the_grid_when_its_window_opens() -> None:
    bench = set_config(running(persona=PERSONA), ConfigReply(CHARGE))
    bench.forget().run(15 * 3600)  # past 03:00, while the house fills the battery
    charged = bench.messages(Telemetry)[-1].get("EGridCharge") or "0"
    assert Decimal(charged) > 0


@pytest.mark.parametrize(
    "members",
    [
        (("Status", "Success"),),
        (("Status", "Failed"), ("GridCharge", True)),
    ],
)
def test_a_reply_without_a_configuration_changes_nothing(members: tuple[Any, ...]) -> None:
    house = ListeningHouse()
    bench = set_config(running(house=house), ConfigReply(members))
    assert house.told == []
    assert bench.messages(ConfigReport) == []


def test_equal_hours_or_a_false_switch_end_the_charging() -> None:
    house = ListeningHouse()
    bench = set_config(running(house=house, persona=PERSONA), ConfigReply(CHARGE))
    set_config(bench, ConfigReply((("Status", "Success"), ("TimeChaE2", "1"))))
    assert house.told[-1][1].charge_windows == ()


def test_the_configuration_survives_a_reconnect() -> None:
    bench = set_config(running(persona=PERSONA), ConfigReply(CHARGE))
    bench.answer = success
    bench.open().forget().run(200)
    assert bench.messages(ConfigReport)[-1].get("BatHighCap") == "80"


def test_the_serial_number_is_never_taken_from_the_server() -> None:
    foreign = ConfigReply((("Status", "Success"), ("SN", "AL1"), ("SetFeed", "50")))
    report = set_config(running(), foreign).messages(ConfigReport)[0]
    assert report.get("SN") == "AL9900000000007"


# --- clock --------------------------------------------------------------------------------------


def test_its_clock_stands_on_winter_time_all_year() -> None:
    summer = Bench(battery(zone=LONDON), NOON).open().run(30)
    assert told_times(summer)[0] == wall("2025-06-01 12:00:02")


def test_it_does_not_follow_summer_time_while_it_runs() -> None:
    # On 30 March 2025 at 01:00 UTC London's clocks go forward.
    before = datetime(2025, 3, 30, 0, 59, 30, tzinfo=UTC)
    house = House(1, before - timedelta(hours=1))
    bench = Bench(battery(zone=LONDON, house=house), before).open().run(120)
    assert {b - a for a, b in pairwise(told_times(bench))} == {timedelta(seconds=10)}


def test_its_clock_drifts_by_the_chosen_rate_and_starts_at_the_chosen_offset() -> None:
    options = {"drift_ppm": "1000", "offset_seconds": "-80"}
    bench = Bench(battery(options=options), NOON).open().run(10_010)
    wrong = told_times(bench)[0] - bench.said[4].at.replace(tzinfo=None)
    assert wrong == timedelta(seconds=-80)
    late = [said.at for said in bench.said if isinstance(said.what, Status)][-1]
    error = told_times(bench)[-1] - late.replace(tzinfo=None)
    assert timedelta(seconds=-71) <= error <= timedelta(seconds=-69)


def test_rows_carry_the_wrong_clock_too() -> None:
    bench = running(options={"offset_seconds": "7200"})
    bench.say(resume("2025/06/01 13:50:00", "20"))
    assert len(row_times(bench)) == 10
    assert row_times(bench)[-1] > wall("2025-06-01 13:59:00")


def test_sync_time_sets_the_clock_to_the_time_given() -> None:
    bench = running(options={"offset_seconds": "-2340"})
    bench.say(order("SyncTime", Parameter1="2025/06/01 14:00:00")).run(10)
    assert acknowledged(bench) == [("SyncTime", "43220111", "Success")]
    assert told_times(bench)[0] - wall("2025-06-01 14:00:00") < timedelta(seconds=11)


def test_sync_time_without_a_time_takes_it_from_the_index_and_the_zone() -> None:
    bench = running(zone=LONDON, options={"offset_seconds": "-2340"})
    bench.say(order("SyncTime")).run(10)  # 43220111 ms is 12:00:20.111 UTC, 13:00:20 in London
    assert timedelta(0) <= told_times(bench)[0] - wall("2025-06-01 13:00:20")
    assert told_times(bench)[0] - wall("2025-06-01 13:00:20") < timedelta(seconds=11)


def test_rows_from_before_a_sync_keep_the_times_they_were_made_with() -> None:
    bench = running().say(order("SyncTime", Parameter1="2025/06/01 15:00:00")).run(200).forget()
    bench.say(resume("2025/06/01 11:50:00", "1000"))
    old = [at for at in row_times(bench) if at < wall("2025-06-01 13:00:00")]
    new = [at for at in row_times(bench) if at >= wall("2025-06-01 15:00:00")]
    assert len(old) in (9, 10)
    assert len(new) in (3, 4)
    assert len(old) + len(new) == len(row_times(bench))


# --- oddities -----------------------------------------------------------------------------------


def test_after_a_broken_link_it_goes_straight_on_with_a_status() -> None:
    bench = running().run(60)
    bench.now += timedelta(minutes=5)
    bench.open().run(30)
    after = [said for said in bench.said if said.at >= NOON + timedelta(minutes=5)]
    kinds = [type(said.what).__name__ for said in after]
    assert kinds[0] == "Status"
    assert "Login" not in kinds
    notice = next(said.what for said in after if isinstance(said.what, Notice))
    assert (notice.get("MsgType"), notice.get("MsgContent")) == ("Socket", "Socket is closed!")


def test_an_unknown_command_is_acknowledged() -> None:
    bench = running().say(order("Microgrid"))
    assert acknowledged(bench) == [("Microgrid", "43220111", "Success")]


def test_an_operators_command_is_refused() -> None:
    command = Command("c1", DeviceId("alphaess", "AL9900000000007"), "charge-from-grid", {})
    answers = list(battery().commanded(command, NOON))
    assert len(answers) == 1
    assert isinstance(answers[0], Answer)
    assert not answers[0].accepted


def test_a_frozen_battery_says_the_same_for_ever() -> None:
    bench = running(frozen_at=NOON - timedelta(hours=1)).run(120)
    statuses = bench.messages(Status)
    assert len(statuses) > 10
    assert len(set(statuses)) == 1
    assert statuses[0].get("Time") == "2025/06/01 11:00:00"


def test_a_frozen_house_is_not_moved_by_a_schedule() -> None:
    house = ListeningHouse()
    frozen = running(house=house, persona=PERSONA, frozen_at=NOON)
    bench = set_config(frozen, ConfigReply(CHARGE))
    assert house.told == []
    assert bench.messages(ConfigReport)[0].get("GridCharge") == "true"


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"options": {"drift_ppm": "fast"}}, "drift_ppm"),
        ({"options": {"misbehave": "sulks"}}, "misbehave"),
        ({"options": {"misbehave": "splits=2"}}, "misbehave"),
        ({"persona": {"misbehave": "splits"}}, "misbehave"),
        ({"persona": {"configuration": {"SetFeed": 100}}}, "configuration.SetFeed"),
        ({"persona": {"identity": "me"}}, "identity"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_key(given: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        battery(**given)
    assert caught.value.key == key
