"""What the HTTP tests share: short ways to talk, and a strategy of nearly good conversations."""

from __future__ import annotations

from hypothesis import strategies as st

from mitmeter.model import Side
from mitmeter.testing.cutting import WHOLE, Chunking
from mitmeter.wire.http import (
    Garbage,
    HttpConversation,
    HttpItem,
    HttpRequest,
    HttpResponse,
)

CLIENT, SERVER = Side.DEVICE, Side.HEADEND

Turns = list[tuple[Side, bytes]]

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /zb02 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
CONNECT = b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n200"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def talk(
    turns: Turns, cut: Chunking = WHOLE, *, announce: bool = False
) -> dict[Side, list[HttpItem]]:
    """Return what a conversation makes of the turns and of both ends, by sender."""
    http = HttpConversation(client=CLIENT, max_head=400, max_body=300, announce_expect=announce)
    found: dict[Side, list[HttpItem]] = {CLIENT: [], SERVER: []}
    for sender, data in turns:
        for part in cut(data):
            found[sender] += http.feed(sender, part)
    for sender in (CLIENT, SERVER):
        found[sender] += http.end(sender)
    return found


def from_client(data: bytes, *, end: bool = True) -> list[HttpItem]:
    http = HttpConversation(client=CLIENT)
    return [*http.feed(CLIENT, data), *(http.end(CLIENT) if end else ())]


def from_server(data: bytes, *, after: bytes = GET, end: bool = True) -> list[HttpItem]:
    """Return the server's items in answer to the request `after`."""
    http = HttpConversation(client=CLIENT)
    http.feed(CLIENT, after)
    return [*http.feed(SERVER, data), *(http.end(SERVER) if end else ())]


def request(data: bytes) -> HttpRequest:
    """Return the one request these bytes are."""
    (item,) = from_client(data, end=False)
    assert isinstance(item, HttpRequest), item
    return item


def response(data: bytes, *, after: bytes = GET) -> HttpResponse:
    """Return the one response these bytes are, without the help of an end."""
    (item,) = from_server(data, after=after, end=False)
    assert isinstance(item, HttpResponse), item
    return item


def reasons(items: list[HttpItem]) -> list[str]:
    return [item.reason if isinstance(item, Garbage) else "message" for item in items]


_ASKING = st.sampled_from(
    [
        b"GET / HTTP/1.1",
        b"POST /zb02 HTTP/1.1",
        b"POST /x?a=b HTTP/1.0",
        b"HEAD /x HTTP/1.1",
        b"CONNECT a:443 HTTP/1.1",
        b"get /lower HTTP/1.1",
        b"head / HTTP/1.1",
        b"GET / HTTP/2.0",
        b"GET /",
        b"GET  / HTTP/1.1",
        b"G\x00T / HTTP/1.1",
        b"",
    ]
)
_ANSWERING = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 ",
        b"HTTP/1.0 200 Fine, thanks",
        b"HTTP/1.1 100 Continue",
        b"HTTP/1.1 101 Switching Protocols",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.1 2000 OK",
        b"HTTP/3 200 OK",
        b"",
    ]
)
_FIELD_LINES = st.sampled_from(
    [
        b"Host: a",
        b"host:b",
        b"Content-Length: 5",
        b"content-length:5",
        b"Content-Length: 05",
        b"Content-Length: 0",
        b"Content-Length: 12",
        b"Content-Length: +5",
        b"Content-Length: 0x5",
        b"Content-Length: 5, 5",
        b"Content-Length: 301",
        b"Content-Length : 5",
        b"Content-Length: ",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: Chunked \t",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding:\x0bchunked",
        b"Connection: close",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Expect: 100-continue",
        b"X-TS:65A51E41",
        b"X-Empty:",
        b"X-Wide: \xe4\xff \t",
        b"X-Long: " + b"l" * 150,
        b" folded: yes",
        b": nameless",
        b"no colon",
        b"X-Bare: a\rb",
        b"X-Nul: a\x00b",
    ]
)
_FRAMINGS = st.sampled_from(
    [
        ([], b""),
        ([b"Content-Length: 5"], b"hello"),
        ([b"Content-Length: 5"], b"hello\r\n"),
        ([b"Content-Length: 5"], b"hello\r\n\r\n\r\n"),
        ([b"Content-Length: 5", b"Content-Length: 5"], b"hello"),
        ([b"Content-Length: 5", b"Expect: 100-continue"], b"hello"),
        ([b"Content-Length: 12"], b"hello"),
        ([b"Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked", b"Expect: 100-Continue"], b"1\r\na\r\n0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"5;e=1\r\nhello\r\n000\r\nX-Trailer: t\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"5\r\nhello0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"5\r\nhell\r\n0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"5\nhello\n0\n\n"),
        ([b"Transfer-Encoding: chunked"], b"-1\r\n"),
        ([b"Transfer-Encoding: chunked"], b"fffffffff\r\n"),
        ([b"Transfer-Encoding: chunked"], b"1\r\na\r\n" * 60),
        ([b"Transfer-Encoding: chunked"], b"1;" + b"e" * 300),
        ([b"Transfer-Encoding: chunked"], b"0\r\nContent-Length: 3\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"0\r\n" + b"X-Long: 0123456789\r\n" * 25),
        ([], b"x" * 310),
        ([b"X-Long: " + b"l" * 300], b""),
    ]
)
_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])


