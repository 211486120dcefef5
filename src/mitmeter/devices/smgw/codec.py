"""Bytes ⇄ messages: HTTP/1.1, in which the head-end asks and the gateway answers.

What is no HTTP is undecodable, with the reason; what a body means is read by `dialects/`.
"""

from __future__ import annotations

from mitmeter.devices.smgw.messages import Message, Request, Response
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from mitmeter.wire.http import (
    HttpConversation,
    HttpItem,
    HttpRequest,
    HttpResponse,
    encode_request,
    encode_response,
)

Item = Decoded[Message] | Undecodable

MAX_HEAD = 16_384
# Signed exports of a PPC gateway have several MB for three months [O].
MAX_BODY = 16 << 20


class SmgwCodec:
    """The codec of one conversation."""

    __slots__ = ("_http",)

    def __init__(self) -> None:
        self._http = HttpConversation(client=Side.HEADEND, max_head=MAX_HEAD, max_body=MAX_BODY)

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        return [_from_http(found) for found in self._http.feed(sender, data)]

    def end(self, sender: Side) -> list[Item]:
        return [_from_http(found) for found in self._http.end(sender)]

    def encode(self, sender: Side, message: Message) -> bytes:
        """Return the message's bytes. Raises LocalProtocolError for what that side cannot say."""
        if isinstance(message, Request):
            if sender is not Side.HEADEND:
                raise LocalProtocolError("a gateway asks nothing")
            return encode_request(
                message.method, message.target, message.headers, message.body, message.version
            )
        if sender is not Side.DEVICE:
            raise LocalProtocolError("who reads a gateway does not answer")
        return encode_response(
            message.status, message.headers, message.body, message.reason, message.version
        )


def _from_http(found: HttpItem) -> Item:
    if isinstance(found, HttpRequest):
        return Decoded(
            found.raw,
            Request(found.method, found.target, found.headers, found.body, found.version),
        )
    if isinstance(found, HttpResponse):
        return Decoded(
            found.raw,
            Response(found.status, found.headers, found.body, found.reason, found.version),
        )
    return Undecodable(found.raw, found.reason)
