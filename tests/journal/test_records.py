from __future__ import annotations

import json
import math
import string
from datetime import UTC, datetime, timedelta
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.errors import JournalError
from mitmeter.journal.records import (
    MAX_LINE,
    Closed,
    Header,
    Noted,
    Opened,
    Unknown,
    decode_line,
    encode_data,
    encode_entry,
    encode_header,
    is_whole,
)
from mitmeter.model import Chunk, Conversation, DeviceId, Event, Severity, Side
from tests.journal.journal_makers import NOON, conversation

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
ANY_NS = st.integers(-(2**62), 2**62)
IDS = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=64)
FIELDS = (
    ANY_TEXT
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False)
    | st.lists(ANY_TEXT, max_size=3).map(tuple)
    | st.lists(st.integers(), max_size=3).map(tuple)
)
CONVERSATIONS = st.builds(
    Conversation, IDS, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_NS, ANY_TEXT, st.booleans()
)
EVENTS = st.builds(
    Event,
    ANY_TEXT,
    st.integers(-(2**52), 2**52).map(lambda us: EPOCH + timedelta(microseconds=us)),
    ANY_TEXT,
    st.sampled_from(Severity),
    st.none() | st.builds(DeviceId, st.just("alphaess"), IDS),
    st.dictionaries(ANY_TEXT, FIELDS, max_size=4),
)


def signed(body: str) -> bytes:
    """Return a line with its checksum, built by the format's description alone."""
    return body.encode() + b',"z":"' + format(crc32(body.encode()), "08x").encode() + b'"}'


def test_a_chunk_is_written_as_the_documented_line() -> None:
    line = encode_data("01JD0000000000AB", 12, Side.DEVICE, NOON, b"\x01\x01\xff", False)
    body = (
        '{"k":"d","c":"01JD0000000000AB","n":12,"s":"d","o":0,"t":1763633703000000000,"x":"0101ff"'
    )
    assert line == signed(body) + b"\n"


def test_a_header_says_its_format_version_and_day_in_plain_words() -> None:
    line = encode_header(Header(1, 7, NOON, "home"))
    assert json.loads(line) == {
        "k": "mitmeter-journal",
        "v": 1,
        "t": NOON,
        "created": "2025-11-20T10:15:03Z",
        "segment": 7,
        "site": "home",
        "z": json.loads(line)["z"],
    }
    assert decode_line(line[:-1], {}) == Header(1, 7, NOON, "home")


@given(
    who=CONVERSATIONS,
    seq=st.integers(0, 2**62),
    sender=st.sampled_from(Side),
    ns=ANY_NS,
    data=st.binary(max_size=400),
    ours=st.booleans(),
)
def test_any_chunk_reads_back_the_same(
    who: Conversation, seq: int, sender: Side, ns: int, data: bytes, ours: bool
) -> None:
    chunk = Chunk(who, seq, sender, ns, data, ours)
    line = encode_entry(chunk)
    assert decode_line(line[:-1], {who.id: who}) == chunk


@given(
    entry=st.builds(Opened, CONVERSATIONS, st.booleans())
    | st.builds(Closed, ANY_TEXT, ANY_TEXT, ANY_NS)
    | st.builds(Noted, EVENTS, ANY_TEXT, ANY_TEXT)
)
def test_any_other_record_reads_back_the_same_from_one_line_of_plain_json(
    entry: Opened | Closed | Noted,
) -> None:
    line = encode_entry(entry)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert isinstance(json.loads(line, parse_constant=pytest.fail), dict)
    assert decode_line(line[:-1], {}) == entry


def test_a_field_that_is_no_number_survives_although_json_has_no_word_for_it() -> None:
    at = datetime(2025, 11, 20, tzinfo=UTC)
    event = Event("x", at, "y", fields={"a": math.nan, "b": -math.inf})
    line = encode_entry(Noted(event, "", ""))
    found = decode_line(line[:-1], {})
    assert json.loads(line)["fields"] == {"a": {"float": "nan"}, "b": {"float": "-inf"}}
    assert isinstance(found, Noted)
    a, b = found.event.fields["a"], found.event.fields["b"]
    assert isinstance(a, float)
    assert math.isnan(a)
    assert b == -math.inf


