"""HTTP conversations: examples written by hand."""

from __future__ import annotations

import pytest

from mitmeter.wire.http import (
    Garbage,
    HttpConversation,
    HttpRequest,
    HttpResponse,
    header,
    keeps_alive,
    wants_continue,
)
from tests.wire.http_samples import (
    CLIENT,
    CONNECT,
    CONTINUE,
    GET,
    HEAD,
    OK,
    POST,
    SERVER,
    from_client,
    from_server,
    reasons,
    request,
    response,
)

CHUNKED = (
    b"POST /h3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n7;note=x\r\n, world\r\n0\r\nX-Sum: 1\r\n\r\n"
)


# --- whole messages ---


def test_a_request_is_all_that_was_said() -> None:
    data = (
        b"POST /zb02?x=1 HTTP/1.1\r\nhost: a\r\nX-TS:\t65A51E41 \r\nContent-Length: 5\r\n\r\nhello"
    )
    assert from_client(data) == [
        HttpRequest(
            raw=data,
            method="POST",
            target="/zb02?x=1",
            version="1.1",
            headers=(("host", "a"), ("X-TS", "65A51E41"), ("Content-Length", "5")),
            body=b"hello",
        )
    ]


def test_a_response_is_all_that_was_said() -> None:
    assert from_server(OK) == [
        HttpResponse(
            raw=OK,
            version="1.1",
            status=200,
            reason="OK",
            headers=(("Content-Length", "3"),),
            body=b"200",
        )
    ]


def test_a_message_comes_with_its_last_byte() -> None:
    http = HttpConversation(client=CLIENT)
    assert http.feed(CLIENT, POST[:-1]) == []
    assert [item.raw for item in http.feed(CLIENT, POST[-1:])] == [POST]


def test_a_body_in_chunks_is_put_together_and_its_trailer_stays_in_the_raw_bytes() -> None:
    found = request(CHUNKED)
    assert found.raw == CHUNKED
    assert found.body == b"hello, world"
    assert header(found, "X-Sum") == ""


def test_requests_in_one_read_come_out_one_by_one() -> None:
    found = from_client(POST + GET + CHUNKED + POST)
    assert [item.raw for item in found] == [POST, GET, CHUNKED, POST]


def test_requests_after_each_other_on_one_connection_come_out_one_by_one() -> None:
    http = HttpConversation(client=CLIENT)
    for _ in range(3):
        assert [item.raw for item in http.feed(CLIENT, POST)] == [POST]
        assert [item.raw for item in http.feed(SERVER, OK)] == [OK]


def test_header_values_are_latin_1() -> None:
    assert header(request(b"GET / HTTP/1.0\r\nX-Label: caf\xe9\r\n\r\n"), "x-label") == "café"


def test_a_target_may_hold_bytes_beyond_ascii() -> None:
    assert request(b"GET /caf\xe9 HTTP/1.0\r\n\r\n").target == "/café"


def test_an_empty_value_is_a_value() -> None:
    found = request(b"GET / HTTP/1.0\r\nX-Empty:\r\nX-Full: 1\r\n\r\n")
    assert found.headers == (("X-Empty", ""), ("X-Full", "1"))


# --- what old devices send ---


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", ""),
        (b"GET / HTTP/1.1\r\n\r\n", "no Host"),
        (b"GET / HTTP/1.1\nHost: a\n\n", "lines end with LF alone"),
        (b"\r\n" + GET, "blank line before the message"),
        (b"\n\r\n" + GET, "blank line before the message"),
        (b"post /x HTTP/1.1\r\nHost: a\r\n\r\n", ""),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
            "Content-Length given more than once",
        ),
        (
            b"POST / HTTP/1.1\nContent-Length: 2\n\nhi",
            "lines end with LF alone; no Host",
        ),
    ],
)
def test_an_odd_but_harmless_request_is_taken_with_its_problem(data: bytes, problem: str) -> None:
    found = request(data)
    assert (found.raw, found.problem) == (data, problem)


def test_the_method_is_given_as_sent() -> None:
    assert request(b"post /x HTTP/1.0\r\n\r\n").method == "post"


def test_a_line_break_after_a_body_that_does_not_count_it_belongs_to_the_next_message() -> None:
    assert [item.raw for item in from_client(POST + b"\r\n" + GET)] == [POST, b"\r\n" + GET]


@pytest.mark.parametrize(
    ("line", "words"),
    [(b"HTTP/1.1 200", ""), (b"HTTP/1.1 200 ", ""), (b"HTTP/1.1 200 All is well", "All is well")],
)
def test_a_reason_phrase_may_be_missing(line: bytes, words: str) -> None:
    found = response(line + b"\r\nContent-Length: 0\r\n\r\n")
    assert (found.status, found.reason) == (200, words)


def test_a_length_may_have_leading_zeroes() -> None:
    assert request(b"POST / HTTP/1.0\r\nContent-Length: 002\r\n\r\nhi").body == b"hi"


# --- where a response ends ---


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_response_without_a_length_ends_with_the_stream(version: bytes) -> None:
    data = b"HTTP/" + version + b" 200 OK\r\nConnection: close\r\n\r\nsuccess"
    assert from_server(data, end=False) == []
    (found,) = from_server(data)
    assert isinstance(found, HttpResponse)
    assert (found.raw, found.body) == (data, b"success")


def test_the_answer_to_head_has_no_body_whatever_its_length_says() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
    assert response(answer, after=HEAD).body == b""


def test_answers_are_paired_with_their_requests_in_order() -> None:
    no_body = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    found = from_server(OK + no_body + OK, after=POST + HEAD + GET)
    assert [item.raw for item in found] == [OK, no_body, OK]


