"""HTTP requests and responses ⇄ messages, for both sides.

Generations are told apart by path, never by host name; the Content-Type decides second.
"""

from __future__ import annotations

from functools import lru_cache

from mitmeter.devices.efergy.bulk import parse_bulk
from mitmeter.devices.efergy.lines import parse_lines
from mitmeter.devices.efergy.messages import (
    Asked,
    Bulk,
    CurrentReport,
    Headers,
    KeyCheck,
    KeyRequest,
    Message,
    Ping,
    Reply,
    SensorReport,
    Strange,
)
from mitmeter.devices.efergy.recjson import parse_recjson
from mitmeter.devices.efergy.registers import (
    BULK,
    CHECK_KEY,
    DATALOG,
    GENERATIONS,
    GET_KEY,
    MAX_BODY,
    MOST_LINES,
    PING,
    REC_JSON,
    sid_of,
)
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side, printable
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


class EfergyCodec:
    """The codec of one conversation; it keeps nothing but the bytes of unfinished messages."""

    __slots__ = ("_http",)

    def __init__(self) -> None:
        self._http = HttpConversation(client=Side.DEVICE, max_head=MAX_HEAD, max_body=MAX_BODY)

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        return [_item(found) for found in self._http.feed(sender, data)]

    def end(self, sender: Side) -> list[Item]:
        return [_item(found) for found in self._http.end(sender)]

    def encode(self, sender: Side, message: Message) -> bytes:
        return encode(sender, message)


def _item(found: HttpItem) -> Item:
    if isinstance(found, HttpRequest):
        asked = read(found.method, found.target, found.headers, found.body, found.version)
        return Decoded(found.raw, asked)
    if isinstance(found, HttpResponse):
        reply = Reply(found.status, found.reason, found.headers, found.body, found.version)
        return Decoded(found.raw, reply)
    return Undecodable(found.raw, found.reason)


# --- decoding ---


def read(method: str, target: str, headers: Headers, body: bytes, version: str = "1.1") -> Asked:
    """Return what a sound request says. Total: what nobody has described comes back as Strange."""
    path = target.partition("?")[0]
    if method == "POST":
        if path in GENERATIONS or path == BULK:
            return _report(path, target, headers, body, version)
        if path == REC_JSON:
            return _currents(target, headers, body, version)
    elif method == "GET":
        if path == CHECK_KEY:
            return KeyCheck(method, target, headers, body, version)
        if path == GET_KEY:
            return KeyRequest(method, target, headers, body, version)
    problem = f"nothing is known of {printable(method, 20)} {printable(path, 80)}"
    return Strange(method, target, headers, body, version, problem)


def _report(path: str, target: str, headers: Headers, body: bytes, version: str) -> Asked:
    kind = _content_type(headers)
    if path == BULK or kind == DATALOG:
        stored = parse_bulk(body)
        if isinstance(stored, str):
            return Strange("POST", target, headers, body, version, stored)
        return Bulk("POST", target, headers, body, version, stored.base, stored.records, stored.odd)
    generation = GENERATIONS[path]
    if kind == PING:
        sids = (sid_of(text) for text in body.decode("latin-1").strip().split("|")[:MOST_LINES])
        alive = tuple(sid for sid in sids if sid)
        return Ping("POST", target, headers, body, version, generation, alive)
    return SensorReport("POST", target, headers, body, version, generation, *parse_lines(body))


def _currents(target: str, headers: Headers, body: bytes, version: str) -> Asked:
    found = parse_recjson(body)
    if isinstance(found, str):
        return Strange("POST", target, headers, body, version, found)
    return CurrentReport(
        "POST",
        target,
        headers,
        body,
        version,
        found.mac,
        found.ts,
        found.firmware,
        found.rows,
        found.odd,
    )


def _content_type(headers: Headers) -> str:
    for name, value in headers:
        if name.lower() == "content-type":
            return value.partition(";")[0].strip().lower()
    return ""


# --- encoding ---


def encode(sender: Side, message: Message) -> bytes:
    """Return the message's bytes. Pure.

    Raises LocalProtocolError for what this side never says, and for what the other side would not
    read as the same message.
    """
    if isinstance(message, Reply):
        if sender is not Side.HEADEND:
            raise LocalProtocolError("a hub never answers")
        return _reply(message)
    if sender is not Side.DEVICE:
        raise LocalProtocolError("the server never asks")
    if message.body and not _tells_length(message.headers):
        raise LocalProtocolError(f"{type(message).__name__} has a body and tells no length")
    again = read(message.method, message.target, message.headers, message.body, message.version)
    if again != message:
        raise LocalProtocolError(f"{type(message).__name__} would not be read as what it is")
    return encode_request(
        message.method, message.target, message.headers, message.body, message.version
    )


@lru_cache(maxsize=256)
def _reply(message: Reply) -> bytes:
    """Return an answer's bytes. A busy trap gives the same one many times a second."""
    if message.body and not _tells_length(message.headers):
        raise LocalProtocolError("an answer has a body and tells no length")
    return encode_response(
        message.status, message.headers, message.body, message.reason, message.version
    )


def _tells_length(headers: Headers) -> bool:
    return any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)
