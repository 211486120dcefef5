"""HTTP that two readers could read differently is garbage, and so is all that follows it."""

from __future__ import annotations

import pytest

from mitmeter.wire.framing import FIRST_PIECE, PIECE
from mitmeter.wire.http import Garbage, HttpConversation
from tests.wire.http_samples import CLIENT, GET, HEAD, SERVER, from_client, from_server, reasons

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def post(fields: bytes, body: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n" + body


def chunks(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked\r\n", body)


LENGTHS = {
    "signed": b"+5",
    "negative": b"-5",
    "hexadecimal": b"0x5",
    "a list": b"5, 5",
    "a fraction": b"5.0",
    "with a blank inside": b"5 5",
    "empty": b"",
    "words": b"five",
    "with an underscore": b"1_0",
    "digits of another alphabet": b"\xb2",
    "in quotes": b'"5"',
    "longer than any": b"9" * 19,
    "longer than Python converts": b"9" * 5000,
}

CODINGS = {
    "chunked is not last": b"chunked, gzip",
    "another coding below": b"gzip, chunked",
    "chunked twice": b"chunked, chunked",
    "identity": b"identity",
    "misspelt": b"xchunked",
    "in quotes": b'"chunked"',
    "with a parameter": b"chunked;q=1",
    "empty": b"",
}

CORPUS = {
    "two lengths": (
        post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"),
        "differing Content-Lengths",
    ),
    "two lengths, equal as numbers only": (
        post(b"Content-Length: 5\r\nContent-Length: 05\r\n", b"hello"),
        "differing Content-Lengths",
    ),
    "CL.TE": (
        post(b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\nG"),
        "both Content-Length and Transfer-Encoding",
    ),
    "TE.CL": (
        post(b"transfer-encoding: chunked\r\ncontent-length: 4\r\n", b"5c\r\n"),
        "both Content-Length and Transfer-Encoding",
    ),
    "TE.TE": (
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", b"0\r\n\r\n"),
        "more than one Transfer-Encoding",
    ),
    "TE.TE, the same twice": (
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        "more than one Transfer-Encoding",
    ),
    "chunks in HTTP/1.0": (
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunks in HTTP/1.0, which has none",
    ),
    "a coding behind a vertical tab": (
        post(b"Transfer-Encoding:\x0bchunked\r\n", b"0\r\n\r\n"),
        "control character 0x0b",
    ),
    "a folded coding": (
        post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"),
        "folded header line",
    ),
    "a folded line": (post(b"X: a\r\n\tb\r\n"), "folded header line"),
    "a folded first field": (
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "folded header line",
    ),
    "a blank before the colon": (
        post(b"Content-Length : 5\r\n", b"hello"),
        "blank between header name and colon",
    ),
    "a tab before the colon": (
        post(b"Content-Length\t: 5\r\n", b"hello"),
        "blank between header name and colon",
    ),
    "a name with a blank": (
        post(b"X Content-Length: 5\r\n", b"hello"),
        "header name with characters that do not belong there",
    ),
    "a name with a byte beyond ASCII": (
        post(b"Content-Length\xa0: 5\r\n", b"hello"),
        "header name with characters that do not belong there",
    ),
    "no name": (post(b": chunked\r\n"), "header without name"),
    "no colon": (post(b"Transfer-Encoding\r\n"), "header line without a colon"),
    "two hosts": (post(b"Host: b\r\n"), "more than one Host"),
    "a bare CR in a value": (
        post(b"X: a\rContent-Length: 5\r\n", b"hello"),
        "carriage return without line feed",
    ),
    "a bare CR before the line end": (
        post(b"X: a\r\r\n"),
        "carriage return without line feed",
    ),
    "a bare LF among CR LF": (
        post(b"X: a\nContent-Length: 5\r\n", b"hello"),
        "line feed alone where lines end otherwise",
    ),
    "an empty line of LF among CR LF": (
        b"GET / HTTP/1.1\r\nHost: a\r\n\n",
        "line feed alone where lines end otherwise",
    ),
    "CR LF among bare LFs": (
        b"GET / HTTP/1.1\nHost: a\r\n\r\n",
        "carriage return where lines end otherwise",
    ),
    "a NUL in a value": (post(b"X: a\x00b\r\n"), "control character 0x00"),
    "a NUL in the target": (b"GET /\x00 HTTP/1.1\r\n\r\n", "control character 0x00"),
    "DEL in a value": (post(b"X: \x7f\r\n"), "control character 0x7f"),
    "an escape sequence": (post(b"X: \x1b[2J\r\n"), "control character 0x1b"),
    "HEAD in another case": (
        b"Head / HTTP/1.1\r\nHost: a\r\n\r\n",
        "method Head is not spelt HEAD",
    ),
    "CONNECT with a body": (
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "CONNECT with a body",
    ),
    "HTTP/0.9": (b"GET /\r\n", "request line is not METHOD target HTTP/1.1"),
    "two blanks": (b"GET  / HTTP/1.1\r\n\r\n", "request line is not METHOD target HTTP/1.1"),
    "a tab for a blank": (b"GET\t/ HTTP/1.1\r\n\r\n", "does not begin with a method"),
    "a blank in the target": (
        b"GET /a b HTTP/1.1\r\n\r\n",
        "request line is not METHOD target HTTP/1.1",
    ),
    "a blank at the end": (
        b"GET / HTTP/1.1 \r\n\r\n",
        "request line is not METHOD target HTTP/1.1",
    ),
    "http in small letters": (
        b"GET / http/1.1\r\n\r\n",
        "request line is not METHOD target HTTP/1.1",
    ),
    "a version to come": (
        b"GET / HTTP/1.2\r\n\r\n",
        "HTTP version 1.2 is neither 1.1 nor 1.0",
    ),
    "HTTP/2": (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP version 2.0 is neither 1.1 nor 1.0",
    ),
    "three blank lines": (
        b"\r\n\r\n\r\n" + GET,
        "more than 2 blank lines before a message",
    ),
    "a blank before the method": (b" " + GET, "does not begin like a request"),
    "JSON": (b'{"a":1}\r\n', "does not begin like a request"),
    "TLS": (bytes.fromhex("16030100c8010000c40303"), "looks like TLS"),
    "a method without end": (b"A" * 33, "does not begin with a method"),
    "an SSH banner": (b"SSH-2.0-OpenSSH_9.6\r\n", "does not begin with a method"),
    "a chunk with a sign": (
        chunks(b"+5\r\nhello\r\n0\r\n\r\n"),
        "chunk size is no plain hexadecimal number",
    ),
    "a negative chunk": (chunks(b"-1\r\n"), "chunk size is no plain hexadecimal number"),
    "a chunk size with 0x": (
        chunks(b"0x5\r\nhello\r\n0\r\n\r\n"),
        "chunk size is no plain hexadecimal number",
    ),
    "a chunk size with a blank": (
        chunks(b"5 \r\nhello\r\n0\r\n\r\n"),
        "chunk size is no plain hexadecimal number",
    ),
    "an empty chunk size": (chunks(b"\r\n"), "chunk size is no plain hexadecimal number"),
    "a chunk size that wraps around": (
        chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
        "chunk size is no plain hexadecimal number",
    ),
    "a huge chunk": (chunks(b"FFFFFFFF\r\n"), "chunked body of more than 1048576 bytes"),
    "chunk lines that end with LF": (
        chunks(b"5\nhello\n0\n\n"),
        "line feed alone where lines end otherwise",
    ),
    "an extension that ends with LF": (
        chunks(b"5;a\nhello\r\n0\r\n\r\n"),
        "line feed alone where lines end otherwise",
    ),
    "an extension with a bare CR": (
        chunks(b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
        "carriage return without line feed",
    ),
    "a chunk longer than its size": (
        chunks(b"4\r\nhello\r\n0\r\n\r\n"),
        "chunk is longer or shorter than its size",
    ),
    "a chunk shorter than its size": (
        chunks(b"6\r\nhello\r\n0\r\n\r\n"),
        "chunk is longer or shorter than its size",
    ),
    "chunk data that ends with LF": (
        chunks(b"5\r\nhello\n0\r\n\r\n"),
        "chunk is longer or shorter than its size",
    ),
    "a length in the trailer": (
        chunks(b"0\r\nContent-Length: 5\r\n\r\n"),
        "Content-Length in the trailer",
    ),
    "a folded trailer": (chunks(b"0\r\nX: a\r\n b\r\n\r\n"), "folded header line"),
}
CORPUS |= {
    f"a length {name}": (
        post(b"Content-Length: " + value + b"\r\n", b"hello"),
        f"Content-Length {value[:40].decode('latin-1')!a} is no plain number",
    )
    for name, value in LENGTHS.items()
}
CORPUS |= {
    f"a coding, {name}": (
        post(b"Transfer-Encoding: " + value + b"\r\n", b"0\r\n\r\n"),
        f"Transfer-Encoding {value.decode('latin-1')!a} is not simply chunked",
    )
    for name, value in CODINGS.items()
}


@pytest.mark.parametrize("name", CORPUS)
def test_nothing_is_smuggled_past(name: str) -> None:
    data, reason = CORPUS[name]
    found = from_client(data + SMUGGLED)
    assert all(isinstance(item, Garbage) for item in found), found
    assert reasons(found)[0] == reason
    assert b"".join(item.raw for item in found) == data + SMUGGLED


ANSWERS = {
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n200",
        "differing Content-Lengths",
    ),
    "a length and chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "both Content-Length and Transfer-Encoding",
    ),
    "chunks in HTTP/1.0": (
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunks in HTTP/1.0, which has none",
    ),
    "204 with a body": (
        b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n200",
        "status 204 with a body",
    ),
    "100 with chunks": (
        b"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "status 100 with a body",
    ),
    "a status of two digits": (
        b"HTTP/1.1 20 OK\r\n\r\n",
        "status line is not HTTP/1.1 and a status of three digits",
    ),
    "a status of four digits": (
        b"HTTP/1.1 2000 OK\r\n\r\n",
        "status line is not HTTP/1.1 and a status of three digits",
    ),
    "HTTP/2": (b"HTTP/2.0 200\r\n\r\n", "HTTP version 2.0 is neither 1.1 nor 1.0"),
    "an answer of HTTP/0.9": (b"success", "does not begin like a response"),
    "ICY": (b"ICY 200 OK\r\n\r\n", "does not begin like a response"),
    "TLS": (b"\x16\x03\x01\x00\x2a\x02\x00\x00", "looks like TLS"),
    "the end of a body that was longer than its length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n200oops\r\n",
        "does not begin like a response",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_is_smuggled_past(name: str) -> None:
    data, reason = ANSWERS[name]
    found = from_server(data + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert next(each for each in reasons(found) if each != "message") == reason
    assert isinstance(found[-1], Garbage)


def test_after_a_refusal_the_other_side_is_still_read() -> None:
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, GET)
    http.feed(CLIENT, CORPUS["CL.TE"][0])
    answer = b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"
    assert [item.raw for item in http.feed(SERVER, answer)] == [answer]


def test_a_refused_message_is_told_at_once_and_up_to_the_byte_that_decided_it() -> None:
    head, reason = post(b"Content-Length : 5\r\n")[:-2], "blank between header name and colon"
    http = HttpConversation(client=CLIENT)
    assert http.feed(CLIENT, head[:-1]) == []
    assert http.feed(CLIENT, head[-1:]) == [Garbage(head, reason)]


def test_a_bare_carriage_return_is_decided_by_the_byte_after_it() -> None:
    http = HttpConversation(client=CLIENT)
    head = b"GET / HTTP/1.1\r\nX: a\r"
    assert http.feed(CLIENT, head) == []
    assert http.feed(CLIENT, b"b") == [Garbage(head + b"b", "carriage return without line feed")]


def test_a_stranger_is_told_after_its_first_bytes() -> None:
    http = HttpConversation(client=CLIENT)
    hello = bytes.fromhex("16030100c8010000")
    assert len(hello) == FIRST_PIECE
    assert http.feed(CLIENT, hello) == [Garbage(hello, "looks like TLS")]


def test_what_follows_a_refused_message_is_handed_on_in_pieces_that_name_the_cause() -> None:
    data = b"GET / HTTP/9.9\r\n"
    found = from_client(data + b"x" * (PIECE + 10))
    cause = "HTTP version 9.9 is neither 1.1 nor 1.0"
    assert found == [
        Garbage(data, cause),
        Garbage(b"x" * PIECE, f"comes after: {cause}"),
        Garbage(b"x" * 10, f"comes after: {cause}"),
    ]


def test_after_an_end_what_was_refused_is_forgotten() -> None:
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, CORPUS["CL.TE"][0])
    http.end(CLIENT)
    assert [item.raw for item in http.feed(CLIENT, GET)] == [GET]


def test_an_answer_is_refused_when_too_many_requests_are_open_to_tell_which_it_is_for() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n200"
    assert reasons(from_server(answer, after=GET * 1024)) == ["message"]
    found = from_server(answer, after=GET * 1024 + HEAD)
    assert reasons(found)[0] == "an answer after more than 1024 open requests"
    assert all(isinstance(item, Garbage) for item in found)
