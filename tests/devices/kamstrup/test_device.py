"""The emulated meter's behaviour. Frames K1 to K33 are the worked examples of the fact sheet."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mitmeter.devices.kamstrup.device import MOST_WAITING, EmulatedMeter
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    CutOffReply,
    EventStatusReply,
    GetCutOffState,
    GetEventStatus,
    GetLogByTime,
    GetLoggerNewest,
    GetRegister,
    GetSerialNo,
    GetType,
    Login,
    LoginReply,
    LogReply,
    OtherRequest,
    PutRegister,
    RegisterReply,
    RegisterValue,
    SerialReply,
    SetClock,
    SetCutOffState,
)
from mitmeter.model import DeviceId, Secret
from mitmeter.protocol import Answer, Command, DeviceContext, PlainMemory
from mitmeter.simulate import House
from mitmeter.testing.house import SteadyHouse
from tests.devices.kamstrup.meter_bench import NOON, MeterBench, shipped

K1_GET_TYPE = "80 3F 01 05 8A 0D"
K2_TYPE = "40 3F 01 68 00 03 04 89 18 0D"
K3_GET_SERIAL = "80 3F 02 35 E9 0D"
K4_SERIAL = "40 3F 02 00 9B AF A0 9E 6E 0D"
K5_VOLTAGE = "80 3F 10 01 04 1F 6A 9A 0D"
K6_231_V = "40 3F 10 04 1F 21 02 00 00 E7 8D E7 0D"
K7_CURRENTS = "80 3F 10 03 04 34 04 35 04 36 74 DC 0D"
K8_CURRENTS = (
    "40 3F 10 04 34 22 04 42 00 00 02 1D 04 35 22 04 42 00 00 00 07 04 36 22 04 42 00 00 04 B0"
    " 96 3C 0D"
)
K9_STUFFED = "80 3F 10 02 00 1B 7F 00 1B F2 67 94 0D"
K10_ENERGY = "40 3F 10 00 1B F2 02 04 44 04 1B F9 79 BA 84 AB 0D"
K12_STUFFED_CRC = "80 3F 10 01 07 84 1B F2 1B E4 0D"
K13_NOT_FOUND = "40 3F 10 07 9A 0D"
K14_ONE_UNKNOWN = "80 3F 10 02 77 77 04 20 2B 05 0D"
K15_ONE_KNOWN = "40 3F 10 04 20 21 02 00 00 E5 47 2A 0D"
K26_DISCONNECT = "80 3F 97 01 78 C9 0D"
K27_CONNECTED = "40 3F 98 04 1F 1B F9 85 0D"
K28_LOG = "80 3F A0 01 01 04 17 02 FF 19 1B F9 01 00 00 00 00 00 48 DB 0D"
K29_OTHER_ADDRESS = "80 7F 10 01 00 44 5C A8 0D"
K30_BAD_CRC = "80 3F 10 01 04 1F 6A 1A 0D"
K31_TWO = "80 3F 10 01 04 1F 6A 9A 0D 80 3F 10 01 04 20 AD 26 0D"
K32_NOISE = "00 55 80 3F 10 01 04 80 3F 10 01 04 1F 6A 9A 0D"

# A meter with the values of the worked examples; nothing in it follows the house.
EXAMPLES: dict[str, Any] = {
    "meter": {"type": "6800", "revision": "0304", "serial": 10_203_040},
    "registers": {
        "0x000D": {"unit": 2, "length": 4, "sigexp": 0x44, "value": 67_533_242},
        "0x041F": {"unit": 33, "length": 2, "sigexp": 0, "value": 231},
        "0x0420": {"unit": 33, "length": 2, "sigexp": 0, "value": 229},
        "0x0434": {"unit": 34, "length": 4, "sigexp": 0x42, "value": 541},
        "0x0435": {"unit": 34, "length": 4, "sigexp": 0x42, "value": 7},
        "0x0436": {"unit": 34, "length": 4, "sigexp": 0x42, "value": 1200},
    },
}
PAIRS = [
    (K1_GET_TYPE, K2_TYPE),
    (K3_GET_SERIAL, K4_SERIAL),
    (K5_VOLTAGE, K6_231_V),
    (K7_CURRENTS, K8_CURRENTS),
    (K9_STUFFED, K10_ENERGY),
    (K12_STUFFED_CRC, K13_NOT_FOUND),
    (K14_ONE_UNKNOWN, K15_ONE_KNOWN),
    (K31_TWO, f"{K6_231_V} {K15_ONE_KNOWN}"),
    (K32_NOISE, K6_231_V),
    (f"{K30_BAD_CRC} {K5_VOLTAGE}", K6_231_V),
    ("06 " + K5_VOLTAGE, K6_231_V),
]


LOCAL = NOON.replace(tzinfo=None)


def meter(**given: Any) -> MeterBench:
    return MeterBench(EXAMPLES, **given)


# --- answers


@pytest.mark.parametrize(("asked", "said"), PAIRS)
def test_a_worked_example_is_answered_to_the_byte(asked: str, said: str) -> None:
    assert meter().hear_hex(asked) == said


@pytest.mark.parametrize(("asked", "said"), PAIRS)
def test_a_worked_example_is_answered_the_same_one_byte_at_a_time(asked: str, said: str) -> None:
    bench = meter()
    for byte in bytes.fromhex(asked):
        bench.hear(bytes((byte,)))
    assert bench.said.hex(" ").upper() == said


@pytest.mark.parametrize("asked", [K9_STUFFED, K31_TWO])
def test_a_request_cut_anywhere_is_answered_the_same(asked: str) -> None:
    data = bytes.fromhex(asked)
    whole = meter().hear(data)
    for at in range(1, len(data)):
        bench = meter()
        bench.hear(data[:at])
        bench.hear(data[at:])
        assert bench.said == whole


@pytest.mark.parametrize(
    "asked",
    [
        K29_OTHER_ADDRESS,
        K30_BAD_CRC,
        "80 3F 10 01 04",
        "06",
        "16 03 01 00 C8",
        "80 3F A6 AF 66 0D",
    ],
)
def test_what_is_not_for_it_not_sound_or_not_known_is_met_with_silence(asked: str) -> None:
    bench = meter(delay=None)
    bench.hear_hex(asked)
    assert bench.run(10) == b""


@pytest.mark.parametrize("cid", [0x07, 0x85, 0x86, 0x88, 0xA6, 0xA7, 0x55, 0xFF])
def test_a_command_without_a_known_answer_is_met_with_silence(cid: int) -> None:
    assert meter().ask(OtherRequest(0x3F, cid, b"")) == []


def test_the_address_is_the_personas() -> None:
    bench = MeterBench({**EXAMPLES, "meter": {"address": 0x7F, "serial": 5}})
    assert bench.ask(GetSerialNo(0x7F)) == [SerialReply(0x7F, 5)]
    assert bench.ask(GetSerialNo(0x3F)) == []


def test_a_meter_whose_type_and_serial_are_not_known_keeps_silent_about_them() -> None:
    bench = MeterBench({"registers": EXAMPLES["registers"]})
    assert bench.ask(GetType()) == []
    assert bench.ask(GetSerialNo()) == []
    assert bench.number(0x041F) == 231


def test_a_request_of_255_registers_is_answered_as_a_whole_and_in_order() -> None:
    bench = meter()
    ids = (0x0434, 0x7777, 0x041F) * 85
    (reply,) = bench.ask(GetRegister(0x3F, ids))
    assert isinstance(reply, RegisterReply)
    assert [value.id for value in reply.values] == [0x0434, 0x041F] * 85


def test_a_request_of_no_register_gets_an_empty_list() -> None:
    assert meter().ask(GetRegister(0x3F, ())) == [RegisterReply(0x3F, ())]


# --- timing


def test_an_answer_takes_as_long_as_a_real_meter_does() -> None:
    bench = meter(delay=None)
    assert bench.hear_hex(K5_VOLTAGE) == ""
    assert bench.run(0.2399) == b""
    assert bench.run(0.1002).hex(" ").upper() == K6_231_V


def test_answers_take_times_spread_over_the_whole_of_the_span() -> None:
    bench = meter(delay=None)
    times = []
    for _ in range(300):
        bench.hear_hex(K5_VOLTAGE)
        began = bench.now
        bench.run(1)
        times.append((bench.moments[-1] - began).total_seconds())
    assert 0.24 <= min(times) < 0.25
    assert 0.33 < max(times) <= 0.34
    assert 0.28 < sum(times) / 300 < 0.30


def test_requests_that_come_at_once_are_answered_one_after_the_other() -> None:
    bench = meter(delay=None)
    bench.hear_hex(f"{K31_TWO} {K1_GET_TYPE}")
    bench.run(3)
    assert bench.said.hex(" ").upper() == f"{K6_231_V} {K15_ONE_KNOWN} {K2_TYPE}"
    first, second, third = ((at - NOON).total_seconds() for at in bench.moments)
    assert 0.24 <= first <= 0.34
    assert 0.24 <= second - first <= 0.34
    assert 0.24 <= third - second <= 0.34


def test_a_silent_request_takes_no_time_from_the_others() -> None:
    bench = meter(delay=None)
    bench.hear_hex(f"{K29_OTHER_ADDRESS} {K5_VOLTAGE}")
    assert bench.run(0.35).hex(" ").upper() == K6_231_V


def test_the_operators_delay_counts_for_every_answer() -> None:
    bench = meter(delay=1.5)
    bench.hear_hex(K5_VOLTAGE)
    assert bench.run(1.49) == b""
    assert bench.run(0.02) != b""


def test_a_flood_of_requests_is_answered_as_far_as_the_meter_remembers_them() -> None:
    bench = meter(delay=None)
    bench.hear(bytes.fromhex(K5_VOLTAGE) * 10_000)
    bench.run(60)
    assert len(bench.moments) == MOST_WAITING
    bench.hear_hex(K5_VOLTAGE)
    assert bench.run(1).hex(" ").upper() == K6_231_V


# --- the clock


def clock(bench: MeterBench) -> tuple[int, int, bytes]:
    time, date, rtc = bench.read(0x03EA, 0x03EB, 0x0417)
    return int.from_bytes(date.raw, "big"), int.from_bytes(time.raw, "big"), rtc.raw


def copenhagen(**given: Any) -> MeterBench:
    return MeterBench(shipped() | {"clock": {"offset": "+01:00"}}, **given)


def test_clock_and_date_show_summer_time_and_the_rtc_keeps_standard_time() -> None:
    bench = copenhagen(now=datetime(2025, 6, 1, 11, 45, 9, tzinfo=UTC))
    # Flags: summer time, valid and bit 7, as a 382 sends; Sunday; 9 s, 45 min, 12 h, 1 June 25.
    assert clock(bench) == (250_601, 134_509, bytes((0x83, 7, 9, 45, 12, 1, 6, 25)))


def test_without_a_setting_of_its_own_the_clock_keeps_the_sites_time() -> None:
    at = datetime(2025, 7, 1, 12, tzinfo=UTC)
    bench = MeterBench(now=at, zone=ZoneInfo("America/New_York"))
    assert clock(bench) == (250_701, 80_000, bytes((0x83, 2, 0, 0, 7, 1, 7, 25)))
    assert clock(MeterBench(now=at))[1] == 120_000


def test_in_winter_all_three_agree() -> None:
    bench = copenhagen(now=datetime(2025, 12, 31, 23, 30, 0, tzinfo=UTC))
    assert clock(bench) == (260_101, 3_000, bytes((0x82, 4, 0, 30, 0, 1, 1, 26)))


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC), 15_959),
        (datetime(2025, 3, 30, 1, 0, 0, tzinfo=UTC), 30_000),
        (datetime(2025, 10, 26, 0, 59, 59, tzinfo=UTC), 25_959),
        (datetime(2025, 10, 26, 1, 0, 0, tzinfo=UTC), 20_000),
    ],
)
def test_summer_time_begins_and_ends_at_one_utc_on_the_last_sunday(
    at: datetime, shown: int
) -> None:
    assert clock(copenhagen(now=at))[1] == shown


def test_the_clock_gains_what_the_persona_says_in_a_year() -> None:
    bench = MeterBench(shipped() | {"clock": {"offset": "+00:00", "summer": False, "drift": 120}})
    bench.run(31_556_952 / 2)
    expected = (bench.now + timedelta(seconds=60)).strftime("%H%M%S")
    assert clock(bench)[1] == int(expected)


def test_a_clock_that_is_set_goes_on_from_there_for_every_connection() -> None:
    bench = copenhagen()
    assert bench.ask(SetClock(0x3F, 250_601, 134_509)) == [Acknowledgement()]
    bench.run(61)
    other = copenhagen(memory=bench.memory, now=bench.now)
    assert clock(other)[:2] == (250_601, 134_610)


def test_setting_the_clock_is_acknowledged_by_one_byte_even_when_it_is_no_time() -> None:
    bench = copenhagen()
    assert bench.hear_hex("80 3F 09 00 03 D2 E9 00 02 1B F2 6D F8 C7 0D") == "06"
    before = clock(bench)
    assert bench.ask(SetClock(0x3F, 999_999, 999_999)) == [Acknowledgement()]
    assert clock(bench) == before


# --- relays


def relays(bench: MeterBench) -> tuple[int, int]:
    (reply,) = bench.ask(GetCutOffState())
    assert isinstance(reply, CutOffReply)
    return reply.state, reply.feedback


def test_the_relays_are_connected_and_three_phases_live() -> None:
    bench = meter()
    codec_said = bench.ask(GetCutOffState())
    assert codec_said == [CutOffReply(0x3F, False, 0x04, 0x1F)]
    assert bench.said.hex(" ").upper() == K27_CONNECTED


def test_disconnecting_is_pending_until_the_relays_have_moved() -> None:
    bench = meter()
    assert bench.hear_hex(K26_DISCONNECT).startswith("40 3F 97 04 5F")
    bench.run(14.9)
    assert relays(bench) == (0x04, 0x5F)
    bench.run(0.2)
    assert relays(bench) == (0x01, 0x1F)
    assert relays(meter(memory=bench.memory, now=bench.now)) == (0x01, 0x1F)


def test_reconnecting_needs_a_release_first() -> None:
    bench = meter()
    for wish, state in ((3, 4), (2, 4), (1, 1), (3, 1), (2, 8), (1, 8), (3, 4)):
        bench.ask(SetCutOffState(0x3F, wish))
        bench.run(16)
        assert relays(bench) == (state, 0x1F)


def test_while_the_relays_are_open_nothing_flows_and_nothing_is_counted() -> None:
    house = SteadyHouse(pv_w=0, battery_w=0, load_w=3600)
    bench = MeterBench(house=house)
    bench.ask(SetCutOffState(0x3F, 1))
    bench.run(3600)
    # 3600 W for the 15 s until the relay had moved: 15 Wh, and not one tenth more.
    assert bench.number(0x000D) == 71_832_712 + 150
    assert [bench.number(each) for each in (0x03FF, 0x0434, 0x0438)] == [0, 0, 0]
    assert bench.number(0x041E) > 200
    bench.ask(SetCutOffState(0x3F, 2))
    bench.run(20)
    bench.ask(SetCutOffState(0x3F, 3))
    bench.run(25)
    assert bench.number(0x000D) == 71_832_712 + 150 + 100
    assert bench.number(0x03FF) == 3600


def test_a_meter_without_relays_says_so_and_cuts_nothing_off() -> None:
    bench = MeterBench({**EXAMPLES, "meter": {"relay": False}})
    bench.ask(SetCutOffState(0x3F, 1))
    bench.run(60)
    assert relays(bench) == (0x00, 0x1F)


def test_cutting_off_is_logged_as_an_event_until_that_is_cleared() -> None:
    bench = meter()
    assert bench.ask(GetEventStatus()) == [EventStatusReply(0x3F, bytes(3))]
    bench.ask(SetCutOffState(0x3F, 1))
    assert bench.ask(GetEventStatus()) == [EventStatusReply(0x3F, bytes((0, 0, 0x10)))]
    assert bench.ask(OtherRequest(0x3F, 0x9C, b"")) == [Acknowledgement()]
    assert bench.ask(GetEventStatus()) == [EventStatusReply(0x3F, bytes(3))]


# --- login, writing, logs


def test_a_login_is_answered_by_whether_the_pin_is_right() -> None:
    bench = MeterBench({**EXAMPLES, "meter": {"pin": 4711}})
    assert bench.ask(Login(0x3F, Secret("4711"))) == [LoginReply(0x3F, 0)]
    assert bench.ask(Login(0x3F, Secret("12345"))) == [LoginReply(0x3F, 1)]


def test_a_meter_can_be_silent_about_logins() -> None:
    bench = MeterBench({**EXAMPLES, "meter": {"login": "silent"}})
    assert bench.ask(Login(0x3F, Secret("12345"))) == []


def test_a_register_that_is_written_is_acknowledged_and_read_back_by_all() -> None:
    bench = MeterBench()
    raw = (4_711).to_bytes(4, "big")
    put = PutRegister(0x3F, RegisterValue(0x0033, 51, 0, raw))
    assert bench.ask(put) == [Acknowledgement()]
    assert MeterBench(memory=bench.memory).number(0x0033) == 4_711


@pytest.mark.parametrize(
    "value",
    [
        RegisterValue(0x7777, 51, 0, bytes(4)),  # there is none
        RegisterValue(0x0033, 51, 0, bytes(2)),  # another length
        RegisterValue(0x0033, 2, 0, bytes(4)),  # another unit
        RegisterValue(0x041E, 33, 0, bytes(2)),  # what is measured
        RegisterValue(0x0001, 2, 0x41, bytes(4)),  # what is counted
        RegisterValue(0x04B2, 0, 0, bytes(16)),  # an opaque block
    ],
)
def test_what_cannot_be_written_is_met_with_silence(value: RegisterValue) -> None:
    assert MeterBench().ask(PutRegister(0x3F, value)) == []


def test_an_older_logger_is_empty() -> None:
    bench = meter()
    assert bench.hear_hex(K28_LOG) != ""
    asked = GetLogByTime(0x3F, False, 6, (0x0417, 0x0001), 2, 255, LOCAL)
    assert bench.ask(asked) == [LogReply(0x3F, 0xA0, 6, 2, (), (), 0, 0, 1)]


def test_a_logger_nobody_has_is_met_with_silence() -> None:
    bench = meter()
    assert bench.ask(GetLogByTime(0x3F, True, 0x20, (1,), 2, 255, LOCAL)) == []
    assert bench.ask(GetLoggerNewest(0x3F, 5, 0, 10, (1,))) == []


# --- standing still


def test_a_frozen_meter_says_its_start_values_for_ever() -> None:
    bench = MeterBench(frozen=True)
    ids = tuple(int(each, 16) for each in shipped()["registers"])
    before = bench.read(*ids)
    bench.run(86_400)
    assert bench.read(*ids) == before
    assert bench.number(0x000D) == 71_832_712
    assert [bench.number(each) for each in (0x041E, 0x041F, 0x0420)] == [228, 229, 224]
    assert clock(bench) == (140_727, 203_513, bytes.fromhex("83071a23131b070e"))


def test_a_frozen_meter_takes_what_is_not_given_from_the_moment_it_froze() -> None:
    tables = shipped()
    tables["registers"]["0x03FF"] = {
        "unit": 22,
        "length": 4,
        "sigexp": 0x43,
        "source": "power_import",
    }
    bench = MeterBench(tables, frozen=True, house=SteadyHouse(pv_w=0, battery_w=0, load_w=777))
    bench.run(100)
    assert bench.number(0x03FF) == 777


def test_the_listing_everybody_knows_is_what_a_persona_set_to_it_says() -> None:
    tables = shipped()
    tables["registers"]["0x0001"]["value"] = 71_833
    tables["registers"]["0x000D"]["value"] = 71_833_212
    bench = MeterBench(tables, frozen=True)
    told = [str(record.value) for record in bench.read(1, 2, 0xD, 0xE)]
    assert told == ["7183.3", "0.0", "7183.3212", "0.0000"]
    told = [str(record.value) for record in bench.read(0x41E, 0x41F, 0x420, 0x434, 0x435, 0x436)]
    assert told == ["228", "229", "224", "5.11", "4.22", "1.44"]
    told = [str(record.value) for record in bench.read(0x438, 0x439, 0x43A)]
    assert told == ["1.000", "5.499", "0.895"]


# --- the rest


def test_nothing_a_meter_says_names_this_project() -> None:
    bench = MeterBench(house=House(1, datetime(2025, 1, 1, tzinfo=UTC)))
    for message in (GetType(), GetSerialNo(), GetCutOffState(), GetEventStatus()):
        bench.ask(message)
    bench.read(*range(250))
    for start in range(0, 0x0800, 250):
        bench.read(*range(start, start + 250))
    assert len(bench.said) > 1_000
    assert b"mitmeter" not in bench.said.lower()
    assert b"meter-in" not in bench.said.lower()


def test_an_operators_command_is_refused() -> None:
    party = EmulatedMeter(DeviceContext(house=SteadyHouse()))
    command = Command("1", DeviceId("kamstrup", "1"), "reset", {})
    assert list(party.commanded(command, NOON)) == [
        Answer("1", False, "an emulated meter takes no commands")
    ]


def test_memory_that_makes_no_sense_lets_the_meter_begin_anew() -> None:
    memory = PlainMemory()
    memory.set("meter.standing", "1 2 three")
    assert MeterBench(memory=memory).number(0x000D) == 71_832_712
