from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.lan.ntp import (
    ClockState,
    answer,
    read_reply,
    request,
    timestamp,
    unix_ns,
)

SECOND = 10**9
# 2026-11-20 10:15:03.5 UTC, which is 3,989,643,303.5 s after 1900.
CAME = 1_795_169_703_500_000_000 // 10**9 * 10**9
CAME_WORD = 1_795_169_703 + 2_208_988_800
RIGHT = ClockState(True, stratum=3, error_seconds=0.25)
FREE = ClockState(False, error_seconds=16.0)
# A version 3 client, poll 2**6 s, with a transmit time of its own choosing.
CLIENT = bytes((0x1B, 0, 6, 0)) + bytes(36) + bytes.fromhex("0123456789abcdef")


def reply_to(packet: bytes, clock: ClockState = RIGHT, now: int = CAME) -> bytes:
    reply = answer(packet, now, now, clock).reply
    assert reply is not None
    return reply


def test_an_answer_byte_for_byte() -> None:
    came = CAME_WORD.to_bytes(4) + bytes(4)
    left = CAME_WORD.to_bytes(4) + bytes.fromhex("80000000")
    outcome = answer(CLIENT, CAME, CAME + SECOND // 2, RIGHT)
    assert outcome.reply == b"".join(
        (
            bytes((0x1C, 3, 6, 0xEC)),  # leap 0, version 3, server; stratum; poll; 2**-20 s
            bytes(4),  # root delay
            bytes.fromhex("00004000"),  # root dispersion: a quarter of a second
            bytes((127, 127, 1, 1)),
            came,
            bytes.fromhex("0123456789abcdef"),  # the client's transmit time is our originate
            came,
            left,
        )
    )
    assert outcome.verdict == "answered, stratum 3: our clock is synchronised"


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_the_version_is_the_clients(version: int) -> None:
    assert reply_to(request(CAME, version))[0] == version << 3 | 4


@pytest.mark.parametrize("version", [0, 5, 6, 7])
def test_unknown_versions_get_silence(version: int) -> None:
    assert answer(request(CAME, version), CAME, CAME, RIGHT).reply is None


@pytest.mark.parametrize(
    ("mode", "word"),
    [
        (0, "reserved"),
        (1, "symmetric active"),
        (2, "symmetric passive"),
        (4, "server"),
        (5, "broadcast"),
        (6, "control"),
        (7, "private"),
    ],
)
def test_only_clients_are_answered(mode: int, word: str) -> None:
    packet = bytes((4 << 3 | mode,)) + CLIENT[1:]
    outcome = answer(packet, CAME, CAME, RIGHT)
    assert (outcome.reply, outcome.verdict) == (None, f"ignored: mode {mode} ({word})")


def test_a_monlist_request_gets_silence() -> None:
    assert answer(bytes.fromhex("1700032a") + bytes(44), CAME, CAME, RIGHT).reply is None


@pytest.mark.parametrize("size", [0, 1, 4, 47, 1025])
def test_a_packet_of_no_proper_size_gets_silence(size: int) -> None:
    assert answer((CLIENT + bytes(2000))[:size], CAME, CAME, RIGHT).reply is None


def test_a_signed_request_gets_a_plain_answer_that_is_no_larger() -> None:
    assert len(reply_to(CLIENT + bytes(20))) == 48


def test_a_negative_poll_comes_back_as_it_was() -> None:
    assert reply_to(CLIENT[:2] + b"\xfa" + CLIENT[3:])[2] == 0xFA


# honesty


def test_a_clock_nobody_keeps_right_says_so_by_stratum_10_and_the_largest_usable_error() -> None:
    outcome = answer(CLIENT, CAME, CAME, FREE)
    assert outcome.reply is not None
    assert (outcome.reply[0] >> 6, outcome.reply[1]) == (0, 10)
    assert outcome.reply[8:12] == round(0.999 * 65_536).to_bytes(4)
    assert outcome.verdict == "answered, stratum 10: our clock is not synchronised"


def test_it_may_raise_the_alarm_instead() -> None:
    outcome = answer(CLIENT, CAME, CAME, FREE, local_stratum=None)
    assert outcome.reply is not None
    assert (outcome.reply[0] >> 6, outcome.reply[1], outcome.reply[12:16]) == (3, 0, b"INIT")


@pytest.mark.parametrize("clock", [RIGHT, FREE])
def test_a_clock_that_is_not_set_always_raises_the_alarm(clock: ClockState) -> None:
    unset = int(datetime(1970, 1, 1, 0, 5, tzinfo=UTC).timestamp()) * SECOND
    reply = reply_to(CLIENT, clock, unset)
    assert (reply[0] >> 6, reply[1], reply[12:16]) == (3, 0, b"INIT")


# eras


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0x83AA7E80),
        (datetime(2036, 2, 7, 6, 28, 15, tzinfo=UTC), 0xFFFFFFFF),
        (datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC), 0),
        (datetime(2036, 2, 7, 6, 28, 17, tzinfo=UTC), 1),
    ],
)
def test_seconds_start_again_in_february_2036(moment: datetime, seconds: int) -> None:
    ns = int(moment.timestamp()) * SECOND
    assert timestamp(ns) == seconds << 32
    assert unix_ns(seconds << 32, ns + 86_400 * SECOND) == ns


