"""One HTTP/1 message as a value: what was said, and the very bytes it was said in."""

from __future__ import annotations

from dataclasses import dataclass

from mitmeter.wire.framing import Garbage

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request.

    raw:     its bytes on the wire, head and body, chunk framing and blank lines before it included.
    method:  as sent; names of methods are case-sensitive.
    target:  as sent, latin-1; `/path?query` in all but exotic cases.
    version: "1.0" or "1.1".
    headers: names as sent, values without the blanks around them, latin-1; trailers are in `raw`
             only.
    body:    decoded from chunks where it came in chunks.
    problem: in words, what was odd but did no harm; "" for an ordinary message.
    pending: True only for the announcement of a request whose sender waits for `100 Continue`
             (see `HttpConversation`): raw and body are empty, the whole request follows as an item
             of its own.
    """

    raw: bytes
    method: str
    target: str
    version: str
    headers: Headers
    body: bytes
    problem: str = ""
    pending: bool = False


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response; fields as in HttpRequest. An interim one (status below 200) is a response too.

    reason: the words after the status as sent, "" when there are none.
    """

    raw: bytes
    version: str
    status: int
    reason: str
    headers: Headers
    body: bytes
    problem: str = ""


HttpMessage = HttpRequest | HttpResponse
HttpItem = HttpRequest | HttpResponse | Garbage


def header(message: HttpMessage, name: str, default: str = "") -> str:
    """Return the value of the first header of that name, whatever its case."""
    wanted = name.lower()
    for each, value in message.headers:
        if each.lower() == wanted:
            return value
    return default


def keeps_alive(message: HttpMessage) -> bool:
    """Tell whether its sender means to use the connection again after this exchange."""
    wishes = {
        wish.strip(" \t").lower()
        for name, value in message.headers
        if name.lower() == "connection"
        for wish in value.split(",")
    }
    if "close" in wishes:
        return False
    return message.version == "1.1" or "keep-alive" in wishes


def wants_continue(item: HttpItem) -> bool:
    """Tell whether this announces a request whose body comes once `100 Continue` was said."""
    return isinstance(item, HttpRequest) and item.pending