@st.composite
def messages(draw: st.DrawFn, sender: Side) -> bytes:
    """Return something like a message of that side: often good, often nearly so."""
    framing, body = draw(_FRAMINGS)
    first = draw(_ASKING if sender is CLIENT else _ANSWERING)
    lines = [first, *draw(st.permutations([*draw(st.lists(_FIELD_LINES, max_size=2)), *framing]))]
    end = draw(_ENDS)
    ends = [end] * len(lines)
    if draw(st.integers(0, 9)) == 0:
        ends[draw(st.integers(0, len(ends) - 1))] = draw(_ENDS)
    return b"".join(line + each for line, each in zip(lines, ends, strict=True)) + end + body


@st.composite
def good_messages(draw: st.DrawFn) -> tuple[Side, bytes]:
    """Return a whole, plain message with its sender."""
    sender = draw(st.sampled_from([CLIENT, SERVER]))
    body = draw(st.binary(max_size=60))
    first = (
        draw(st.sampled_from([b"GET / HTTP/1.1", b"POST /zb02 HTTP/1.1", b"PUT /x?y HTTP/1.0"]))
        if sender is CLIENT
        else draw(st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 500 ", b"HTTP/1.1 404"]))
    )
    fields = draw(
        st.lists(
            st.sampled_from(
                [b"X-TS:65A51E41", b"X-Empty:", b"Connection: close", b"x: \xe4 b\t", b"Date: now"]
            ),
            max_size=4,
        )
    )
    fields.insert(draw(st.integers(0, len(fields))), b"content-Length: %d" % len(body))
    if sender is CLIENT and draw(st.booleans()):
        fields.append(b"Host: a")
    return sender, b"\r\n".join([first, *fields, b"", body])


def conversations() -> st.SearchStrategy[Turns]:
    """Return turns of both sides: good, nearly good and hopeless."""
    return st.lists(st.sampled_from([CLIENT, SERVER]).flatmap(_turn) | good_messages(), max_size=8)


def _turn(sender: Side) -> st.SearchStrategy[tuple[Side, bytes]]:
    good = [GET, POST, HEAD, CONNECT, GET + POST] if sender is CLIENT else [OK, OK + OK, CONTINUE]
    near = messages(sender)
    data = st.sampled_from(good) | near | near | st.binary(max_size=40)
    return data.map(lambda said: (sender, said))
