"""HTTP/1.1 and 1.0 as messages with their raw bytes kept: one conversation, both directions.

Tolerant of what old devices send: lines that end with LF alone, no reason phrase, no Host, blank
lines between messages; such a message carries a `problem` in words. Strict where two readers of the
same bytes could disagree about where a message ends: such a message is garbage, with the reason.
Where the next one begins is then unknown, so everything after it on that side is garbage too, until
`end`; there is no attempt to find a new beginning.
"""

from __future__ import annotations

from mitmeter.model import Side
from mitmeter.wire.framing import Garbage
from mitmeter.wire.http_encode import encode_request, encode_response
from mitmeter.wire.http_head import Caps
from mitmeter.wire.http_message import (
    Headers,
    HttpItem,
    HttpMessage,
    HttpRequest,
    HttpResponse,
    header,
    keeps_alive,
    wants_continue,
)
from mitmeter.wire.http_stream import Stream
from mitmeter.wire.http_voices import Exchange, Requests, Responses

__all__ = [
    "Garbage",
    "Headers",
    "HttpConversation",
    "HttpItem",
    "HttpMessage",
    "HttpRequest",
    "HttpResponse",
    "encode_request",
    "encode_response",
    "header",
    "keeps_alive",
    "wants_continue",
]


class HttpConversation:
    """One TCP conversation. Never raises, loses no byte, does not care how the bytes are cut.

    client:   the side that asks.
    max_head: bytes of a head, request or status line included; more is garbage.
    max_body: bytes of a body as sent, chunk framing included; more is garbage.
    announce_expect: a request with `Expect: 100-continue` and a body is announced by an item
              without bytes when its head is there (`wants_continue` tells), whether or not the body
              has come meanwhile. A stand-in server answers it with
              `encode_response(100, (), b"")`, and the request itself as usual. Off by default: a
              listener between two others leaves that to the real server.
    """

    __slots__ = ("_client", "_requests", "_responses")

    def __init__(
        self,
        *,
        client: Side,
        max_head: int = 16_384,
        max_body: int = 1_048_576,
        announce_expect: bool = False,
    ) -> None:
        caps = Caps(max_head, max_body)
        exchange = Exchange()
        self._client = client
        self._requests = Stream(Requests(exchange), exchange, caps, announce=announce_expect)
        self._responses = Stream(Responses(exchange), exchange, caps, announce=False)

    def feed(self, sender: Side, data: bytes) -> list[HttpItem]:
        """Return what these bytes make certain."""
        if sender is self._client:
            return self._requests.feed(data)
        return self._responses.feed(data)

    def end(self, sender: Side) -> list[HttpItem]:
        """Return all that is left of that side: its stream is over. The next feed starts a new one.

        A response without a length is complete now; any other unfinished message is garbage.
        """
        if sender is self._client:
            return self._requests.end()
        return self._responses.end()

    def lost(self, sender: Side) -> bool:
        """Tell whether what that side says is HTTP no more: garbage came, or an upgrade."""
        return self._requests.lost if sender is self._client else self._responses.lost
