"""Messages → readings, events, facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    History,
    Json,
    Login,
    Members,
    Message,
    Notice,
    Other,
    Ready,
    Reply,
    ServerCommand,
    Status,
    Telemetry,
)
from mitmeter.devices.alphaess.readings import AlphaEssProjection
from mitmeter.model import DeviceId, Event, Fact, Reading, Severity, Side

AT = datetime(2025, 6, 1, 10, 0, 21, tzinfo=UTC)
SERIAL = "AL9900000000007"
BATTERY = DeviceId("alphaess", SERIAL)
TIME = "2025/06/01 12:00:20"
Said = Reading | Event | Fact


def status(**fields: Json) -> Status:
    return Status((("Time", TIME), ("SN", SERIAL), *fields.items()))


def project(*messages: Message, sender: Side = Side.DEVICE) -> list[Said]:
    projection = AlphaEssProjection()
    return [said for each in messages for said in projection.project(sender, each, AT)]


def known(*messages: Message, sender: Side = Side.DEVICE) -> list[Said]:
    """Return what the messages tell in a conversation whose battery is known."""
    projection = AlphaEssProjection()
    projection.project(Side.DEVICE, ConfigRequest((("SN", SERIAL),)), AT)
    return [said for each in messages for said in projection.project(sender, each, AT)]


def values(said: Iterable[Said]) -> dict[str, Decimal | str]:
    return {each.quantity: each.value for each in said if isinstance(each, Reading)}


def events(said: Iterable[Said]) -> list[Event]:
    return [each for each in said if isinstance(each, Event)]


def facts(said: Iterable[Said]) -> dict[str, str]:
    return {each.name: each.value for each in said if isinstance(each, Fact)}


# numbers


def test_a_status_reading_carries_both_clocks_and_is_live() -> None:
    (soc,) = [r for r in project(status(SOC="72.4")) if isinstance(r, Reading)]
    assert soc == Reading(
        BATTERY, "battery.soc", Decimal("72.4"), AT, datetime.fromisoformat("2025-06-01T12:00:20")
    )
    assert soc.live


def test_telemetry_and_history_say_nothing_about_the_clock() -> None:
    telemetry = Telemetry(status(SOC="72.4").members)
    history = History(("Date", "Time", "SN", "SOC"), (("2025/06/01", "11:51:08", SERIAL, "71.2"),))
    readings = [r for r in project(telemetry, history) if isinstance(r, Reading)]
    assert [r.live for r in readings] == [False, False]
    assert [str(r.reported) for r in readings] == ["2025-06-01 12:00:20", "2025-06-01 11:51:08"]


def test_what_the_house_uses_is_the_identity_and_not_the_shortcut() -> None:
    found = values(
        project(
            status(
                Ppv1="1505",
                Ppv2="1492",
                PrealL1="640",
                PrealL2="10",
                PrealL3="0.0",
                PmeterL1="-118",
                PmeterL2="5",
                PmeterL3="0",
                PmeterDC="300",
                Pbat="-2233.5000",
            )
        )
    )
    assert found["grid.power"] == -113
    assert found["inverter.power"] == 650
    assert found["pv.power"] == 3297
    assert found["house.power"] == 837
    assert found["vendor.alphaess.PmeterDC"] == 300


def test_powers_that_cannot_be_negative_stop_at_zero() -> None:
    found = values(project(status(Ppv1="0", PrealL1="-310", PmeterL1="13", PmeterDC="-4")))
    assert found["pv.power"] == 0
    assert found["house.power"] == 0


def test_nothing_is_derived_from_a_phase_that_could_not_be_read() -> None:
    found = values(project(status(PrealL1="640", PmeterL1="1", PmeterL2="oops", PmeterDC="0")))
    assert "grid.power" not in found
    assert "house.power" not in found
    assert found["inverter.power"] == 640


def test_phases_a_firmware_does_not_send_count_as_nothing() -> None:
    found = values(project(status(PrealL1="640", PmeterL1="-118")))
    assert found["grid.power"] == -118
    assert found["house.power"] == 522


def test_packed_cells_are_read_and_the_raw_number_is_kept() -> None:
    found = values(project(status(VcellLow="17042661", TcellHigh="17170458", VcellHigh="0")))
    assert found["vendor.alphaess.VcellLow"] == 17042661
    assert found["battery.cell.voltage.low"] == Decimal("3.301")
    assert found["battery.cell.temperature.high"] == 26
    assert found["vendor.alphaess.VcellHigh"] == 0
    assert "battery.cell.voltage.high" not in found


def test_words_are_kept_as_text_and_made_printable() -> None:
    found = values(project(status(EmsStatus="Norm\x1b[31mal", CSQ="99,99")))
    assert found["vendor.alphaess.EmsStatus"] == "Norm\\x1b[31mal"
    assert found["vendor.alphaess.CSQ"] == "99,99"


def test_numeric_members_of_newer_firmware_become_vendor_fields() -> None:
    found = values(project(status(GridF="50.01", DSPDebug1="7", Note="hello")))
    assert found == {
        "vendor.alphaess.GridF": Decimal("50.01"),
        "vendor.alphaess.DSPDebug1": Decimal(7),
    }


def test_a_peer_cannot_make_up_fields_without_end() -> None:
    made_up: Members = tuple((f"x{n}", "1") for n in range(5000))
    said = project(Status((*status().members, *made_up, ("a b", "1"))))
    assert len(values(said)) == 256
    (event,) = events(said)
    assert event.fields["count"] == 5000 - 256 + 1


@pytest.mark.parametrize(
    "odd",
    [
        *("", "x", "NaN", "Infinity", "-", "1_000", " 1", "١", "0x10", "1,5", True, None),
        *("9" * 41, "9" * 5000, "1e31", "1E-31", "1e999999999"),
        *(Decimal("1e999999999"), Decimal("9" * 41)),
    ],
)
def test_what_is_no_number_is_named_once_and_the_rest_is_read(odd: Json) -> None:
    said = project(status(Sva=odd, VarAC=odd, SOC="72.4"))
    assert values(said) == {"battery.soc": Decimal("72.4")}
    (event,) = events(said)
    assert event.eventid == "mitmeter.alphaess.fields.odd"
    assert event.fields["names"] == ("Sva", "VarAC")


def test_numbers_are_plain_however_they_are_written() -> None:
    found = values(project(status(Sva="1E+3", VarAC="-0.0", VarDC=Decimal("-4"), SOC="+72.40")))
    assert {name: str(value) for name, value in found.items()} == {
        "vendor.alphaess.Sva": "1000",
        "vendor.alphaess.VarAC": "0.0",
        "vendor.alphaess.VarDC": "-4",
        "battery.soc": "72.40",
    }


def test_the_first_of_repeated_fields_counts_and_the_repetition_is_told() -> None:
    said = project(Status((*status(SOC="72.4").members, ("SOC", "1.0"))))
    assert values(said) == {"battery.soc": Decimal("72.4")}
    assert events(said)[0].fields["names"] == ("SOC",)


# when


@pytest.mark.parametrize("time", ["2025/02/30 12:00:00", "yesterday", "", None])
def test_a_status_without_a_real_time_is_read_all_the_same(time: str | None) -> None:
    members: Members = (("SN", SERIAL), ("SOC", "72.4"))
    said = project(Status(members if time is None else (("Time", time), *members)))
    assert [r.reported for r in said if isinstance(r, Reading)] == [None]
    assert [e.eventid for e in events(said)] == ["mitmeter.alphaess.time.odd"]


def test_a_history_row_without_a_real_time_is_told_and_not_taken_for_now() -> None:
    rows = (("2025/02/30", "11:51:08", SERIAL, "71.2"), ("2025/06/01", "11:52:08", SERIAL, "71.6"))
    said = project(History(("Date", "Time", "SN", "SOC"), rows))
    assert [r.value for r in said if isinstance(r, Reading)] == [Decimal("71.6")]
    assert [e.eventid for e in events(said)] == ["mitmeter.alphaess.time.odd"]


def test_a_history_row_that_does_not_fit_its_header_is_told() -> None:
    said = project(History(("Date", "Time", "SN", "SOC"), (("2025/06/01", "11:52:08", SERIAL),)))
    assert values(said) == {}
    assert [e.eventid for e in events(said)] == ["mitmeter.alphaess.row.odd"]


# who


@pytest.mark.parametrize("serial", ["", "AL 99", "../../etc", "x" * 65])
def test_an_implausible_serial_number_gives_no_readings(serial: str) -> None:
    said = project(Status((("Time", TIME), ("SN", serial), ("SOC", "72.4"))))
    assert values(said) == {}
    assert [e.eventid for e in events(said)] == ["mitmeter.alphaess.serial.implausible"]


def test_a_status_without_a_serial_number_gives_no_readings() -> None:
    said = project(Status((("Time", TIME), ("SOC", "72.4"))))
    assert values(said) == {}
    assert [e.eventid for e in events(said)] == ["mitmeter.alphaess.serial.missing"]


def test_another_serial_number_on_one_connection_is_told_and_read_as_another_device() -> None:
    other = Status((("Time", TIME), ("SN", "AL9900000000008"), ("SOC", "1.0")))
    said = known(status(SOC="72.4"), other)
    assert [str(r.device) for r in said if isinstance(r, Reading)] == [
        "alphaess:AL9900000000007",
        "alphaess:AL9900000000008",
    ]
    assert [e.eventid for e in events(said)] == ["mitmeter.alphaess.serial.changed"]


def test_frames_without_a_serial_number_belong_to_the_battery_named_before() -> None:
    (event,) = known(Notice((("MsgType", "Socket"), ("MsgContent", "Socket is closed!"))))
    assert event.device == BATTERY


# what happened


def test_a_login_names_the_battery_and_never_the_password() -> None:
    said = project(
        Login((("UserName", SERIAL), ("Password", "example-pass"), ("CompanyName", "AlphaESS")))
    )
    assert facts(said) == {"serial": SERIAL}
    (event,) = events(said)
    assert (event.eventid, event.device) == ("mitmeter.alphaess.login", BATTERY)
    assert "example-pass" not in repr(said)


def test_each_entry_of_an_event_log_is_an_event_and_told_once() -> None:
    text = "25/06/01 12:00:05 41;25/06/01 11:58:30 42;"
    log = Notice((("MsgType", "EventLog"), ("MsgContent", text), ("Description", "OK")))
    found = events(known(log, log))
    assert [e.fields for e in found] == [
        {"code": 42, "device_time": "2025-06-01T11:58:30", "meaning": "link to the server lost"},
        {
            "code": 41,
            "device_time": "2025-06-01T12:00:05",
            "meaning": "link to the server established",
        },
    ]


def test_an_event_log_nobody_can_read_is_still_an_event() -> None:
    log = Notice((("MsgType", "EventLog"), ("MsgContent", "25/02/30 12:00:05 41;x;")))
    assert [e.eventid for e in events(known(log))] == ["mitmeter.alphaess.log.unreadable"] * 2


def test_a_restart_tells_its_reason_and_not_the_mac() -> None:
    text = "System is restart, reason:1 0 1 0 0 0!MAC:02 00 00 00 00 07!"
    (event,) = events(known(Notice((("MsgType", "System"), ("MsgContent", text)))))
    assert event.eventid == "mitmeter.alphaess.restart"
    assert event.fields == {"reason": (1, 0, 1, 0, 0, 0)}
    assert "02 00" not in event.message


def test_a_resume_tells_which_rows_are_asked_for() -> None:
    resume = ServerCommand(
        (
            ("CmdIndex", "43210987"),
            ("Command", "Resume"),
            ("Parameter1", "2025/06/01 11:50:07"),
            ("Parameter2", "3"),
        )
    )
    (event,) = events(known(resume, sender=Side.HEADEND))
    assert event.fields == {
        "cmd_index": "43210987",
        "server_clock": "12:00:10.987",
        "command": "Resume",
        "parameter1": "2025/06/01 11:50:07",
        "parameter2": "3",
    }


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("SyncTime", Severity.INFO),
        ("SetConfig", Severity.NOTICE),
        ("DispatchPower", Severity.NOTICE),
        ("Update", Severity.WARNING),
    ],
)
def test_commands_that_change_the_battery_stand_out(name: str, severity: Severity) -> None:
    (event,) = events(known(ServerCommand((("Command", name),)), sender=Side.HEADEND))
    assert event.severity is severity


@pytest.mark.parametrize(
    ("answer", "severity"), [("Success", Severity.INFO), ("Failed", Severity.WARNING)]
)
def test_an_acknowledgement_tells_what_became_of_the_command(
    answer: str, severity: Severity
) -> None:
    said = Acknowledgement((("Command", "SetConfig"), ("CmdIndex", "1"), ("Status", answer)))
    (event,) = events(known(said))
    assert event.severity is severity
    assert event.fields["status"] == answer


def test_only_an_answer_that_is_no_success_is_worth_telling() -> None:
    assert known(Reply((("Status", "Success"),), 16), sender=Side.HEADEND) == []
    (event,) = events(known(Reply((("Status", "Failed"),), 2), sender=Side.HEADEND))
    assert event.message == "the server answered command 2 with Failed"


def test_the_ready_marker_tells_nothing() -> None:
    assert known(Ready()) == []


def test_an_unknown_message_is_told_with_its_first_bytes() -> None:
    (event,) = events(known(Other(1, 7, bytes(100), "command 7 has never been described")))
    assert event.eventid == "mitmeter.alphaess.unknown"
    assert event.severity is Severity.WARNING
    assert event.fields["payload_hex"] == "00" * 64
    assert event.fields["size"] == 100


def test_a_broken_login_is_told_without_its_bytes() -> None:
    (event,) = events(known(Other(1, 2, b'{"Password":"example-pass"', "not JSON")))
    assert "payload_hex" not in event.fields


# what is known


def test_a_configuration_report_is_a_private_fact_with_every_member() -> None:
    members: Members = (
        ("SN", SERIAL),
        ("Address", "1 Sample Street"),
        ("Minv", "Storion-EXAMPLE-S5"),
        ("Mbat", "Smile-BAT-10.1P"),
        ("BMSVersion", "V1.04"),
        ("EMSVersion", "V1.01.05"),
        ("Generator", "0"),
        ("Generator", "0"),
    )
    said = project(ConfigReport(members))
    assert facts(said) == {
        "serial": SERIAL,
        "configuration": '{"SN":"AL9900000000007","Address":"1 Sample Street",'
        '"Minv":"Storion-EXAMPLE-S5","Mbat":"Smile-BAT-10.1P","BMSVersion":"V1.04",'
        '"EMSVersion":"V1.01.05","Generator":"0","Generator":"0"}',
        "firmware": "EMS V1.01.05, BMS V1.04",
        "model": "Storion-EXAMPLE-S5, Smile-BAT-10.1P",
    }
    private = [each.name for each in said if isinstance(each, Fact) and each.private]
    assert private == ["configuration"]


def test_changed_settings_are_told_and_private_ones_only_by_name() -> None:
    def report(soc: str, address: str) -> ConfigReport:
        return ConfigReport((("SN", SERIAL), ("BatHighCap", soc), ("Address", address)))

    first, second = events(known(report("100", "old street"), report("80", "new street")))
    assert first.eventid == "mitmeter.alphaess.configuration"
    assert second.eventid == "mitmeter.alphaess.configuration.changed"
    assert second.fields == {"changed": ("BatHighCap", "Address")}
    assert "BatHighCap 100 to 80" in second.message
    assert "street" not in second.message


def test_the_same_report_again_tells_nothing() -> None:
    report = ConfigReport((("SN", SERIAL), ("BatHighCap", "100")))
    assert len(events(known(report, report))) == 1


def test_what_the_server_holds_is_a_fact_of_its_own() -> None:
    said = known(
        ConfigReply((("Status", "Success"), ("SN", SERIAL), ("GridCharge", False))),
        sender=Side.HEADEND,
    )
    assert facts(said) == {
        "server_configuration": '{"Status":"Success","SN":"AL9900000000007","GridCharge":false}'
    }


def test_a_bare_success_is_no_configuration() -> None:
    assert known(ConfigReply((("Status", "Success"),)), sender=Side.HEADEND) == []
