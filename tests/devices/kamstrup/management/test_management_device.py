"""Management sessions, byte for byte. Expected texts: sections 14 to 18 of the fact sheet."""

import pytest

from mitmeter.devices.kamstrup.management.device import Module
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId
from mitmeter.protocol import Command, DeviceContext, PlainMemory
from mitmeter.testing.house import SteadyHouse
from tests.devices.kamstrup.management.module_bench import NOON, ModuleBench

NOT_FOUND = "\r\n? Command not found.\r\nSend 'H' for help.\r\n"
INVALID = "\r\n? Invalid parameter.\r\nTry 'H cmd' for specific help.\r\n Ie: H !SC\r\n"

CONFIGURATION = """\
Device Name         : \r
Use DHCP            : YES\r
IP addr.            : 192.168.1.210\r
IP Subnet           : 255.255.255.0\r
Gateway addr.       : 192.168.1.1\r
Service server addr.: 202.202.202.1\r
Service server hostname.: kapserver.evilpowerprovider.org\r
DNS Server No. 1: 0.0.0.0\r
DNS Server No. 2: 0.0.0.0\r
DNS Server No. 3: 0.0.0.0\r
MAC addr. (HEX)     : 00:13:EA:00:00:00\r
Channel A device meterno.: A1 06 A1 02 B7 34 12 00 00 03\r
Channel B device meterno.: A1 06 A1 02 B7 34 12 00 00 03\r
Keep alive timer (flash setting): ENABLED 10\r
Keep alive timer (current setting): ENABLED 10\r
Has the module received acknowledge from the server: NO\r
KAP Server port: 50\r
KAP Local port: 800\r
Software watchdog: ENABLED 3600\r
"""
_WORDS = (
    *("AC", "AS", "GC", "GV", "RC", "RR", "SA", "SB", "SC"),
    *("SD", "SH", "SI", "SK", "SN", "SP", "SS", "WM"),
)
NO_ACCESS = "".join(f" [{n}] 0.0.0.0\r\n" for n in range(1, 6))


def value(bench: ModuleBench, label: str) -> str:
    """Return what !GC says behind a label."""
    found = [line for line in bench.line("!GC").split("\r\n") if line.startswith(label)]
    return found[0].partition(": ")[2]


# --- the session


def test_the_module_welcomes_who_connects_with_its_mac_address() -> None:
    assert ModuleBench().welcome == b"\r\nWelcome...\r\nConnected to [00:13:EA:00:00:00]\r\n"


def test_an_answer_takes_a_quarter_of_a_second() -> None:
    bench = ModuleBench(delay=None)
    assert bench.line("!GV") == ""
    assert bench.run(0.24) == ""
    assert bench.run(0.02) == "\r\nSoftware Version: 5.5 (E5)\r\n"


def test_commands_sent_at_once_are_answered_one_after_the_other() -> None:
    bench = ModuleBench(delay=None)
    bench.say(b"!GV\r\n!WM\n!SS\r")
    assert bench.run(0.26).startswith("\r\nSoftware")
    assert bench.run(0.25) == "\r\n\r\nOK\r\n"
    assert bench.run(0.25).startswith("\r\nUART A")
    assert bench.run(5) == ""


def test_a_flood_of_commands_is_answered_as_far_as_the_module_remembers_them() -> None:
    bench = ModuleBench(delay=None)
    bench.say(b"!WM\r" * 10_000)
    assert bench.run(60).count("OK") == 32


def test_an_empty_line_gets_no_answer() -> None:
    bench = ModuleBench()
    assert bench.say(b"\r\n\r\n \r\n") == ""


@pytest.mark.parametrize(
    "line", ["!XX", "hello", "!GCC", "GV", "\x1b[2J", "!G", "é", "HELP", "QUIT"]
)
def test_a_word_the_module_does_not_know_is_not_found(line: str) -> None:
    assert ModuleBench().line(line) == NOT_FOUND


@pytest.mark.parametrize("line", ["!gv", "!Gv", "  !GV  "])
def test_a_command_word_may_be_of_either_case(line: str) -> None:
    assert ModuleBench().line(line) == "\r\nSoftware Version: 5.5 (E5)\r\n"


@pytest.mark.parametrize("line", ["Q", "q", "QX", "qui"])
def test_a_word_with_q_ends_the_connection_without_a_word(line: str) -> None:
    bench = ModuleBench()
    assert bench.line(line) == ""
    assert bench.closed
    assert bench.line("!GV") == ""


