"""Bytes ⇄ messages, for both ways in: HTTP with both sides, and MQTT packets of the display.

What the display's stream begins with decides which it is: a PUBLISH control byte, or anything else.
"""

from __future__ import annotations

from functools import lru_cache

from mitmeter.devices.glow.jsontext import JsonError
from mitmeter.devices.glow.messages import (
    PATH,
    PRICE_MARK,
    Expecting,
    Message,
    MeterReport,
    MqttOther,
    MqttReading,
    MqttState,
    Prices,
    Reply,
    Request,
)
from mitmeter.devices.glow.publish import (
    Broken,
    Packet,
    PublishStream,
    begins_packet,
    encode_publish,
)
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from mitmeter.wire.http import (
    Headers,
    HttpConversation,
    HttpItem,
    HttpRequest,
    HttpResponse,
    encode_request,
    encode_response,
)

Item = Decoded[Message] | Undecodable

# Real bodies have about 1 KiB; 64 KiB is what the fact sheet calls ample (§8).
MAX_HEAD = 16_384
MAX_BODY = 65_536


class GlowCodec:
    """The codec of one conversation."""

    __slots__ = ("_begun", "_http", "_packets")

    def __init__(self) -> None:
        self._http = HttpConversation(
            client=Side.DEVICE, max_head=MAX_HEAD, max_body=MAX_BODY, announce_expect=True
        )
        self._packets: PublishStream | None = None
        self._begun = False

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        if sender is Side.DEVICE:
            if not self._begun and data:
                self._begun = True
                self._packets = PublishStream() if begins_packet(data[0]) else None
            if self._packets is not None:
                return [_from_mqtt(found) for found in self._packets.feed(data)]
        return [_from_http(found) for found in self._http.feed(sender, data)]

    def end(self, sender: Side) -> list[Item]:
        if sender is Side.DEVICE:
            self._begun = False
            if self._packets is not None:
                packets, self._packets = self._packets, None
                return [_from_mqtt(found) for found in packets.end()]
        return [_from_http(found) for found in self._http.end(sender)]

    def encode(self, sender: Side, message: Message) -> bytes:
        return encode(sender, message)


# --- HTTP ---


def _from_http(found: HttpItem) -> Item:
    if isinstance(found, HttpRequest):
        if found.pending:
            return Decoded(found.raw, Expecting(found.target))
        message = request(found.method, found.target, found.headers, found.body, found.version)
        return Decoded(found.raw, message)
    if isinstance(found, HttpResponse):
        # Latin-1 gives every byte a character and loses none.
        body = found.body.decode("latin-1")
        return Decoded(
            found.raw, Reply(found.status, body, found.headers, found.reason, found.version)
        )
    return Undecodable(found.raw, found.reason)


def request(
    method: str, target: str, headers: Headers, body: bytes, version: str = "1.1"
) -> MeterReport | Prices | Request:
    """Return what a request says. Total: what nobody has described comes back as `Request`."""
    if target.partition("?")[0] != PATH:
        return Request(method, target, headers, body, f"a path other than {PATH}", version)
    if method != "POST":
        return Request(method, target, headers, body, "a method other than POST", version)
    try:
        text = body.decode()
        if text.startswith(PRICE_MARK):
            return Prices(headers, text, target, version)
        return MeterReport(headers, text, target, version)
    except JsonError as exc:
        why = str(exc)
    except UnicodeDecodeError as exc:
        why = f"not UTF-8 text at body byte {exc.start}"
    return Request(method, target, headers, body, why, version)


# --- MQTT ---


def _from_mqtt(found: Packet | Broken) -> Item:
    if isinstance(found, Broken):
        return Undecodable(found.raw, found.reason)
    return Decoded(found.raw, _published(found))


def _published(packet: Packet) -> MqttReading | MqttState | MqttOther:
    topic, delivery = packet.topic, packet.delivery
    kind = topic_kind(topic)
    if kind is None:
        why = "a topic that has never been described"
        return MqttOther(topic, packet.payload, why, delivery)
    try:
        return kind(topic, packet.payload.decode(), delivery)
    except JsonError as exc:
        why = str(exc)
    except UnicodeDecodeError as exc:
        why = f"not UTF-8 text at payload byte {exc.start}"
    return MqttOther(topic, packet.payload, why, delivery)


def topic_kind(topic: str) -> type[MqttReading | MqttState] | None:
    """Return what is said under a topic: `<prefix>/<MAC>/STATE` or `<prefix>/<MAC>/SENSOR/…`.

    The prefix is the owner's choice and may have slashes itself [O, A].
    """
    parts = topic.split("/")
    if len(parts) >= 3 and parts[-1] == "STATE":
        return MqttState
    if len(parts) >= 4 and "SENSOR" in parts[2:-1]:
        return MqttReading
    return None


# --- encoding ---


def encode(sender: Side, message: Message) -> bytes:
    """Return the message's bytes. Raises LocalProtocolError for what that side cannot say."""
    if isinstance(message, Reply):
        if sender is not Side.HEADEND:
            raise LocalProtocolError("a display does not reply")
        return _reply(message)
    if sender is not Side.DEVICE:
        raise LocalProtocolError(f"a head-end does not say {type(message).__name__}")
    if isinstance(message, MeterReport | Prices):
        body = message.body.encode()
        return encode_request("POST", message.target, message.headers, body, message.version)
    if isinstance(message, Request):
        return encode_request(
            message.method, message.target, message.headers, message.body, message.version
        )
    if isinstance(message, Expecting):
        raise LocalProtocolError("a waiting request has no bytes of its own; the request has them")
    payload = message.body if isinstance(message, MqttOther) else message.body.encode()
    return encode_publish(message.topic, payload, message.delivery)


# A trap says the same few things thousands of times a second.
@lru_cache(maxsize=64)
def _reply(message: Reply) -> bytes:
    try:
        body = message.body.encode("latin-1")
    except UnicodeEncodeError:
        raise LocalProtocolError("a reply has bytes only: characters beyond U+00FF") from None
    return encode_response(message.status, message.headers, body, message.reason, message.version)
