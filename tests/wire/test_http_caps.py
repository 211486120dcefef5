"""HTTP keeps to its caps: head, header lines, body, whatever a peer sends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import pytest

from mitmeter.model import Side
from mitmeter.wire.http import HttpConversation, HttpItem, HttpRequest
from tests.wire.http_samples import CLIENT, GET, SERVER, from_client, reasons, request

HEAD_CAP = 16_384
BODY_CAP = 1_048_576


def head_of(size: int) -> bytes:
    start = b"GET / HTTP/1.0\r\nX: "
    return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"


def test_a_head_may_be_as_long_as_its_cap() -> None:
    assert request(head_of(HEAD_CAP)).method == "GET"


def test_a_longer_head_is_refused_at_the_cap() -> None:
    found = from_client(head_of(HEAD_CAP + 1))
    assert reasons(found)[0] == "head of more than 16384 bytes"
    assert [len(item.raw) for item in found] == [4096, 4096, 4096, 4096, 1]


def test_a_head_is_refused_with_the_byte_that_fills_the_cap() -> None:
    http = HttpConversation(client=CLIENT, max_head=40)
    assert http.feed(CLIENT, b"GET /".ljust(39, b"a")) == []
    assert reasons(http.feed(CLIENT, b"a")) == ["head of more than 40 bytes"]


def test_a_hundred_headers_are_taken_and_one_more_is_not() -> None:
    line, fields = b"GET / HTTP/1.0\r\n", b"X: 1\r\n" * 100
    assert len(request(line + fields + b"\r\n").headers) == 100
    found = from_client(line + fields + b"Y: 2\r\n\r\n")
    assert reasons(found)[0] == "more than 100 header lines"
    assert found[0].raw == line + fields + b"Y: 2\r\n"


def test_a_body_may_be_as_long_as_its_cap() -> None:
    head = b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n"
    assert len(request(head % BODY_CAP + bytes(BODY_CAP)).body) == BODY_CAP
    found = from_client(head % (BODY_CAP + 1))
    assert reasons(found) == ["body of 1048577 bytes, at most 1048576 are taken"]


def test_a_body_without_length_may_be_as_long_as_its_cap() -> None:
    http = HttpConversation(client=CLIENT, max_body=50)
    head = b"HTTP/1.0 200 OK\r\n\r\n"
    assert http.feed(SERVER, head + bytes(50)) == []
    (found,) = http.feed(SERVER, b"\x00")
    assert reasons([found]) == ["body of more than 50 bytes and no length"]
    assert len(found.raw) == len(head) + 51


def test_the_cap_of_a_trailer_counts_from_the_trailer() -> None:
    http = HttpConversation(client=CLIENT, max_head=60, max_body=200)
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + bytes(100)
    assert reasons(http.feed(CLIENT, chunked + b"\r\n0\r\nX-Sum: 1\r\n\r\n")) == ["message"]
    found = http.feed(CLIENT, chunked + b"\r\n0\r\nX: " + b"a" * 60)
    assert reasons(found)[0] == "trailer of more than 60 bytes"


def test_chunk_framing_counts_as_body() -> None:
    http = HttpConversation(client=CLIENT, max_body=50)
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = b"1\r\na\r\n" * 7 + b"0\r\n\r\n"
    (found,) = http.feed(CLIENT, head + whole)
    assert isinstance(found, HttpRequest)
    assert found.body == b"aaaaaaa"
    assert reasons(http.feed(CLIENT, head + b"1\r\na\r\n" * 9))[:1] == [
        "chunked body of more than 50 bytes"
    ]


def test_more_than_a_hundred_trailers_are_refused() -> None:
    head = b"POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    found = from_client(head + chunked + b"X: 1\r\n" * 101 + b"\r\n")
    assert reasons(found)[:2] == ["message", "more than 100 trailers"]


CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
FLOODS: dict[str, tuple[Side, bytes, bytes]] = {
    "a first line without end": (CLIENT, b"GET /", b"a"),
    "a header without end": (CLIENT, b"GET / HTTP/1.1\r\nX: ", b"a"),
    "headers without end": (CLIENT, b"GET / HTTP/1.1\r\n", b"X: 1\r\n"),
    "blank lines without end": (CLIENT, b"", b"\r\n"),
    "chunks without end": (CLIENT, CHUNKED, b"1\r\na\r\n"),
    "a chunk size without end": (CLIENT, CHUNKED, b"0"),
    "an extension without end": (CLIENT, CHUNKED + b"1;", b"a"),
    "extensions without end": (CLIENT, CHUNKED, b"1;" + b"e" * 250 + b"\r\na\r\n"),
    "trailers without end": (CLIENT, CHUNKED + b"0\r\n", b"X: 1\r\n"),
    "a trailer without end": (CLIENT, CHUNKED + b"0\r\nX: ", b"a"),
    "a body of 10 MB": (CLIENT, b"POST / HTTP/1.1\r\nContent-Length: 10485760\r\n\r\n", b"a"),
    "a body without length": (SERVER, b"HTTP/1.0 200 OK\r\n\r\n", b"a"),
    "requests without answers": (CLIENT, b"", GET),
    "interim responses": (SERVER, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "zeroes": (CLIENT, b"", b"\x00"),
}


def flood(start: bytes, unit: bytes) -> Iterator[bytes]:
    """Yield the start and then 3 MB of the unit, in reads of about 64 KB."""
    yield start
    yield from repeat(unit * (65_536 // len(unit)), 48)


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_not_held_back_beyond_the_caps(name: str) -> None:
    sender, start, unit = FLOODS[name]
    http = HttpConversation(client=CLIENT)
    held = worst = 0
    for part in flood(start, unit):
        items: list[HttpItem] = http.feed(sender, part)
        held += len(part) - sum(len(item.raw) for item in items)
        worst = max(worst, held)
    assert worst <= HEAD_CAP + BODY_CAP
    assert sum(len(item.raw) for item in http.end(sender)) == held