def test_a_line_another_program_wrote_with_its_own_spacing_is_read_as_well() -> None:
    who = conversation()
    body = f'{{ "k": "d", "t": 5, "n": 3, "c": "{who.id}", "o": 1, "s": "h", "x": "0A"'
    assert decode_line(signed(body), {who.id: who}) == Chunk(who, 3, Side.HEADEND, 5, b"\n", True)


def test_a_kind_of_a_newer_version_is_reported_with_its_line() -> None:
    line = signed('{"k":"tls","v":2,"secret":"00"')
    assert decode_line(line, {}) == Unknown("tls", line)


def test_one_changed_byte_anywhere_is_noticed() -> None:
    who = conversation()
    line = encode_data(who.id, 0, Side.DEVICE, NOON, b"status", False)[:-1]
    for at in range(len(line)):
        bad = line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]
        assert not is_whole(bad) or at >= len(line) - 2
        if at < len(line) - 2:
            with pytest.raises(JournalError, match="checksum"):
                decode_line(bad, {who.id: who})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"k":"d","c":"nobody","n":0,"s":"d","o":0,"t":1,"x":""', "nobody, which is not open"),
        ('{"k":"d","c":"01JD000000000001","n":0,"s":"d","o":0,"t":1,"x":"0"', "hex"),
        ('{"k":"d","c":"01JD000000000001","n":0,"s":"q","o":0,"t":1,"x":"00"', "a d record"),
        ('{"k":"c","c":"x","reason":"y"', "'t' is missing"),
        ('{"k":"c","c":"x","t":"soon","reason":"y"', "'t' is missing or no whole number"),
        ('{"k":"c","c":"x","t":99999999999999999999,"reason":"y"', "no whole number"),
        (
            '{"k":"o","c":"two words","t":1,"protocol":"","role":"","station":"","peer":"",'
            '"upstream":""',
            "two words",
        ),
        (
            '{"k":"e","c":"","t":1,"station":"","id":"","severity":"loud","device":"",'
            '"message":"","fields":{}',
            "loud",
        ),
        (
            '{"k":"e","c":"","t":1,"station":"","id":"","severity":"info","device":"",'
            '"message":"","fields":{"a":null}',
            "no known type",
        ),
        ('{"k":7', "'k' is missing or no text"),
        ("[1", "no JSON"),
        ("nonsense", "no JSON"),
    ],
)
def test_a_sound_line_with_wrong_contents_says_what_is_wrong(body: str, reason: str) -> None:
    who = conversation()
    with pytest.raises(JournalError, match=reason):
        decode_line(signed(body), {who.id: who})


@given(st.binary(max_size=80))
def test_any_bytes_are_a_record_or_a_journal_error(line: bytes) -> None:
    with pytest.raises(JournalError):
        decode_line(line, {})


@given(st.binary(max_size=80))
def test_any_bytes_with_a_right_checksum_are_a_record_or_a_journal_error(body: bytes) -> None:
    line = body + b',"z":"%08x"}' % crc32(body)
    try:
        found = decode_line(line, {})
    except JournalError:
        return
    assert found is not None


def test_an_id_that_could_break_its_line_is_refused() -> None:
    for name in ("", 'a"b', "a\nb", "a b", "é", "x" * 65):
        who = Conversation(name, "alphaess", "trap", "battery", "", NOON)
        with pytest.raises(JournalError, match="conversation id"):
            encode_entry(Opened(who))


def test_a_chunk_of_a_megabyte_fits_into_a_line() -> None:
    line = encode_data("01JD000000000001", 0, Side.DEVICE, NOON, bytes(1 << 20), False)
    assert len(line) < MAX_LINE