def test_lines_without_end_are_dropped_and_the_next_command_is_answered() -> None:
    bench = ModuleBench()
    assert bench.say(b"\x00\x1b[31m" * 200_000 + b"\r") == ""
    assert bench.line("!GV") == "\r\nSoftware Version: 5.5 (E5)\r\n"


# --- help


def test_help_is_a_framed_menu_with_every_command_and_a_footnote() -> None:
    text = ModuleBench().line("H")
    lines = text.split("\r\n")
    assert lines.count("=" * 78) == 3
    for command in _WORDS:
        assert len([line for line in lines if f"!{command} " in f"{line} "]) >= 1
    marked = {line.split()[0] for line in lines if line.endswith("(*1)")}
    assert marked == {"!RR", "!SA", "!SC", "!SD", "!SI"}
    assert 800 <= len(text) <= 1000


def test_help_of_a_command_counts_three_capital_letters_and_no_more() -> None:
    bench = ModuleBench()
    assert "Syntax: !SI" in bench.line("h !SIxyz")
    assert bench.line("H !si") == INVALID
    assert bench.line("H SI") == INVALID
    assert bench.line("H x") == INVALID


# --- what is set


def test_the_configuration_is_nineteen_lines() -> None:
    assert ModuleBench().line("!GC") == CONFIGURATION
    assert CONFIGURATION.count("\r\n") == 19


def test_access_control_is_listed_switched_and_filled() -> None:
    bench = ModuleBench()
    assert bench.line("!AC") == "\r\nDISABLED \r\n" + NO_ACCESS
    assert bench.line("!AC 1") == "\r\nOK\r\nENABLED \r\n" + NO_ACCESS
    second = NO_ACCESS.replace("[2] 0.0.0.0", "[2] 192.168.1.200")
    assert bench.line("!AC 0 2 192168001200") == "\r\nOK\r\nENABLED \r\n" + second
    assert bench.line("!AC 0 6 1.2.3.4") == "\r\nOK\r\nENABLED \r\n" + second
    assert bench.line("!AC nonsense") == "\r\nOK\r\nENABLED \r\n" + second
    assert bench.line("!AC 0") == "\r\nOK\r\nDISABLED \r\n" + second


def test_the_alarm_server_is_set_and_disabled() -> None:
    bench = ModuleBench()
    assert bench.line("!AS") == "\r\nAlarm server:  DISABLED "
    assert bench.line("!AS 10.0.0.7") == "\r\nOK\r\nAlarm server:  10.0.0.7:4000 \r\n"
    assert bench.line("!AS 10.0.0.8 99999") == "\r\nOK\r\nAlarm server:  10.0.0.8:4000 \r\n"
    assert bench.line("!AS 10.0.0.8 4711") == "\r\nOK\r\nAlarm server:  10.0.0.8:4711 \r\n"
    assert bench.line("!AS") == "\r\nAlarm server:  10.0.0.8:4711 "
    assert bench.line("!AS 0.0.0.0") == "\r\nOK\r\nAlarm server:  DISABLED \r\n"


def test_the_first_server_is_set_without_a_restart_and_loses_its_name() -> None:
    bench = ModuleBench()
    assert bench.line("!SA") == "\r\n\r\nService server addr.: 202.202.202.1:50\r\n"
    said = bench.line("!SA 10.1.2.3 61000")
    assert said == "\r\nOK\r\nService server addr.: 10.1.2.3:61000\r\n"
    assert value(bench, "Service server addr.") == "10.1.2.3"
    assert value(bench, "Service server hostname.") == "0 - none"
    assert value(bench, "KAP Server port") == "61000"
    assert bench.restarts == []


def test_the_second_server_makes_redundancy() -> None:
    first = "\r\nService server addr.: 202.202.202.1:50 (from DNS)\r\n"
    bench = ModuleBench()
    assert bench.line("!SB") == "\r\n" + first + "No redundancy."
    said = bench.line("!SB 10.1.2.4 61001")
    assert said == "\r\nOK" + first + "and fallback KAP to:  10.1.2.4:61001\r\n"
    assert bench.line("!SB 0.0.0.0") == "\r\nOK" + first + "No redundancy."


def test_ten_parameters_configure_everything_and_restart_without_a_word() -> None:
    bench = ModuleBench()
    line = "!SC 0 10.0.0.5 255.255.0.0 10.0.0.1 8.8.8.8 8.8.4.4 1.1.1.1 10.9.9.9 Basement 0"
    assert bench.line(line) == ""
    assert bench.restarts == [2.0]
    after = ModuleBench(bench.memory)
    assert after.line("!GC").split("\r\n")[:10] == [
        "Device Name         : Basement",
        "Use DHCP            : NO",
        "IP addr.            : 10.0.0.5",
        "IP Subnet           : 255.255.0.0",
        "Gateway addr.       : 10.0.0.1",
        "Service server addr.: 10.9.9.9",
        "Service server hostname.: 0 - none",
        "DNS Server No. 1: 8.8.8.8",
        "DNS Server No. 2: 8.8.4.4",
        "DNS Server No. 3: 1.1.1.1",
    ]


