"""The reader against the emulated meter, and against meters that misbehave."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from mitmeter.devices.kamstrup.framing import frame
from mitmeter.devices.kamstrup.headend import READ, Headend
from mitmeter.devices.kamstrup.messages import (
    GetRegister,
    GetSerialNo,
    GetType,
    Message,
    RegisterReply,
    RegisterValue,
)
from mitmeter.devices.kamstrup.reading_plan import FIRST
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId, Side
from mitmeter.protocol import HeadendContext, Progress, Send, SendRaw
from mitmeter.testing.dialogue import Dialogue
from tests.devices.kamstrup.kamstrup_meters import (
    ELECTRICITY,
    HEAT,
    SERIAL,
    START,
    Act,
    TableMeter,
    emulated,
    talk_to,
)


def read(device: object, seconds: float = 60, **options: str) -> Dialogue[Message]:
    """Let the reader finish, and not dial again."""
    talk = talk_to(device, **options)
    while not talk.closings and seconds > 0:
        talk.run(seconds=0.5)
        seconds -= 0.5
    return talk


def reason(talk: Dialogue[Message]) -> str:
    (closing,) = talk.closings
    assert closing.by is Side.HEADEND
    return closing.reason


def quantities(talk: Dialogue[Message]) -> dict[str, str]:
    return {each.quantity: str(each.value) for each in talk.readings()}


# --- a whole reading ---


def test_the_emulated_meter_is_read_to_the_end_and_named() -> None:
    talk = emulated()
    talk.run(seconds=15)
    assert reason(talk) == READ
    assert talk.device == DeviceId("kamstrup", "15085488")
    assert not talk.undecodable()


def test_no_request_asks_for_more_than_eight_registers_or_for_the_password() -> None:
    meter = TableMeter(ELECTRICITY)
    read(meter)
    assert max(map(len, meter.ids_asked())) == 8
    assert 0x049C not in {id for batch in meter.ids_asked() for id in batch}


def test_an_electricity_meter_is_asked_for_its_profile_only() -> None:
    meter = TableMeter(ELECTRICITY)
    talk = read(meter)
    asked = {id for batch in meter.ids_asked() for id in batch}
    assert {1, 1055, 1390, 1346, 1209} <= asked
    assert 0x0050 not in asked
    assert quantities(talk)["grid.import"] == "7183.3212"
    assert quantities(talk)["grid.power"] == "1500.000"


def test_a_heat_meter_is_asked_for_its_own() -> None:
    meter = TableMeter(HEAT)
    talk = read(meter)
    asked = {id for batch in meter.ids_asked() for id in batch}
    assert 0x0050 in asked
    assert 1055 not in asked
    assert talk.device == DeviceId("kamstrup", "6543210")
    assert quantities(talk)["heat.energy"] == "12345.000"
    assert quantities(talk)["heat.temperature.flow"] == "71.25"


def test_counters_are_read_together_with_the_clock() -> None:
    talk = read(TableMeter(ELECTRICITY))
    (energy,) = (each for each in talk.readings() if each.quantity == "grid.import")
    assert str(energy.reported) == "2025-06-01 14:00:20"


def test_type_and_serial_number_are_asked_last() -> None:
    meter = TableMeter(ELECTRICITY)
    read(meter)
    assert meter.asked[0] == GetRegister(0x3F, FIRST)
    assert meter.asked[-2:] == [GetSerialNo(0x3F), GetType(0x3F)]


def test_a_meter_without_a_serial_register_is_asked_for_its_number_at_once() -> None:
    few = {id: each for id, each in ELECTRICITY.items() if id != 1001}
    meter = TableMeter(few)
    talk = read(meter)
    assert meter.asked[1] == GetSerialNo(0x3F)
    assert talk.device == DeviceId("kamstrup", str(SERIAL))


def test_only_the_wanted_registers_are_read_and_the_serial_number() -> None:
    meter = TableMeter(ELECTRICITY)
    talk = read(meter, registers="voltage_l1, 0x000D,1023")
    assert meter.ids_asked() == [(1001, 1054, 13, 1023)]
    assert reason(talk) == READ


def test_another_address_can_be_asked() -> None:
    meter = TableMeter(ELECTRICITY, address=0x42)
    assert reason(read(meter, address="0x42", registers="1054")) == READ


# --- nobody, somebody else, half of it ---


def test_silence_ends_after_four_requests_and_eight_seconds() -> None:
    meter = TableMeter(ELECTRICITY, silent=lambda message: True)
    talk = read(meter)
    assert reason(talk) == "no answer from address 0x3F within 8 s, asked 4 times"
    assert len(meter.asked) == 4
    assert timedelta(seconds=8) <= talk.closings[0].at - START < timedelta(seconds=9)


def test_a_wrong_address_is_silence_too() -> None:
    talk = read(TableMeter(ELECTRICITY), address="64")
    assert reason(talk) == "no answer from address 0x40 within 8 s, asked 4 times"


def test_an_answer_from_another_address_is_named() -> None:
    meter = TableMeter(ELECTRICITY, answer=lambda message: (Send(RegisterReply(0x40, ())),))
    assert reason(read(meter)).endswith("address 0x40 answers, 0x3F was asked")


def test_garbage_is_named_and_the_wait_is_as_short() -> None:
    meter = TableMeter({}, answer=lambda message: (SendRaw(b"SSH-2.0-OpenSSH_9.6\r\n"),))
    talk = read(meter)
    assert reason(talk).startswith("no answer from address 0x3F within 8 s, asked 4 times; what")
    assert "looks like SSH, not KMP" in reason(talk) or "outside any frame" in reason(talk)
    assert talk.closings[0].at - START < timedelta(seconds=9)


def test_half_an_answer_is_asked_for_again() -> None:
    whole = frame(False, 0x3F, 0x10, bytes.fromhex("041E21020000E4"))
    said: list[int] = []

    def stutter(message: GetRegister) -> Iterable[Act]:
        said.append(1)
        if len(said) == 1:
            return (SendRaw(whole[:7]),)
        return (Send(meter.reply(message)),)

    meter = TableMeter(ELECTRICITY, answer=stutter)
    talk = read(meter, registers="1054")
    assert reason(talk) == READ
    assert quantities(talk) == {"grid.voltage.l1": "228"}


def test_registers_that_were_not_asked_for_answer_nothing() -> None:
    other = RegisterValue(9999, 51, 0, b"\0\0\0\1")
    meter = TableMeter({}, answer=lambda message: (Send(RegisterReply(0x3F, (other,))),))
    assert reason(read(meter)).endswith("what came is a RegisterReply to something else")


def test_a_second_answer_to_a_repeated_request_is_not_taken_for_the_next_one() -> None:
    # Each first answer comes after 2.1 s, so every request is made twice and answered twice.
    meter = TableMeter(ELECTRICITY, delay=2.1)
    talk = read(meter, registers="1054,9999,9998,9997,9996,9995,9994,13,1023", seconds=120)
    assert reason(talk) == READ
    assert quantities(talk)["grid.power"] == "1500.000"


def test_a_batch_a_meter_cannot_answer_at_once_is_split() -> None:
    def too_much(message: Message) -> bool:
        return isinstance(message, GetRegister) and 13 in message.ids and len(message.ids) > 4

    meter = TableMeter(ELECTRICITY, silent=too_much)
    talk = read(meter, registers="1054,2,3,4,5,6,7,8,9,10,11,12,13,14", seconds=120)
    assert reason(talk) == READ
    assert quantities(talk)["grid.import"] == "7183.3212"


def test_a_meter_that_falls_silent_half_way_is_given_up_soon() -> None:
    asked: list[Message] = []

    def dies(message: Message) -> bool:
        asked.append(message)
        return len(asked) > 3

    talk = read(TableMeter(ELECTRICITY, silent=dies), seconds=120)
    assert reason(talk).startswith("no answer any more: the meter fell silent")
    assert talk.closings[0].at - START < timedelta(seconds=40)


def test_a_meter_that_knows_neither_type_nor_serial_command_is_read_all_the_same() -> None:
    meter = TableMeter(ELECTRICITY, silent=lambda m: isinstance(m, GetType | GetSerialNo))
    assert reason(read(meter)) == READ


# --- scans ---


NAMED = RegisterReply(0x3F, (ELECTRICITY[1001],))
EMPTY = RegisterReply(0x3F, ())


def said_by(party: Headend, replies: Iterable[Message]) -> list[object]:
    """Return all actions of a reader that hears these replies, one after the other."""
    actions: list[object] = list(party.opened(START))
    for reply in replies:
        actions += party.received(reply, START)
        actions += party.timer("next", START)
    return actions


def test_a_scan_asks_for_every_id_of_its_span_once_eight_at_a_time() -> None:
    meter = TableMeter({})
    assert reason(read(meter, scan="100-120", pace="0", seconds=120)) == READ
    assert meter.ids_asked() == [
        FIRST,
        tuple(range(100, 108)),
        tuple(range(108, 116)),
        tuple(range(116, 121)),
    ]


def test_a_scan_asks_again_for_what_a_batch_with_hits_left_out() -> None:
    meter = TableMeter(ELECTRICITY)
    read(meter, scan="1016-1031", pace="0")
    assert meter.ids_asked()[1:] == [
        tuple(range(1016, 1024)),
        (1016, 1017, 1018, 1019, 1020, 1021, 1022),
        tuple(range(1024, 1032)),
        (1025, 1026, 1027, 1028, 1029, 1030, 1031),
    ]


def test_a_scan_tells_how_far_it_is_and_where_to_go_on() -> None:
    party = Headend(HeadendContext(options={"scan": "0-19", "pace": "0"}))
    actions = said_by(party, [NAMED, *[EMPTY] * 3])
    told = [each for each in actions if isinstance(each, Progress)]
    assert told == [Progress(8, 20, "8"), Progress(16, 20, "16"), Progress(20, 20, "20")]


def test_an_interrupted_scan_goes_on_and_still_counts_the_whole() -> None:
    party = Headend(HeadendContext(options={"scan": "0-19", "from": "16", "pace": "0"}))
    actions = said_by(party, [NAMED, EMPTY])
    sent = [each.message for each in actions if isinstance(each, Send)]
    assert sent[1] == GetRegister(0x3F, (16, 17, 18, 19))
    assert [each for each in actions if isinstance(each, Progress)] == [Progress(20, 20, "20")]


def test_a_scan_is_gentle_unless_told_otherwise() -> None:
    slow = read(TableMeter({}), scan="0-799")
    fast = read(TableMeter({}), scan="0-799", pace="0")
    assert slow.closings[0].at - fast.closings[0].at >= timedelta(seconds=19)


def test_a_scan_of_a_meter_that_dies_says_where_to_go_on() -> None:
    def dies(message: Message) -> bool:
        return isinstance(message, GetRegister) and 16 in message.ids

    def dead(message: Message) -> bool:
        dying.append(message)
        return any(dies(each) for each in dying)

    dying: list[Message] = []
    talk = read(TableMeter({}, silent=dead), scan="0-65535", pace="0", seconds=120)
    assert reason(talk).endswith("the scan can go on from 16")


def test_one_register_a_meter_never_answers_is_skipped() -> None:
    meter = TableMeter(ELECTRICITY, silent=lambda m: isinstance(m, GetRegister) and 1050 in m.ids)
    talk = read(meter, scan="1048-1055", pace="0", seconds=120)
    assert reason(talk) == READ
    assert quantities(talk)["grid.voltage.l1"] == "228"


# --- options ---


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("address", "256"),
        ("address", "x"),
        ("registers", "1054,nonsense"),
        ("scan", "20-10"),
        ("scan", "0-70000"),
        ("scan", "everything"),
        ("pace", "-1"),
        ("pace", "nan"),
        ("wait", "0"),
        ("tries", "99"),
    ],
)
def test_a_wrong_option_names_its_key(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Headend(HeadendContext(options={name: value}))
    assert caught.value.key == f"options.{name}"


def test_a_mark_outside_the_scan_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        Headend(HeadendContext(options={"scan": "10-20", "from": "5"}))
    assert caught.value.key == "options.from"


def test_an_empty_scan_is_the_whole_space() -> None:
    party = Headend(HeadendContext(options={"scan": ""}))
    actions = said_by(party, [NAMED, EMPTY])
    assert [each for each in actions if isinstance(each, Progress)] == [Progress(8, 65_536, "8")]