def test_an_interim_response_does_not_count_as_the_answer() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    found = from_server(CONTINUE + CONTINUE + answer, after=HEAD, end=False)
    assert [item.raw for item in found] == [CONTINUE, CONTINUE, answer]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified", b"103 Early Hints"])
def test_these_statuses_have_no_body(status: bytes) -> None:
    assert response(b"HTTP/1.1 " + status + b"\r\n\r\n").body == b""


def test_not_modified_may_tell_of_a_length() -> None:
    data = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"
    assert [item.raw for item in from_server(data + OK, after=GET + GET)] == [data, OK]


def test_a_response_nobody_asked_for_is_a_response() -> None:
    assert response(b"HTTP/1.1 408 Late\r\nContent-Length: 2\r\n\r\nhi", after=b"").body == b"hi"


def test_a_response_may_come_before_the_request_is_complete() -> None:
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, POST[:-2])
    assert [item.raw for item in http.feed(SERVER, OK)] == [OK]
    assert [item.raw for item in http.feed(CLIENT, POST[-2:])] == [POST]


# --- 100-continue ---

EXPECTING = b"POST /h3bulk HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"


def test_a_request_that_waits_is_announced_before_its_body_has_come() -> None:
    http = HttpConversation(client=CLIENT, announce_expect=True)
    (announced,) = http.feed(CLIENT, EXPECTING)
    assert wants_continue(announced)
    assert isinstance(announced, HttpRequest)
    assert (announced.raw, announced.method, announced.target) == (b"", "POST", "/h3bulk")
    http.feed(SERVER, CONTINUE)
    (whole,) = http.feed(CLIENT, b"hello")
    assert not wants_continue(whole)
    assert whole.raw == EXPECTING + b"hello"


def test_a_request_that_did_not_wait_is_announced_just_the_same() -> None:
    http = HttpConversation(client=CLIENT, announce_expect=True)
    found = http.feed(CLIENT, EXPECTING + b"hello")
    assert [wants_continue(item) for item in found] == [True, False]


@pytest.mark.parametrize(
    "data",
    [
        EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0"),
        EXPECTING.replace(b"Length: 5", b"Length: 0"),
        EXPECTING.replace(b"100-continue", b"200-ok"),
    ],
    ids=["HTTP/1.0 knows no such thing", "no body", "something else is expected"],
)
def test_who_does_not_wait_is_not_announced(data: bytes) -> None:
    http = HttpConversation(client=CLIENT, announce_expect=True)
    assert not any(wants_continue(item) for item in http.feed(CLIENT, data + b"hello"))


def test_nothing_is_announced_unless_asked_for() -> None:
    assert from_client(EXPECTING, end=False) == []
    assert [item.raw for item in from_client(EXPECTING + b"hello")] == [EXPECTING + b"hello"]


# --- what is not HTTP any more ---

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def test_after_an_upgrade_both_sides_are_opaque() -> None:
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, GET)
    assert [item.raw for item in http.feed(SERVER, SWITCHING)] == [SWITCHING]
    for side in (CLIENT, SERVER):
        assert [*http.feed(side, GET), *http.end(side)] == [Garbage(GET, "not HTTP any more")]


def test_what_follows_an_upgrade_in_the_same_read_is_opaque() -> None:
    found = from_server(SWITCHING + b"\x81\x02hi")
    assert reasons(found) == ["message", "not HTTP any more"]


def test_after_connect_was_granted_both_sides_are_opaque() -> None:
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, CONNECT)
    established = b"HTTP/1.1 200 OK\r\n\r\n"
    assert [item.raw for item in http.feed(SERVER, established)] == [established]
    assert reasons([*http.feed(CLIENT, b"\x16\x03"), *http.end(CLIENT)]) == ["not HTTP any more"]


def test_after_connect_was_denied_the_conversation_goes_on() -> None:
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, CONNECT)
    http.feed(SERVER, b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    assert [item.raw for item in http.feed(CLIENT, GET)] == [GET]


def test_opaque_bytes_stay_opaque_after_an_end() -> None:
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, GET)
    http.feed(SERVER, SWITCHING)
    http.end(CLIENT)
    assert reasons([*http.feed(CLIENT, GET), *http.end(CLIENT)]) == ["not HTTP any more"]


# --- ends ---


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (POST[:10], "the stream ended after 10 bytes of a head"),
        (POST[:-3], "the stream ended after 2 of 5 bytes of a body"),
        (CHUNKED[:-2], "the stream ended after 42 bytes of a body in chunks"),
        (b"\r\n", "the stream ended after 2 bytes of a head"),
    ],
)
def test_an_end_in_the_middle_of_a_message_says_where(data: bytes, reason: str) -> None:
    assert from_client(GET + data)[1:] == [Garbage(data, reason)]


def test_after_an_end_a_new_stream_begins() -> None:
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, POST[:-1])
    http.end(CLIENT)
    assert [item.raw for item in http.feed(CLIENT, POST)] == [POST]


def test_the_end_of_an_empty_stream_is_nothing() -> None:
    assert from_client(b"") == []


# --- reading messages ---


def test_headers_are_found_whatever_their_case() -> None:
    found = request(b"GET / HTTP/1.0\r\nx-id: 1\r\nX-Id: 2\r\n\r\n")
    assert header(found, "X-ID") == "1"
    assert header(found, "X-TS") == ""
    assert header(found, "X-TS", "none") == "none"


@pytest.mark.parametrize(
    ("data", "alive"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: TE, Close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", False),
    ],
)
def test_a_message_tells_whether_the_connection_goes_on(data: bytes, alive: bool) -> None:
    assert keeps_alive(request(data)) is alive