def test_a_server_by_name_leaves_the_address_and_long_names_are_cut() -> None:
    bench = ModuleBench()
    bench.line("!SC 1 0 0 0 0 0 0 10.9.9.9 abcdefghijklmnopqrstuvwxyz kap.example.com")
    after = ModuleBench(bench.memory)
    assert value(after, "Device Name") == "abcdefghijklmnopqrst"
    assert value(after, "Service server hostname.") == "kap.example.com"
    assert value(after, "Service server addr.") == "202.202.202.1"


def test_missing_parameters_change_nothing_and_restart_all_the_same() -> None:
    bench = ModuleBench()
    assert bench.line("!SC 1 2 3") == ""
    assert bench.restarts == [2.0]
    assert ModuleBench(bench.memory).line("!GC") == CONFIGURATION


def test_a_device_name_is_answered_unless_it_is_too_long() -> None:
    bench = ModuleBench()
    assert bench.line("!SD Garage left") == "\r\nOK"
    after = ModuleBench(bench.memory)
    assert value(after, "Device Name") == "Garage left"
    assert after.line("!SD " + "n" * 21) == ""
    assert value(ModuleBench(bench.memory), "Device Name") == "n" * 20
    assert after.restarts == bench.restarts == [2.0]


def test_a_server_looked_up_by_name_counts_after_a_restart() -> None:
    bench = ModuleBench()
    assert bench.line("!SH") == "\r\nService server hostname.: 0 - none\r\n"
    said = bench.line("!SH DHCP_OPTION:129")
    assert said == "\r\nOK\r\nService server hostname.: DHCP_OPTION:129\r\n"
    assert value(bench, "Service server hostname.") == "kapserver.evilpowerprovider.org"
    bench.line("!RR")
    after = ModuleBench(bench.memory)
    assert value(after, "Service server hostname.") == "DHCP_OPTION:129"
    assert after.line("!SH 0") == "\r\nOK\r\nService server hostname.: 0 - none\r\n"


def test_an_own_address_is_set_and_given_back_to_dhcp() -> None:
    bench = ModuleBench()
    shown = "\r\nUse DHCP            : {}\r\n\r\nIP addr.            : {}\r\n"
    assert bench.line("!SI") == shown.format("YES", "192.168.1.210")
    assert bench.restarts == []
    assert bench.line("!SI 192168001077") == shown.format("NO", "192.168.1.77")
    assert bench.restarts == [2.0]
    after = ModuleBench(bench.memory)
    assert value(after, "IP addr.") == "192.168.1.77"
    assert after.line("!SI 0") == shown.format("YES", "192.168.0.1")
    again = ModuleBench(bench.memory)
    assert value(again, "Gateway addr.") == "192.168.0.254"
    assert again.line("!SI 0.0.0.0") == shown.format("YES", "192.168.0.1")


def test_timers_are_set_one_by_one_and_numbers_are_of_32_bits() -> None:
    bench = ModuleBench()
    shown = (
        "\r\nSoftware watchdog: {}\r\nKAP Missing warning: {}"
        "\r\nKeep alive timer (flash setting): {}\r\n"
    )
    assert bench.line("!SK") == shown.format("ENABLED 3600", "ENABLED 60", "ENABLED 10")
    assert bench.line("!SK 4") == "\r\nOK" + shown.format("DISABLED 0", "ENABLED 60", "ENABLED 10")
    said = bench.line("!SK 7200 90 30")
    assert said == "\r\nOK" + shown.format("ENABLED 7200", "ENABLED 90", "ENABLED 30")
    assert value(bench, "Keep alive timer (current setting)") == "ENABLED 30"
    assert value(bench, "Software watchdog") == "ENABLED 7200"
    said = bench.line("!SK 4294967296 4294967295 " + "9" * 300)
    assert said == "\r\nOK" + shown.format("DISABLED 0", "ENABLED 4294967295", "DISABLED 0")


