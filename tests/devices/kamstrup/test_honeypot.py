"""What a honeypot's projection tells: each story once, then counts."""

import pytest

from mitmeter.devices.kamstrup import SPEC
from mitmeter.devices.kamstrup.honeypot import WatchedMeter
from mitmeter.devices.kamstrup.messages import (
    CutOffReply,
    GetRegister,
    GetType,
    Login,
    LoginReply,
    OtherRequest,
    PutRegister,
    RegisterReply,
    RegisterValue,
    SetClock,
    SetCutOffState,
)
from mitmeter.model import Reading, Secret, Severity, Side
from mitmeter.testing.corpus import NASTY
from tests.devices.kamstrup.attacker import AT, Attacker

VOLTAGE = RegisterReply(0x3F, (RegisterValue(0x041F, 33, 0, b"\x00\xe7"),))


def test_without_the_option_nobody_is_watched() -> None:
    assert SPEC.projection_with is not None
    for options in ({}, {"honeypot": "false"}):
        assert not isinstance(SPEC.projection_with(options), WatchedMeter)


def test_a_read_is_told_with_its_registers_and_its_bytes() -> None:
    (event,) = Attacker().say(GetRegister(0x3F, (1, 1023)))
    assert event.eventid == "mitmeter.kamstrup.request"
    assert event.message == "read of registers 1, 1023"
    assert event.at == AT
    assert event.severity is Severity.INFO
    assert event.fields == {
        "command": "GetRegister",
        "cid": 0x10,
        "address": 0x3F,
        "known": True,
        "request_hex": "803f1002000103fff1f00d",
        "registers": (1, 1023),
        "count": 1,
    }


def test_the_readings_of_the_meter_are_told_as_without_a_honeypot() -> None:
    attacker = Attacker()
    attacker.say(GetRegister(0x3F, (0x041F,)))
    assert SPEC.projection_with is not None
    plain = SPEC.projection_with({})
    list(plain.project(Side.HEADEND, GetRegister(0x3F, (0x041F,)), AT))
    attacker.hear(VOLTAGE)
    expected = [
        each for each in plain.project(Side.DEVICE, VOLTAGE, AT) if isinstance(each, Reading)
    ]
    assert attacker.readings == expected


def test_the_same_request_again_is_counted_at_ten_a_hundred_a_thousand() -> None:
    attacker = Attacker()
    for _ in range(1_500):
        attacker.say(GetRegister(0x3F, (0x041F,)))
    assert [event.fields["count"] for event in attacker.events] == [1, 10, 100, 1000]
    assert attacker.events[2].message == "read of registers 1055, 100 times by now"


def test_a_login_is_told_with_its_pin_and_whether_it_was_right() -> None:
    attacker = Attacker()
    (tried,) = attacker.say(Login(0x3F, Secret("4711")))
    (answered,) = attacker.hear(LoginReply(0x3F, 1))
    assert (tried.eventid, tried.message) == ("mitmeter.kamstrup.login", "login with PIN 4711")
    assert tried.fields["pin"] == 4711
    assert tried.fields["command"] == "Login"
    assert tried.fields["cid"] == 0x92
    assert answered.eventid == "mitmeter.kamstrup.login.answer"
    assert answered.fields == {"granted": False, "status": 1, "count": 1}


def test_a_search_for_the_pin_is_told_ten_times_and_then_counted() -> None:
    attacker = Attacker()
    for pin in range(65_536):
        attacker.say(Login(0x3F, Secret(str(pin))))
        attacker.hear(LoginReply(0x3F, 0 if pin == 12345 else 1))
    counts = [event.fields["count"] for event in attacker.told("login")]
    assert counts == [*range(1, 11), 100, 1_000, 10_000]
    granted = [each for each in attacker.told("login.answer") if each.fields["granted"]]
    assert len(granted) == 1
    assert granted[0].severity is Severity.WARNING


def test_writing_is_told_with_what_was_to_be_written() -> None:
    attacker = Attacker()
    value = RegisterValue(0x0033, 51, 0, bytes.fromhex("00001267"))
    attacker.say(PutRegister(0x3F, value), SetClock(0x3F, 250_601, 134_509))
    attacker.say(OtherRequest(0x3F, 0x07, b""))
    assert [event.eventid for event in attacker.events] == ["mitmeter.kamstrup.write"] * 3
    put, clock, reset = attacker.events
    assert put.fields["registers"] == (0x33,)
    assert put.fields["value_hex"] == "00001267"
    assert clock.fields["value_hex"] == "0003d2e900020d6d"
    assert reset.fields["command"] == "Reset"
    assert {event.severity for event in attacker.events} == {Severity.WARNING}


