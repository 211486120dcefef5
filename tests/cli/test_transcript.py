"""Conversations as text."""

from dataclasses import replace

import pytest

from mitmeter.cli.layout import hex_lines
from mitmeter.cli.transcript import Transcript, message_text
from mitmeter.daemon.drive import HALF_MESSAGE
from mitmeter.devices.alphaess.messages import Reply
from mitmeter.journal.records import Closed, Entry, Noted, Opened
from mitmeter.model import Chunk, Conversation, Event, Severity, Side, instant
from mitmeter.testing.vectors import load_vectors

BYTES = {each.name: each.data for each in load_vectors("mitmeter.devices.alphaess")}
# 2025-11-20T10:15:03Z
NOON = 1_763_633_703_000_000_000
DAY = 86_400_000_000_000
TRAP = Conversation("01KB0000000AAAAA", "alphaess", "trap", "battery", "10.0.0.7:50123", NOON)
OTHER = replace(TRAP, id="01KB0000000BBBBB")
PROXY = replace(TRAP, role="proxy", upstream="cloud.example:7777")


def said(
    data: bytes,
    seq: int = 0,
    who: Conversation = TRAP,
    *,
    sender: Side = Side.DEVICE,
    ours: bool = False,
    later: int = 0,
) -> Chunk:
    return Chunk(who, seq, sender, NOON + later, data, ours)


def lines(*records: Entry, as_hex: bool = False, width: int = 0) -> list[str]:
    transcript = Transcript(as_hex=as_hex, width=width)
    return [line for record in records for line in transcript.lines(record)]


def test_an_opening_tells_who_talks_to_whom_and_when() -> None:
    assert lines(Opened(PROXY)) == [
        "── 01KB0000000AAAAA proxy alphaess, station battery: 10.0.0.7:50123 for "
        "cloud.example:7777, 2025-11-20 10:15:03 UTC"
    ]


def test_a_conversation_is_introduced_once_also_where_a_segment_repeats_it() -> None:
    shown = lines(Opened(TRAP), said(b""), Opened(TRAP, again=True), Closed(TRAP.id, "gone", NOON))
    assert len([line for line in shown if line.startswith(f"── {TRAP.id} trap")]) == 1
    assert shown[-1] == "── 01KB0000000AAAAA closed at 10:15:03: gone"


def test_several_messages_of_one_chunk_are_lines_of_their_own() -> None:
    (_, first, second) = lines(said(bytes.fromhex("01010000000000110a") * 2))
    assert first == second == "10:15:03.000  device ▶   Ready"


def test_bytes_that_are_no_message_are_shown_with_the_reason() -> None:
    (_, reason, row) = lines(said(b"GET / HTTP/1.1\r\n"))[:3]
    assert "device ▶   UNDECODABLE " in reason
    assert " HTTP request" in reason
    assert row.startswith("    000000  47 45 54 20 2f 20")


@pytest.mark.parametrize(
    "ending",
    [
        Closed(TRAP.id, "gone", NOON),
        Noted(Event(HALF_MESSAGE, instant(NOON), "given up"), TRAP.id, "battery"),
    ],
)
def test_half_a_message_is_shown_when_nothing_more_will_complete_it(ending: Entry) -> None:
    shown = lines(said(BYTES["status"][:100]), ending)
    assert shown[1].endswith("100 bytes of a message not yet whole")
    assert "device ▶   UNDECODABLE 100 bytes: " in shown[2]
    assert shown[3].startswith("    000000  01 01 10 00 00 01 08 7b")


def test_what_a_proxy_changed_is_marked_and_decoded_by_itself() -> None:
    status = BYTES["status"]
    shown = lines(
        said(status[:100], 0, PROXY),
        said(status, 1, PROXY, ours=True),
        said(status[100:], 2, PROXY),
    )
    assert "of a message not yet whole" in shown[1]
    assert "device ▶   (changed by us) Status {" in shown[2]
    assert "device ▶   Status {" in shown[3]


def test_while_several_talk_each_line_says_who() -> None:
    ready = bytes.fromhex("01010000000000110a")
    shown = lines(Opened(TRAP), said(ready), Opened(OTHER), said(ready), said(ready, 0, OTHER))
    assert shown[1] == "10:15:03.000  device ▶   Ready"
    assert shown[3:] == [
        "10:15:03.000  AAAA  device ▶   Ready",
        "10:15:03.000  BBBB  device ▶   Ready",
    ]


def test_a_new_day_is_announced() -> None:
    ready = bytes.fromhex("01010000000000110a")
    shown = lines(said(ready), said(ready, 1, later=DAY))
    assert shown[2] == "── 2025-11-21 UTC"


def test_an_event_beside_the_bytes_stands_where_it_happened() -> None:
    event = Event("mitmeter.x", instant(NOON), "it was refused", Severity.NOTICE)
    assert lines(Opened(TRAP), Noted(event, TRAP.id, "battery"))[1] == (
        "10:15:03.000  ! it was refused"
    )


def test_a_protocol_that_is_not_installed_is_no_reason_to_fail() -> None:
    shown = lines(said(b"abc", 0, replace(TRAP, protocol="nosuch")))
    assert shown[1] == "10:15:03.000  device ▶   3 bytes, protocol not installed"


def test_a_narrow_window_cuts_messages_to_a_line_each() -> None:
    shown = lines(said(BYTES["status"]), width=60)
    assert len(shown[1]) == 60
    assert shown[1].endswith("…")


def test_what_lies_outside_the_span_is_decoded_but_not_shown() -> None:
    status = BYTES["status"]
    transcript = Transcript()
    assert list(transcript.lines(Opened(TRAP), inside=False)) == []
    assert list(transcript.lines(said(status[:100]), inside=False)) == []
    introduced, message = transcript.lines(said(status[100:], 1))
    assert introduced.startswith("── 01KB0000000AAAAA trap")
    assert "Status {" in message
    assert list(transcript.lines(Closed(TRAP.id, "gone", NOON), inside=False))


def test_who_said_nothing_in_the_span_is_not_named() -> None:
    transcript = Transcript()
    assert list(transcript.lines(Opened(TRAP), inside=False)) == []
    assert list(transcript.lines(Closed(TRAP.id, "gone", NOON), inside=True)) == []


def test_small_parts_of_a_message_stand_before_its_members() -> None:
    assert (
        message_text(Reply((("Status", "Success"),), 2)) == 'Reply command=2 {"Status":"Success"}'
    )


@pytest.mark.parametrize("text", ["\x1b[2J", "é", "\u202e"])
def test_a_message_is_safe_for_any_terminal(text: str) -> None:
    shown = message_text(Reply((("Status", text),), 2))
    assert shown.isascii()
    assert shown.isprintable()


def test_hex_lines_give_offset_bytes_and_text() -> None:
    assert list(hex_lines(bytes(range(60, 80)))) == [
        "    000000  3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK",
        "    000010  4c 4d 4e 4f                                      LMNO",
    ]
