"""HTTP messages to bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitmeter.errors import LocalProtocolError
from mitmeter.wire.http import (
    Headers,
    HttpConversation,
    HttpRequest,
    HttpResponse,
    encode_request,
    encode_response,
)
from tests.wire.http_samples import CLIENT, GET, HEAD, SERVER


def test_a_request_gets_the_length_of_its_body() -> None:
    assert encode_request("POST", "/zb02", (("Host", "a"), ("X-TS", "65A51E41")), b"hello") == (
        b"POST /zb02 HTTP/1.1\r\nHost: a\r\nX-TS: 65A51E41\r\nContent-Length: 5\r\n\r\nhello"
    )


def test_a_request_without_body_gets_no_length() -> None:
    assert encode_request("GET", "/", (("Host", "a"),)) == GET


def test_a_length_given_stays_where_it_is() -> None:
    headers = (("content-length", "2"), ("Host", "a"))
    assert encode_request("POST", "/", headers, b"hi", version="1.0") == (
        b"POST / HTTP/1.0\r\ncontent-length: 2\r\nHost: a\r\n\r\nhi"
    )


def test_a_response_gets_the_usual_words_and_the_length_of_its_body() -> None:
    assert encode_response(200, (("Content-Type", "text/plain"),), b"200") == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n200"
    )


def test_an_empty_response_says_that_it_is_empty() -> None:
    assert encode_response(404, ()) == b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (100, b"HTTP/1.1 100 Continue\r\n\r\n"),
        (204, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (304, b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    ],
)
def test_a_status_without_body_gets_no_length(status: int, data: bytes) -> None:
    assert encode_response(status, ()) == data


def test_the_words_of_a_response_can_be_chosen_or_left_out() -> None:
    assert encode_response(200, (), reason="Fine").startswith(b"HTTP/1.1 200 Fine\r\n")
    assert encode_response(200, (), reason="").startswith(b"HTTP/1.1 200\r\n")
    assert encode_response(299, ()).startswith(b"HTTP/1.1 299\r\n")


def test_a_chunked_body_goes_out_as_one_chunk() -> None:
    chunked = (("Transfer-Encoding", "chunked"),)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert encode_response(200, chunked, b"a" * 26) == head + b"1a\r\n" + b"a" * 26 + (
        b"\r\n0\r\n\r\n"
    )
    assert encode_response(200, chunked) == head + b"0\r\n\r\n"


def test_head_is_answered_with_a_length_and_no_body() -> None:
    raw = encode_response(200, (("Content-Length", "300"),))
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, HEAD)
    assert [item.raw for item in http.feed(SERVER, raw)] == [raw]


BAD_HEADERS: list[Headers] = [
    (("X", "a\r\nSet-Cookie: b"),),
    (("X", "a\nb"),),
    (("X", "a\x00"),),
    (("X", " a"),),
    (("X", "a\t"),),
    (("X", "€"),),
    (("X:", "a"),),
    (("X ", "a"),),
    (("", "a"),),
    (("X\r\n", "a"),),
    (("Host", "a"), ("host", "b")),
    (("Content-Length", "2"), ("Transfer-Encoding", "chunked")),
    (("Content-Length", "+2"),),
    (("Content-Length", "3"),),
    (("Transfer-Encoding", "gzip"),),
    (("X", "1"),) * 101,
]


@pytest.mark.parametrize("headers", BAD_HEADERS)
def test_headers_that_are_none_are_not_said(headers: Headers) -> None:
    with pytest.raises(LocalProtocolError):
        encode_request("POST", "/", headers, b"hi")
    with pytest.raises(LocalProtocolError):
        encode_response(200, headers, b"hi")


@pytest.mark.parametrize(
    ("method", "target", "version"),
    [
        ("GE T", "/", "1.1"),
        ("", "/", "1.1"),
        ("M" * 33, "/", "1.1"),
        ("head", "/", "1.1"),
        ("GET", "/ HTTP/1.1\r\nX: y", "1.1"),
        ("GET", "/a b", "1.1"),
        ("GET", "", "1.1"),
        ("GET", "/€", "1.1"),
        ("GET", "/", "2.0"),
    ],
)
def test_a_request_line_that_is_none_is_not_said(method: str, target: str, version: str) -> None:
    with pytest.raises(LocalProtocolError):
        encode_request(method, target, (), version=version)


def test_connect_has_no_body() -> None:
    with pytest.raises(LocalProtocolError):
        encode_request("CONNECT", "a:443", (), b"hi")


@pytest.mark.parametrize(
    ("status", "headers", "body", "reason", "version"),
    [
        (99, (), b"", None, "1.1"),
        (1000, (), b"", None, "1.1"),
        (200, (), b"", "a\r\nb", "1.1"),
        (200, (), b"", None, "3"),
        (204, (), b"hi", None, "1.1"),
        (100, (("Content-Length", "2"),), b"", None, "1.1"),
        (304, (("Transfer-Encoding", "chunked"),), b"", None, "1.1"),
        (200, (("Transfer-Encoding", "chunked"),), b"", None, "1.0"),
    ],
)
def test_a_response_that_is_none_is_not_said(
    status: int, headers: Headers, body: bytes, reason: str | None, version: str
) -> None:
    with pytest.raises(LocalProtocolError):
        encode_response(status, headers, body, reason, version)


_NAMES = st.sampled_from(["X-ID", "x-ts", "Host", "Expect", "Connection", "!#$%&'*+-.^_`|~0"])
_VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF)).map(str.strip)
_FIELDS = st.dictionaries(_NAMES, _VALUES, max_size=5).map(lambda fields: tuple(fields.items()))
_LENGTHS = st.sampled_from(["none", "sized", "chunked"])


@settings(deadline=None)
@given(fields=_FIELDS, body=st.binary(max_size=50), length=_LENGTHS)
def test_what_is_said_is_read_as_it_was_meant(fields: Headers, body: bytes, length: str) -> None:
    framing: Headers = {
        "none": (),
        "sized": (("content-length", str(len(body))),),
        "chunked": (("Transfer-Encoding", "chunked"),),
    }[length]
    headers = fields + framing
    added = (("Content-Length", str(len(body))),) if length == "none" else ()
    http = HttpConversation(client=CLIENT)
    try:
        asked = encode_request("POST", "/x", headers, body)
        answered = encode_response(200, headers, body)
    except LocalProtocolError:
        assert any(0x7F <= ord(each) < 0x80 for _, value in headers for each in value)
        return
    (request,) = http.feed(CLIENT, asked)
    (response,) = http.feed(SERVER, answered)
    assert isinstance(request, HttpRequest)
    assert isinstance(response, HttpResponse)
    assert (request.raw, request.body) == (asked, body)
    assert request.headers == headers + (added if body else ())
    assert (response.raw, response.body, response.headers) == (answered, body, headers + added)