def test_switching_the_relays_is_an_alarm_and_so_told_once() -> None:
    attacker = Attacker()
    for _ in range(9):
        attacker.say(SetCutOffState(0x3F, 1))
    attacker.hear(CutOffReply(0x3F, True, 4, 0x5F))
    (event,) = attacker.told("cutoff")
    assert event.message == "relays: disconnect"
    assert event.severity is Severity.ALARM
    assert event.fields["wish"] == 1
    (answer,) = attacker.told("cutoff.answer")
    assert answer.fields["granted"] is True


def test_a_command_nobody_has_described_is_not_known() -> None:
    (event,) = Attacker().say(OtherRequest(0x3F, 0x55, b"\x01\x02"))
    assert event.fields["known"] is False
    assert event.fields["cid"] == 0x55
    assert event.message == "unknown command 55"


@pytest.mark.parametrize("cid", [0x06, 0x0D, 0x1B, 0x40, 0x80])
@pytest.mark.parametrize("address", [0x3F, 0x06, 0x80])
def test_a_command_byte_is_told_though_it_travels_stuffed(address: int, cid: int) -> None:
    (event,) = Attacker().say(OtherRequest(address, cid, b""))
    assert (event.fields["address"], event.fields["cid"]) == (address, cid)


def test_a_scan_register_by_register_is_one_story_with_a_count() -> None:
    attacker = Attacker()
    for number in range(1, 20_001):
        attacker.say(GetRegister(0x3F, (number,)))
        attacker.hear(RegisterReply(0x3F, ()))
    # Sixteen misses in a row are a scan: until then each request is told.
    assert len(attacker.told("request")) == 16
    counts = [event.fields["count"] for event in attacker.told("scan")]
    assert counts == [16, 100, 1_000, 10_000]
    assert attacker.told("scan")[-1].fields["last"] == 10_000
    assert len(attacker.events) == 20


def test_a_reader_of_many_registers_that_are_there_is_a_scan_as_well() -> None:
    attacker = Attacker()
    for start in range(0, 124, 8):
        ids = tuple(range(start, start + 8))
        attacker.say(GetRegister(0x3F, ids))
        attacker.hear(RegisterReply(0x3F, tuple(RegisterValue(i, 51, 0, b"\0") for i in ids)))
    assert len(attacker.told("request")) == 8
    assert [event.fields["count"] for event in attacker.told("scan")] == [72, 104]


def test_an_ordinary_reader_is_no_scan() -> None:
    attacker = Attacker()
    for _ in range(100):
        for ids in ((1, 2, 13, 14), (1054, 1055, 1056), (1076, 1077, 1078), (1080, 1081, 1082)):
            attacker.say(GetRegister(0x3F, ids))
            attacker.hear(RegisterReply(0x3F, tuple(RegisterValue(i, 51, 0, b"\0") for i in ids)))
    assert attacker.told("scan") == []


def test_other_requests_are_told_during_a_scan() -> None:
    attacker = Attacker()
    attacker.say(*(GetRegister(0x3F, (number,)) for number in range(100)))
    (event,) = attacker.say(GetType())
    assert event.fields["command"] == "GetType"


def test_ever_different_requests_stop_being_told_and_memory_stays_bounded() -> None:
    attacker = Attacker()
    for number in range(5_000):
        attacker.say(OtherRequest(0x3F, 0x55, number.to_bytes(2, "big")))
    assert len(attacker.events) < 300


def test_garbage_is_told_once_and_then_counted() -> None:
    attacker = Attacker()
    for _ in range(150):
        attacker.send(b"\x80garbage\r")
    counts = [event.fields["count"] for event in attacker.told("garbage")]
    assert counts == [1, 10, 100]
    assert attacker.told("garbage")[0].fields["hex"] == b"\x80garbage\r".hex()
    assert attacker.told("garbage")[2].fields["total_bytes"] == 900


def test_no_control_character_of_an_attacker_reaches_an_event() -> None:
    attacker = Attacker()
    for nasty in NASTY:
        attacker.send(nasty.data)
    for event in attacker.events:
        for text in (event.message, *(v for v in event.fields.values() if isinstance(v, str))):
            assert text.isprintable()
            assert len(text) <= 600


def test_fields_have_one_type_by_name() -> None:
    attacker = Attacker()
    for nasty in NASTY:
        attacker.send(nasty.data)
    attacker.say(GetType(), GetRegister(0x3F, (1,)), Login(0x3F, Secret("1")))
    attacker.say(SetCutOffState(0x3F, 9), PutRegister(0x3F, RegisterValue(1, 2, 0, b"\0")))
    attacker.say(*(GetRegister(0x3F, (number,)) for number in range(100)))
    attacker.hear(LoginReply(0x3F, 0), CutOffReply(0x3F, True, 1, 0x1F))
    types: dict[str, set[type]] = {}
    for event in attacker.events:
        for name, value in event.fields.items():
            types.setdefault(name, set()).add(type(value))
    assert {name: kinds for name, kinds in types.items() if len(kinds) > 1} == {}
