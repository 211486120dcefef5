"""What bytes of an unknown kind are shown as."""

from __future__ import annotations

from mitmeter.devices.plain.codec import LONGEST, PlainCodec
from mitmeter.devices.plain.messages import Line, Message, Piece, Request, Response
from mitmeter.devices.plain.reword import reworded
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Settles

DEVICE, HEADEND = Side.DEVICE, Side.HEADEND


def said(codec: PlainCodec, sender: Side, data: bytes) -> list[Message]:
    return [each.message for each in codec.feed(sender, data) if isinstance(each, Decoded)]


def settled(codec: PlainCodec, sender: Side) -> list[Message]:
    return [each.message for each in codec.settle(sender) if isinstance(each, Decoded)]


def ended(codec: PlainCodec, sender: Side) -> list[Message]:
    return [each.message for each in codec.end(sender) if isinstance(each, Decoded)]


def test_a_line_begun_as_text_that_holds_a_zero_byte_is_a_piece_and_so_is_what_follows() -> None:
    codec = PlainCodec()
    assert said(codec, DEVICE, b"a\nb\x00c\nd\n") == [Line("a")]
    assert ended(codec, DEVICE) == [Piece(b"b\x00c\nd\n")]


def test_text_that_is_no_utf_8_is_a_piece() -> None:
    assert said(PlainCodec(), DEVICE, b"caf\xe9\n") == [Piece(b"caf\xe9\n")]


def test_a_line_without_end_is_cut_at_its_longest() -> None:
    codec = PlainCodec()
    assert said(codec, DEVICE, b"x" * (LONGEST + 1)) == [Line("x" * LONGEST, "")]
    assert ended(codec, DEVICE) == [Line("x", "")]


def test_who_cannot_wait_gets_a_prompt_and_half_a_binary_message() -> None:
    codec = PlainCodec()
    assert isinstance(codec, Settles)
    assert said(codec, HEADEND, b"login: ") == []
    assert settled(codec, HEADEND) == [Line("login: ", "")]
    assert said(codec, HEADEND, b"\x01\x02") == []
    assert settled(codec, HEADEND) == [Piece(b"\x01\x02")]
    assert said(codec, HEADEND, b"text again\n") == [Line("text again")]


def test_half_an_http_message_is_waited_for_all_the_same() -> None:
    codec = PlainCodec()
    head = b"POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\n"
    assert said(codec, DEVICE, head + b"o") == []
    assert settled(codec, DEVICE) == []
    (message,) = said(codec, DEVICE, b"k")
    assert isinstance(message, Request)
    assert (message.method, message.target, message.body) == ("POST", "/a", "ok")


def test_a_word_that_only_begins_like_http_is_text() -> None:
    assert said(PlainCodec(), DEVICE, b"GET out\n") == [Line("GET out")]
    assert said(PlainCodec(), HEADEND, b"HTTPS is not spoken here\n") == [
        Line("HTTPS is not spoken here")
    ]


def test_a_conversation_that_was_upgraded_goes_on_as_pieces_on_both_sides() -> None:
    codec = PlainCodec()
    said(codec, DEVICE, b"GET /ws HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n\r\n")
    (answer,) = said(
        codec,
        HEADEND,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
    )
    assert isinstance(answer, Response)
    assert answer.status == 101
    assert settled(codec, HEADEND) == [Piece(b"\x81\x05hello")]
    assert said(codec, DEVICE, b"\x81\x82mask") == []
    assert settled(codec, DEVICE) == [Piece(b"\x81\x82mask")]


def test_an_http_body_beyond_what_is_held_goes_on_in_pieces() -> None:
    codec = PlainCodec()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"
    items = codec.feed(HEADEND, head + bytes(100_000)) + codec.settle(HEADEND)
    assert b"".join(each.raw for each in items) == head + bytes(100_000)


def test_a_line_is_reworded_as_it_is() -> None:
    item = Decoded[Message](b"turn on\n", Line("turn on"))
    assert reworded(DEVICE, item, lambda data: data.replace(b"on", b"off")) == b"turn off\n"


def test_the_body_of_a_reworded_request_has_its_length_made_right() -> None:
    raw = b"PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nlamp"
    (item,) = PlainCodec().feed(DEVICE, raw)
    assert isinstance(item, Decoded)
    assert reworded(DEVICE, item, lambda data: data.replace(b"lamp", b"fan")) == (
        b"PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nfan"
    )
