"""Records made safe to share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from mitmeter.daemon.drive import HALF_MESSAGE
from mitmeter.daemon.redaction import Redactor
from mitmeter.errors import ConfigError
from mitmeter.journal.records import Closed, Noted, Opened, Record
from mitmeter.model import Chunk, Conversation, DeviceId, Event, Field, Side, instant
from mitmeter.protocol import Decoded
from mitmeter.testing.vectors import load_vectors
from tests.cli.recording import SERIAL, SPEC

BYTES = {each.name: each.data for each in load_vectors("mitmeter.devices.alphaess")}
LOGIN, STATUS, RESUME = BYTES["login request"], BYTES["status"], BYTES["Resume command"]
NOON = 1_763_633_703_000_000_000
TALK = Conversation("01KB0000000AAAAA", "alphaess", "trap", "battery", "192.168.101.7:50123", NOON)
PROXY = replace(TALK, role="proxy", upstream="cloud.alphaess.example:7777")


def redacted(*records: Record) -> list[Record]:
    return list(Redactor(b"key").records(records))


def said(data: bytes, seq: int = 0, who: Conversation = TALK, **more: bool) -> Chunk:
    return Chunk(who, seq, Side.DEVICE, NOON, data, more.get("ours", False))


def bytes_of(records: Iterable[Record]) -> bytes:
    return b"".join(each.data for each in records if isinstance(each, Chunk))


def noted(
    message: str, device: DeviceId | None = None, fields: dict[str, Field] | None = None
) -> Noted:
    event = Event("mitmeter.x", instant(NOON), message, device=device, fields=fields or {})
    return Noted(event, TALK.id, "battery")


def event_of(records: list[Record]) -> Event:
    (found,) = (each.event for each in records if isinstance(each, Noted))
    return found


def test_bytes_keep_their_number_and_still_decode_without_their_secrets() -> None:
    shown = bytes_of(redacted(said(LOGIN + STATUS)))
    assert len(shown) == len(LOGIN + STATUS)
    assert SERIAL.encode() not in shown
    items = SPEC.codec().feed(Side.DEVICE, shown)
    assert [type(item) for item in items] == [Decoded, Decoded]


@pytest.mark.parametrize("cut", [1, 7, 20, 40, len(LOGIN) - 1])
def test_a_message_over_several_chunks_keeps_its_cuts(cut: int) -> None:
    whole = bytes_of(redacted(said(LOGIN)))
    parts = redacted(said(LOGIN[:cut]), said(LOGIN[cut:], 1))
    assert [len(each.data) for each in parts if isinstance(each, Chunk)] == [cut, len(LOGIN) - cut]
    assert bytes_of(parts) == whole


def test_records_keep_their_order_while_a_message_is_waited_for() -> None:
    given: list[Record] = [
        Opened(TALK),
        said(LOGIN[:30]),
        noted("something happened"),
        said(LOGIN[30:], 1),
        Closed(TALK.id, "gone", NOON),
    ]
    assert [type(each) for each in redacted(*given)] == [type(each) for each in given]


def test_half_a_message_at_the_end_is_redacted_as_it_stands() -> None:
    shown = bytes_of(redacted(said(LOGIN[:60]), Closed(TALK.id, "gone", NOON)))
    assert len(shown) == 60
    assert SERIAL.encode() not in shown


def test_what_follows_a_half_message_that_was_given_up_is_redacted_by_itself() -> None:
    given_up = Noted(Event(HALF_MESSAGE, instant(NOON), "given up"), TALK.id, "battery")
    shown = redacted(said(LOGIN[:60]), given_up, said(STATUS, 1))
    (item,) = SPEC.codec().feed(Side.DEVICE, bytes_of(shown[1:]))
    assert isinstance(item, Decoded)


def test_the_same_value_has_the_same_stand_in_everywhere() -> None:
    device = DeviceId("alphaess", SERIAL)
    shown = redacted(said(LOGIN), noted(f"{device} logged in", device, {"serial": SERIAL}))
    event = event_of(shown)
    assert event.device is not None
    serial = event.device.serial
    assert serial != SERIAL
    assert serial.encode() in bytes_of(shown)
    assert event.message == f"alphaess:{serial} logged in"
    assert event.fields == {"serial": serial}


def test_fields_that_are_lists_of_text_are_redacted_and_raw_bytes_left_out() -> None:
    fields: dict[str, Field] = {
        "tried": (SERIAL, "nobody"),
        "counts": (1, 2),
        "hex": LOGIN.hex(),
        "number": 7,
    }
    event = event_of(redacted(said(LOGIN), noted("x", None, fields)))
    tried = event.fields["tried"]
    assert isinstance(tried, tuple)
    assert tried[0] != SERIAL
    assert tried[1] == "nobody"
    assert event.fields == {"tried": tried, "counts": (1, 2), "number": 7}


@pytest.mark.parametrize(
    "address",
    ["192.168.101.7", "10.0.0.123", "::1", "fe80::1ff:fe23:4567:890a", "2003:a:b:c::17"],
)
def test_addresses_in_words_are_replaced(address: str) -> None:
    event = event_of(redacted(noted(f"connection from {address}: refused ({address})")))
    assert address not in event.message
    assert event.message.startswith("connection from ")
    assert event.message.endswith(")")


@pytest.mark.parametrize(
    "words",
    [
        "at 11:52:06 and 2026-11-20T08:00:00",
        "firmware 1.2.3",
        "12 of 3:4 parts",
        "position 7:1234",
        "10.1.2.3.4 is no address",
    ],
)
def test_what_only_looks_like_an_address_stays(words: str) -> None:
    assert event_of(redacted(noted(words))).message == words


def test_a_peer_has_one_stand_in_in_conversations_words_and_reasons() -> None:
    shown = redacted(
        Opened(PROXY),
        noted("192.168.101.7:50123 was cut off from cloud.alphaess.example"),
        Closed(PROXY.id, "192.168.101.7 closed", NOON),
    )
    opened, closed = shown[0], shown[2]
    assert isinstance(opened, Opened)
    assert isinstance(closed, Closed)
    peer, upstream = opened.conversation.peer, opened.conversation.upstream
    assert "192.168" not in peer
    assert "alphaess.example" not in upstream
    host = upstream.rpartition(":")[0]
    assert event_of(shown).message == f"{peer} was cut off from {host}"
    assert closed.reason == f"{peer.rpartition(':')[0]} closed"


def test_a_value_inside_a_longer_one_does_not_spoil_it() -> None:
    device, short = DeviceId("alphaess", "AL1234560000007"), DeviceId("alphaess", "123456")
    shown = redacted(noted("x", short), noted("y", device), noted("AL1234560000007 and 123456"))
    assert isinstance(shown[1], Noted)
    assert isinstance(shown[2], Noted)
    assert shown[1].event.device is not None
    assert shown[2].event.message.startswith(f"{shown[1].event.device.serial} and ")
    assert "123456" not in shown[2].event.message


def test_what_a_proxy_changed_is_a_stream_of_its_own() -> None:
    records = redacted(
        said(LOGIN[:40], 0, PROXY), said(LOGIN, 1, PROXY, ours=True), said(LOGIN[40:], 2, PROXY)
    )
    first, changed, rest = (each.data for each in records if isinstance(each, Chunk))
    assert first + rest == changed
    assert SERIAL.encode() not in changed


def test_another_key_gives_other_stand_ins() -> None:
    one, two = (list(Redactor(key).records([said(LOGIN)])) for key in (b"one", b"two"))
    assert bytes_of(one) != bytes_of(two)


def test_a_protocol_that_does_not_say_what_is_private_is_refused() -> None:
    with pytest.raises(ConfigError, match="protocol: 'nosuch' is not known"):
        redacted(said(b"abc", 0, replace(TALK, protocol="nosuch")))


def test_what_waits_for_the_rest_of_a_message_is_bounded() -> None:
    other = replace(TALK, id="01KB0000000BBBBB")
    waiting = [said(LOGIN[:30]), *(said(RESUME, seq, other) for seq in range(10_005))]
    made = Redactor(b"key").records(waiting)
    first = next(made)
    assert isinstance(first, Chunk)
    assert len(first.data) == 30
