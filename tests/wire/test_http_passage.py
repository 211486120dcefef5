"""Responses taken apart as they come, whatever the reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.http_passage import BodyPart, Part, Passage, ResponseEnd, ResponseHead

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n"
)
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\nhello"


def passage(*methods: str) -> Passage:
    made = Passage()
    for method in methods or ("GET",):
        made.asked(method)
    return made


def body(parts: list[Part]) -> bytes:
    return b"".join(part.data for part in parts if isinstance(part, BodyPart))


def heads(parts: list[Part]) -> list[ResponseHead]:
    return [part for part in parts if isinstance(part, ResponseHead)]


@given(st.sampled_from([SIZED, CHUNKED]), st.lists(st.integers(0, 110), max_size=8))
def test_a_response_is_the_same_however_it_is_cut(wire: bytes, cuts: list[int]) -> None:
    reading, parts, at = passage(), [], 0
    for cut in [*sorted(cuts), len(wire)]:
        parts += reading.feed(wire[at:cut])
        at = max(at, cut)
    assert heads(parts)[0].status == 200
    assert body(parts) == b"hello"
    assert parts[-1] == ResponseEnd(reusable=True)


def test_a_body_is_handed_on_before_it_is_complete() -> None:
    reading = passage()
    assert body(reading.feed(SIZED[:-2])) == b"hel"
    assert reading.feed(SIZED[-2:]) == [BodyPart(b"lo"), ResponseEnd(reusable=True)]


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    reading = passage()
    parts = reading.feed(UNTIL_CLOSE)
    assert heads(parts)[0].length is None
    assert body(parts) == b"hello"
    assert reading.end() == [ResponseEnd(reusable=False)]


def test_answers_come_one_after_the_other() -> None:
    reading = passage("GET", "GET")
    parts = reading.feed(SIZED + CHUNKED)
    assert len(heads(parts)) == 2
    assert body(parts) == b"hellohello"
    assert reading.end() == []


@pytest.mark.parametrize(
    ("method", "wire"),
    [
        ("HEAD", SIZED[:-5]),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_an_answer_without_a_body_is_over_at_once(method: str, wire: bytes) -> None:
    assert passage(method).feed(wire)[1:] == [ResponseEnd(reusable=True)]


def test_an_interim_answer_is_not_the_answer() -> None:
    parts = passage().feed(b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED)
    assert [head.status for head in heads(parts)] == [100, 200]
    assert parts[-1] == ResponseEnd(reusable=True)


def test_a_server_that_says_close_is_not_asked_again() -> None:
    wire = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert passage().feed(wire)[-1] == ResponseEnd(reusable=False)


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (b"", "without an answer"),
        (b"HTTP/1.1 200", "12 bytes of a head"),
        (SIZED[:-1], "1 bytes of the body missing"),
        (CHUNKED[:-4], "in the middle of a body in chunks"),
    ],
)
def test_an_answer_cut_short_says_where(wire: bytes, why: str) -> None:
    reading = passage()
    reading.feed(wire)
    with pytest.raises(RemoteProtocolError, match=why):
        reading.end()


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (b"SSH-2.0-x\r\n", "does not begin like a response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "both"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "no plain number"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "hexadecimal"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", "longer or shorter"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "head of more than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 300, "chunk line"),
        (SIZED + SIZED, "nobody asked for"),
    ],
)
def test_what_is_no_response_is_told_in_words(wire: bytes, why: str) -> None:
    reading = passage()
    with pytest.raises(RemoteProtocolError, match=why):
        reading.feed(wire)


def assert_told(exc: RemoteProtocolError) -> None:
    assert str(exc)


@given(st.binary(max_size=300), st.integers(0, 60))
def test_any_bytes_are_read_or_refused(data: bytes, kept: int) -> None:
    reading = passage()
    try:
        reading.feed(SIZED[:kept] + data)
        reading.end()
    except RemoteProtocolError as exc:
        assert_told(exc)


def test_nothing_of_a_long_body_is_kept() -> None:
    reading = passage()
    reading.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(10):
        assert len(body(reading.feed(bytes(1_000_000)))) == 1_000_000
    assert len(reading._held) == 0
