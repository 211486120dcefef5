"""HTTP: the laws, for any bytes in any chunks."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitmeter.model import Side
from mitmeter.testing.chunkings import chunkings
from mitmeter.testing.corpus import NASTY, Nasty
from mitmeter.testing.cutting import BYTE_BY_BYTE, Chunking
from mitmeter.wire.framing import PIECE
from mitmeter.wire.http import Garbage, HttpConversation, HttpRequest, HttpResponse
from mitmeter.wire.http_fast import WholeMessages
from mitmeter.wire.http_head import Caps
from mitmeter.wire.http_voices import Exchange, Requests, Responses
from tests.wire.http_samples import (
    CLIENT,
    HEAD,
    OK,
    POST,
    SERVER,
    Turns,
    conversations,
    good_messages,
    messages,
    talk,
)

_CAPS = Caps(400, 300)
_law = settings(deadline=None)
_thorough = settings(deadline=None, max_examples=400)


def near_or_good() -> st.SearchStrategy[tuple[Side, bytes]]:
    near = (st.tuples(st.just(side), messages(side)) for side in (CLIENT, SERVER))
    return st.one_of(*near) | good_messages()


def joined(turns: Turns, sender: Side) -> bytes:
    return b"".join(data for each, data in turns if each is sender)


@_thorough
@given(turns=conversations(), cut=chunkings(), announce=st.booleans())
def test_items_do_not_depend_on_the_cuts(turns: Turns, cut: Chunking, announce: bool) -> None:
    whole = talk(turns, announce=announce)
    assert talk(turns, cut, announce=announce) == whole
    assert talk(turns, BYTE_BY_BYTE, announce=announce) == whole


@_thorough
@given(turns=conversations(), cut=chunkings(), announce=st.booleans())
def test_no_byte_is_ever_lost(turns: Turns, cut: Chunking, announce: bool) -> None:
    found = talk(turns, cut, announce=announce)
    for sender in (CLIENT, SERVER):
        assert b"".join(item.raw for item in found[sender]) == joined(turns, sender)


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: nasty.name)
@pytest.mark.parametrize("sender", [CLIENT, SERVER])
def test_no_byte_of_a_nasty_sample_is_lost_or_judged_by_its_cuts(
    nasty: Nasty, sender: Side
) -> None:
    whole = talk([(sender, nasty.data)])
    assert b"".join(item.raw for item in whole[sender]) == nasty.data
    assert talk([(sender, nasty.data)], BYTE_BY_BYTE) == whole


@_law
@given(turns=conversations(), cut=chunkings())
def test_bytes_held_back_are_bounded_by_the_caps(turns: Turns, cut: Chunking) -> None:
    http = HttpConversation(client=CLIENT, max_head=400, max_body=300)
    held = {CLIENT: 0, SERVER: 0}
    for sender, data in turns:
        for part in cut(data):
            held[sender] += len(part) - sum(len(item.raw) for item in http.feed(sender, part))
            # A chunked body may be followed by a trailer as long as a head.
            assert held[sender] <= max(400 + 300 + 256 + 400, PIECE)


@_law
@given(turns=conversations())
def test_garbage_comes_in_pieces_of_at_most_4096_bytes_with_a_reason(turns: Turns) -> None:
    for items in talk(turns).values():
        for item in items:
            if isinstance(item, Garbage):
                assert 0 < len(item.raw) <= 4096
                assert item.reason


@_law
@given(message=good_messages())
def test_the_fast_path_takes_whole_plain_messages(message: tuple[Side, bytes]) -> None:
    sender, data = message
    exchange = Exchange()
    if sender is CLIENT:
        assert WholeMessages(Requests(exchange), _CAPS).take(data) is not None
    else:
        assert WholeMessages(Responses(exchange), _CAPS).take(data) is not None


@_thorough
@given(
    said=near_or_good(),
    before=st.sampled_from(
        [[], [(CLIENT, POST)], [(CLIENT, HEAD)], [(CLIENT, POST), (SERVER, OK)]]
    ),
)
def test_the_fast_path_finds_nothing_that_the_careful_reader_does_not(
    said: tuple[Side, bytes], before: Turns
) -> None:
    # A first byte by itself keeps the fast path out.
    careful = Chunking((1, 1 << 20), repeat=False)
    assert talk([*before, said]) == talk([*before, said], careful)


@_thorough
@given(turns=conversations())
def test_no_request_is_taken_that_llhttp_would_cut_or_read_otherwise(turns: Turns) -> None:
    for item in talk(turns)[CLIENT]:
        if isinstance(item, HttpRequest):
            seen = Seen()
            if seen.reads(httptools.HttpRequestParser(seen), item.raw):
                assert seen.complete == 1
                assert (tuple(seen.headers), seen.body) == (item.headers, item.body)
                assert seen.url == item.target.encode("latin-1")


@_thorough
@given(data=messages(SERVER))
def test_no_response_is_taken_that_llhttp_would_cut_or_read_otherwise(data: bytes) -> None:
    for item in talk([(SERVER, data)])[SERVER]:
        if isinstance(item, HttpResponse) and item.status != 101:
            seen = Seen()
            if seen.reads(httptools.HttpResponseParser(seen), item.raw) and seen.complete:
                assert (tuple(seen.headers), seen.body) == (item.headers, item.body)


class Seen:
    """One message as httptools tells of it."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.complete = 0
        self._in_head = True

    def reads(
        self, parser: httptools.HttpRequestParser | httptools.HttpResponseParser, data: bytes
    ) -> bool:
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return False
        return True

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # httptools tells of trailers in the same way
            self.headers.append((name.decode("latin-1"), value.decode("latin-1").strip(" \t")))

    def on_headers_complete(self) -> None:
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1