def test_name_servers_are_three_or_none() -> None:
    bench = ModuleBench()
    assert bench.line("!SN 1.1.1.1 2.2.2.2 300.1.1.1") == "\r\nOK"
    assert [value(bench, f"DNS Server No. {n}") for n in (1, 2, 3)] == [
        "1.1.1.1",
        "2.2.2.2",
        "0.0.0.0",
    ]
    assert bench.line("!SN 1.1.1.1 2.2.2.2") == INVALID
    assert bench.line("!SN") == INVALID


def test_ports_are_set_and_zero_leaves_them() -> None:
    bench = ModuleBench()
    shown = (
        "\r\nKAP on server: {}\r\nChA on module: {}\r\nChB on module: {}"
        "\r\nCfg on module: 50100\r\n"
    )
    assert bench.line("!SP") == "\r\n" + shown.format(50, 1025, 1027)
    assert bench.line("!SP 61000 0 1026 80") == "\r\nOK" + shown.format(61000, 1025, 1026)
    assert bench.line("!SP x 70000") == "\r\nOK" + shown.format(61000, 1025, 1026)


def test_serial_settings_are_taken_or_refused() -> None:
    bench = ModuleBench()
    shown = "\r\nUART A setup : {}\r\nUART B setup : {}\r\n"
    assert bench.line("!SS") == shown.format("Auto", "115200,8,E,1")
    assert bench.line("!SS A 9600,8,N,2") == "\r\nOK\r\n"
    assert bench.line("!SS B 1200,8,N,2,CIL") == "\r\nOK\r\n"
    assert bench.line("!SS") == shown.format("9600,8,N,2", "1200,8,N,2,CIL")
    for wrong in ("!SS C Auto", "!SS A", "!SS A 9600", "!SS B 9600,9,N,1"):
        assert bench.line(wrong) == "\r\nInvalid data!\r\n\r\n"


def test_outgoing_connections_are_noted_and_never_made() -> None:
    bench = ModuleBench()
    assert bench.line("!RC") == "\r\nStatus: 0100\r\n"
    assert bench.line("!RC A 10.0.0.9 1025") == "\r\nOK\r\nStatus: 0100\r\n"
    assert bench.memory.get("module.out_a") == "10.0.0.9:1025"
    assert bench.line("!RC D") == "\r\nOK\r\nStatus: 0100\r\n"
    assert bench.memory.get("module.out_a") == "0 - None"
    assert bench.line("!RC A") == INVALID
    assert bench.line("!RC C 10.0.0.9") == INVALID


def test_a_restart_says_nothing_and_lasts_as_long_as_the_persona_says() -> None:
    bench = ModuleBench(persona={"timing": {"restart": 7.5}})
    assert bench.line("!RR") == ""
    assert bench.restarts == [7.5]
    assert bench.line("!GV") == ""


def test_the_module_can_be_made_to_blink() -> None:
    assert ModuleBench().line("!WM") == "\r\n\r\nOK\r\n"


# --- memory and persona


def test_what_one_client_sets_another_reads_at_once() -> None:
    memory = PlainMemory()
    one, other = ModuleBench(memory), ModuleBench(memory)
    one.line("!SN 9.9.9.9 0.0.0.0 0.0.0.0")
    assert value(other, "DNS Server No. 1") == "9.9.9.9"


def test_names_are_kept_as_printable_ascii_only() -> None:
    bench = ModuleBench()
    bench.line("!SD a\x1b[31m\x07\xe9b")
    assert value(ModuleBench(bench.memory), "Device Name") == "a[31mb"


def test_memory_that_makes_no_sense_is_the_default() -> None:
    memory = PlainMemory()
    memory.set("module.wdt", "many")
    assert value(ModuleBench(memory), "Software watchdog") == "ENABLED 3600"


@pytest.mark.parametrize(
    ("module", "key"),
    [
        ({"mac": "00-13-EA-00-00-00"}, "module.mac"),
        ({"ip": "300.1.1.1"}, "module.ip"),
        ({"kap_port": 70_000}, "module.kap_port"),
        ({"dhcp": 1}, "module.dhcp"),
        ({"name": "a\r\nb"}, "module.name"),
        ({"meter_a": "A1"}, "module.meter_a"),
        ({"colour": "red"}, "module.colour"),
    ],
)
def test_a_persona_that_cannot_be_used_is_refused_by_key(
    module: dict[str, object], key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Module(DeviceContext(house=SteadyHouse(), persona={"module": module}))
    assert caught.value.key == key


def test_an_operators_command_is_refused() -> None:
    party = Module(DeviceContext(house=SteadyHouse()))
    device = DeviceId("kamstrup-management", "0013EA000000")
    (answer,) = party.commanded(Command("1", device, "restart", {}), NOON)
    assert "takes no" in str(answer)
