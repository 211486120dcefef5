"""Frames ⇄ messages, for both sides. `framing` finds the frames; requests and replies are read by
`requests` and `replies`.

Every sound frame that is a message encodes to exactly the bytes it came in.
"""

from __future__ import annotations

from struct import error

from mitmeter.devices.kamstrup.framing import (
    ACKNOWLEDGE,
    MAX_FRAME,
    Acknowledged,
    Piece,
    Rubble,
    Stream,
    frame,
)
from mitmeter.devices.kamstrup.messages import (
    Acknowledgement,
    Message,
    RegisterReply,
    Reply,
    Request,
)
from mitmeter.devices.kamstrup.records import Body, Misfit
from mitmeter.devices.kamstrup.replies import read_reply, reply_body
from mitmeter.devices.kamstrup.requests import read_request, request_body
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable

Item = Decoded[Message] | Undecodable

_ACKNOWLEDGED = Decoded[Message](bytes((ACKNOWLEDGE,)), Acknowledgement())


class KamstrupCodec:
    """The codec of one conversation; it keeps nothing but the bytes of unfinished frames."""

    __slots__ = ("_device", "_headend")

    def __init__(self) -> None:
        self._device = Stream(Side.DEVICE)
        self._headend = Stream(Side.HEADEND)

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        return [_item(piece) for piece in self._stream(sender).feed(data)]

    def end(self, sender: Side) -> list[Item]:
        return [_item(piece) for piece in self._stream(sender).end()]

    def encode(self, sender: Side, message: Message) -> bytes:
        return encode(sender, message)

    def _stream(self, sender: Side) -> Stream:
        return self._device if sender is Side.DEVICE else self._headend


def _item(piece: Piece) -> Item:
    if isinstance(piece, Rubble):
        return Undecodable(piece.raw, piece.reason)
    if isinstance(piece, Acknowledged):
        return _ACKNOWLEDGED
    if piece.request:
        return Decoded(piece.raw, read_request(piece.address, piece.cid, piece.data))
    try:
        return Decoded(piece.raw, read_reply(piece.address, piece.cid, piece.data))
    except Misfit as misfit:
        return Undecodable(piece.raw, f"register reply from {piece.address:02x}: {misfit}")


def encode(sender: Side, message: Message) -> bytes:
    """Return the message's bytes. Pure. A request said by the device is a reader's own, echoed.

    Raises LocalProtocolError for what that side never says, what does not fit, and what would not
    be read as the same message.
    """
    request = isinstance(message, Request)
    if not request and sender is not Side.DEVICE:
        raise LocalProtocolError(f"a reader never says {type(message).__name__}")
    if isinstance(message, Acknowledgement):
        return _ACKNOWLEDGED.raw
    try:
        body = _body(message)
        raw = frame(request, message.address, body.cid, body.data)
    except (error, ValueError, OverflowError) as exc:
        raise LocalProtocolError(f"{type(message).__name__}: {exc}") from None
    if len(raw) > MAX_FRAME:
        raise LocalProtocolError(f"frame of {len(raw)} bytes, at most {MAX_FRAME} are allowed")
    if _ambiguous(message):
        again = (Stream(sender) if request else Stream(Side.DEVICE)).feed(raw)
        if [_item(piece) for piece in again] != [Decoded(raw, message)]:
            raise LocalProtocolError(f"{type(message).__name__} would not be read as what it is")
    return raw


def _body(message: Request | Reply) -> Body:
    if isinstance(message, Request):
        return request_body(message)
    return reply_body(message)


def _ambiguous(message: Message) -> bool:
    """Return whether a message could be read as another: all but plain lists of plain records."""
    if isinstance(message, RegisterReply):
        return any(value.announced is not None for value in message.values)
    return True
