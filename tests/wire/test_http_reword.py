"""A change to what an HTTP message says."""

from __future__ import annotations

from mitmeter.wire.http_reword import reword


def changed(raw: bytes, what: bytes, by: bytes) -> bytes:
    return reword(raw, lambda data: data.replace(what, by))


def test_a_reworded_body_in_chunks_goes_on_as_one() -> None:
    raw = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: yes\r\n\r\n"
    )
    assert changed(raw, b"o w", b"-") == (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhell-orld\r\n0\r\n\r\n"
    )
    assert changed(raw, b"absent", b"x") == raw


def test_a_reworded_head_leaves_the_body_and_its_length_alone() -> None:
    raw = b"\r\nPUT /old HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nnew"
    assert changed(raw, b"/old", b"/other") == (
        b"\r\nPUT /other HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nnew"
    )


def test_a_body_that_is_reworded_to_nothing_has_length_0() -> None:
    raw = b"PUT / HTTP/1.1\r\nHost: a.example\r\ncontent-length: 3\r\n\r\nnew"
    assert changed(raw, b"new", b"") == (
        b"PUT / HTTP/1.1\r\nHost: a.example\r\ncontent-length: 0\r\n\r\n"
    )
