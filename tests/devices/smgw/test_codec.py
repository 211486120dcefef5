import pytest

from mitmeter.devices.smgw.codec import MAX_BODY, SmgwCodec
from mitmeter.devices.smgw.messages import Request, Response
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable

REQUEST = Request("GET", "/smgw/m2m", (("Host", "192.0.2.7"),))


def test_a_gateway_asks_nothing_and_its_reader_answers_nothing() -> None:
    codec = SmgwCodec()
    with pytest.raises(LocalProtocolError):
        codec.encode(Side.DEVICE, REQUEST)
    with pytest.raises(LocalProtocolError):
        codec.encode(Side.HEADEND, Response(200, ()))


def test_an_answer_in_chunks_is_one_message() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
    (item,) = SmgwCodec().feed(Side.DEVICE, raw)
    assert isinstance(item, Decoded)
    assert isinstance(item.message, Response)
    assert item.message.body == b"[]"


def test_half_a_header_is_held_and_then_told_of() -> None:
    codec = SmgwCodec()
    assert codec.feed(Side.DEVICE, b"HTTP/1.1 200 OK\r\nContent-Le") == []
    (item,) = codec.end(Side.DEVICE)
    assert isinstance(item, Undecodable)


def test_a_body_beyond_the_bound_is_refused_at_its_head() -> None:
    raw = f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n".encode()
    (item,) = SmgwCodec().feed(Side.DEVICE, raw)
    assert isinstance(item, Undecodable)
    assert str(MAX_BODY) in item.reason


def test_a_body_shorter_than_it_says_is_told_of_when_the_stream_ends() -> None:
    codec = SmgwCodec()
    assert codec.feed(Side.DEVICE, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort") == []
    (item,) = codec.end(Side.DEVICE)
    assert isinstance(item, Undecodable)