def test_an_answer_across_the_end_of_the_era_still_tells_the_offset() -> None:
    end = int(datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC).timestamp()) * SECOND
    sent = end - 3 * SECOND  # our clock is 5 s slow: the server is in the next era already
    reply = answer(request(sent), sent + 5 * SECOND, sent + 5 * SECOND, RIGHT).reply
    assert reply is not None
    read = read_reply(reply, sent, sent)
    assert read is not None
    assert read.offset_ns == 5 * SECOND


@given(ns=st.integers(0, 10**19), near=st.integers(-(2 * 10**18), 2 * 10**18))
def test_a_timestamp_reads_back_in_the_right_era(ns: int, near: int) -> None:
    # Half an era, 68 years, is how far "near" may be off.
    assert abs(unix_ns(timestamp(ns), ns + near) - ns) <= 1


# the client's half


def test_offset_and_delay_come_from_the_four_times() -> None:
    sent = CAME
    # 30 ms there, 10 ms in the server, 20 ms back; the server is 2 s ahead.
    came, left = sent + 2_030_000_000, sent + 2_040_000_000
    reply = answer(request(sent), came, left, RIGHT).reply
    assert reply is not None
    read = read_reply(reply, sent, sent + 60_000_000)
    assert read is not None
    assert read.offset_ns == pytest.approx(2_005_000_000, abs=2)
    assert read.delay_ns == pytest.approx(50_000_000, abs=2)
    assert (read.version, read.stratum, read.error_seconds, read.usable) == (4, 3, 0.25, True)


@pytest.mark.parametrize("clock", [RIGHT, FREE])
def test_an_ordinary_client_would_use_our_answer(clock: ClockState) -> None:
    read = read_reply(reply_to(request(CAME), clock), CAME, CAME)
    assert read is not None
    assert read.usable
    assert read.error_seconds < 1


def test_an_alarm_is_not_usable() -> None:
    reply = answer(request(CAME), CAME, CAME, FREE, local_stratum=None).reply
    assert reply is not None
    read = read_reply(reply, CAME, CAME)
    assert read is not None
    assert not read.usable


def test_an_answer_to_somebody_elses_question_is_none() -> None:
    assert read_reply(reply_to(request(CAME)), CAME + 1000, CAME + 2000) is None
    assert read_reply(request(CAME), CAME, CAME) is None
    assert read_reply(b"", CAME, CAME) is None


@given(packet=st.binary(max_size=60), rest=st.binary(min_size=48, max_size=48))
def test_any_bytes_get_48_bytes_or_silence(packet: bytes, rest: bytes) -> None:
    for each in (packet, rest):
        outcome = answer(each, CAME, CAME, RIGHT)
        assert outcome.verdict
        if outcome.reply is not None:
            assert len(outcome.reply) == 48
            assert each[0] & 7 == 3
        read_reply(each, CAME, CAME)
