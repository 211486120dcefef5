"""Frames ⇄ messages, for both sides.

A frame is version 0x01; type, 0x01 for requests, pushes and commands, 0x02 for replies and
acknowledgements; command; length, unsigned 32-bit, big-endian; that many payload bytes; and
CRC-16/MODBUS over everything before it, high byte first, the opposite of Modbus RTU. Length 0 has a
CRC too. [O] There is no escape and no mark to find the next frame by [A]: `wire.framing` tells how
it is found.
"""

from __future__ import annotations

import re
from functools import lru_cache
from struct import Struct

from mitmeter.devices.alphaess.jsontext import JsonError, json_text, parse_members
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    History,
    Login,
    Members,
    Message,
    Notice,
    Other,
    Ready,
    Reply,
    ServerCommand,
    Status,
    Telemetry,
)
from mitmeter.devices.alphaess.registers import CONFIG_REPORT_SPACED, TELEMETRY_SPACED
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from mitmeter.wire.checksum import crc16_modbus
from mitmeter.wire.framing import (
    Framing,
    Garbage,
    Grammar,
    NeedMore,
    Skip,
    Take,
    Verdict,
    sound_inside,
)

Item = Decoded[Message] | Undecodable

REQUEST = 1
REPLY = 2

# The largest payload ever seen has 2.4 KB; the cap bounds what a corrupt length can claim [A].
MAX_PAYLOAD = 65_536
HEAD_SIZE = 7
CRC_SIZE = 2

SUCCESS: Members = (("Status", "Success"),)

_READY, _CONFIG, _COMMAND, _HISTORY = 0, 3, 8, 12

# What a battery pushes as one JSON object, by command.
_PUSHED: dict[int, type[Login | ConfigRequest | ConfigReport | Telemetry | Notice | Status]] = {
    2: Login,
    3: ConfigRequest,
    4: ConfigReport,
    5: Telemetry,
    9: Notice,
    16: Status,
}
_PUSHED_AS: dict[type, int] = {kind: command for command, kind in _PUSHED.items()}
_SPACED: dict[type, frozenset[str]] = {
    Telemetry: TELEMETRY_SPACED,
    ConfigReport: CONFIG_REPORT_SPACED,
}
_HEAD = Struct(">BBBI")


class AlphaEssCodec:
    """The codec of one conversation; it keeps nothing but the bytes of unfinished frames."""

    __slots__ = ("_device", "_headend")

    def __init__(self) -> None:
        self._device = Framing(GRAMMAR, Side.DEVICE)
        self._headend = Framing(GRAMMAR, Side.HEADEND)

    def feed(self, sender: Side, data: bytes) -> list[Item]:
        return [_item(sender, found) for found in self._framing(sender).feed(data)]

    def end(self, sender: Side) -> list[Item]:
        return [_item(sender, found) for found in self._framing(sender).end()]

    def encode(self, sender: Side, message: Message) -> bytes:
        return encode(sender, message)

    def _framing(self, sender: Side) -> Framing:
        return self._device if sender is Side.DEVICE else self._headend


def _item(sender: Side, found: bytes | Garbage) -> Item:
    if isinstance(found, bytes):
        return Decoded(found, decode(sender, found[1], found[2], found[HEAD_SIZE:-CRC_SIZE]))
    return Undecodable(found.raw, found.reason)


# --- decoding ---


def decode(sender: Side, kind: int, command: int, payload: bytes) -> Message:
    """Return what a sound frame says. Total: what nobody has described comes back as `Other`.

    kind: REQUEST or REPLY.
    """
    try:
        if sender is Side.DEVICE:
            return _from_device(kind, command, payload)
        return _from_headend(kind, command, payload)
    except JsonError as exc:
        return Other(kind, command, payload, str(exc))
    except UnicodeDecodeError as exc:
        return Other(kind, command, payload, f"not UTF-8 text at payload byte {exc.start}")


def _from_device(kind: int, command: int, payload: bytes) -> Message:
    if kind == REPLY:
        members = parse_members(payload.decode())
        if command == _COMMAND or _has(members, "Command"):
            return Acknowledgement(members, command)
        return _other(kind, command, payload, f"reply {command} of a battery")
    pushed = _PUSHED.get(command)
    if pushed is not None:
        return pushed(parse_members(payload.decode()))
    if command == _HISTORY:
        return _history(payload.decode())
    if command != _READY:
        return _other(kind, command, payload, f"command {command}")
    if payload:
        return _other(kind, command, payload, f"a ready marker with {len(payload)} payload bytes")
    return Ready()


def _from_headend(kind: int, command: int, payload: bytes) -> Message:
    if kind == REQUEST:
        if command != _COMMAND:
            return _other(kind, command, payload, f"command {command} of a server")
        return ServerCommand(parse_members(payload.decode()))
    if payload == _SUCCESS_PAYLOAD:
        return _success(command)
    members = parse_members(payload.decode())
    if command == _CONFIG:
        return ConfigReply(members)
    # One published note labels a Resume as (2, 9); only its members tell it from a reply [I].
    if command != _COMMAND and _has(members, "Command") and not _has(members, "Status"):
        return ServerCommand(members, command)
    return Reply(members, command)


def _other(kind: int, command: int, payload: bytes, what: str) -> Other:
    return Other(kind, command, payload, f"{what} has never been described")


def _has(members: Members, name: str) -> bool:
    return any(key == name for key, _ in members)


@lru_cache(maxsize=256)
def _success(command: int) -> Reply | ConfigReply:
    return ConfigReply(SUCCESS) if command == _CONFIG else Reply(SUCCESS, command)


def _history(text: str) -> History:
    """Return header and rows; CR is ignored, LF at the end may be there or not [O].

    Raises JsonError when the first line is no header.
    """
    header, *lines = text.replace("\r", "").split("\n")
    columns = tuple(header.split(","))
    if "SN" not in columns or "Time" not in columns:
        raise JsonError("history without a header line: the first line names no SN and Time")
    newline_at_end = bool(lines) and lines[-1] == ""
    if newline_at_end:
        lines.pop()
    return History(columns, tuple(tuple(line.split(",")) for line in lines), newline_at_end)


# --- encoding ---


def encode(sender: Side, message: Message) -> bytes:
    """Return the message's frame. Pure.

    Raises LocalProtocolError for what this side never says, what is too large, and what the other
    side would not read as the same message.
    """
    if sender is Side.HEADEND and type(message) is Reply and message.members == SUCCESS:
        return _success_frame(message.command)
    try:
        kind, command, payload = _parts(sender, message)
    except JsonError as exc:
        raise LocalProtocolError(f"{type(message).__name__}: {exc}") from None
    raw = _frame(kind, command, payload)
    if decode(sender, kind, command, payload) != message:
        raise LocalProtocolError(f"{type(message).__name__} would not be read as what it is")
    if sound_inside(GRAMMAR, sender, raw):
        raise LocalProtocolError(f"{type(message).__name__} holds a whole frame of its own")
    return raw


@lru_cache(maxsize=256)
def _success_frame(command: int) -> bytes:
    return _frame(REPLY, command, _SUCCESS_PAYLOAD)


def _parts(sender: Side, message: Message) -> tuple[int, int, bytes]:
    """Return type, command and payload. Raises JsonError or LocalProtocolError."""
    if isinstance(message, Other):
        return message.type, message.command, message.payload
    kind, command, owner = _place(message)
    if owner is not sender:
        raise LocalProtocolError(f"{type(message).__name__} is never said by the {sender}")
    if isinstance(message, Ready):
        return kind, command, b""
    if isinstance(message, History):
        lines = [",".join(row) for row in (message.columns, *message.rows)]
        text = "\n".join(lines) + ("\n" if message.newline_at_end else "")
    else:
        text = json_text(message.members, _SPACED.get(type(message), ()))
    try:
        return kind, command, text.encode()
    except UnicodeEncodeError:
        raise LocalProtocolError(f"{type(message).__name__} holds half a character") from None


def _place(message: Message) -> tuple[int, int, Side]:
    """Return type, command and sender of a described message."""
    if isinstance(message, Acknowledgement):
        return REPLY, message.command, Side.DEVICE
    if isinstance(message, ServerCommand):
        return (REQUEST if message.command == _COMMAND else REPLY), message.command, Side.HEADEND
    if isinstance(message, Reply):
        return REPLY, message.command, Side.HEADEND
    if isinstance(message, ConfigReply):
        return REPLY, _CONFIG, Side.HEADEND
    if isinstance(message, Ready):
        return REQUEST, _READY, Side.DEVICE
    if isinstance(message, History):
        return REQUEST, _HISTORY, Side.DEVICE
    return REQUEST, _PUSHED_AS[type(message)], Side.DEVICE


def _frame(kind: int, command: int, payload: bytes) -> bytes:
    if kind not in (REQUEST, REPLY) or not 0 <= command <= 255:
        raise LocalProtocolError(f"type {kind} and command {command} do not fit a frame")
    if len(payload) > MAX_PAYLOAD:
        raise LocalProtocolError(f"{len(payload)} payload bytes, at most {MAX_PAYLOAD} are allowed")
    return sealed(_HEAD.pack(1, kind, command, len(payload)) + payload)


def sealed(head_and_payload: bytes) -> bytes:
    """Return the bytes with their CRC behind them: a frame."""
    return head_and_payload + crc16_modbus(head_and_payload).to_bytes(CRC_SIZE, "big")


_SUCCESS_PAYLOAD = json_text(SUCCESS).encode()

# --- framing ---


def _judge(sender: Side, data: bytes, at: int) -> Verdict:
    """Judge the frame that may start at offset `at`."""
    there = len(data) - at
    if there < HEAD_SIZE:
        return NeedMore(HEAD_SIZE + CRC_SIZE) if data[at] == 1 else Skip(1, "not version 1")
    version, kind, command, length = _HEAD.unpack_from(data, at)
    size = HEAD_SIZE + length + CRC_SIZE
    if version != 1 or (kind != REQUEST and kind != REPLY) or length > MAX_PAYLOAD:
        return Skip(1, "no plausible header")
    if there < size:
        return NeedMore(size)
    checked = at + size - CRC_SIZE
    computed = crc16_modbus(data[at:checked])
    stored = data[checked] << 8 | data[checked + 1]
    if computed == stored:
        return Take(size)
    what = f"frame of {size} bytes, type {kind}, command {command}"
    return Skip(size, f"{what}: crc {stored:04x}, expected {computed:04x}")


_HTTP = re.compile(rb"(GET|POST|PUT|HEAD|OPTIONS|CONNECT|DELETE|PATCH|TRACE|PRI) ")


def _stranger(raw: bytes, opening: bool) -> str:
    """Say what bytes that hold no frame look like."""
    if opening and raw.startswith(b"\x16\x03"):
        return "looks like a TLS hello; batteries with firmware of 2024 and later encrypt"
    if opening and _HTTP.match(raw):
        return "looks like an HTTP request, not an AlphaESS frame"
    if raw[:1] == b"\x01" and raw[1:2] in (b"", b"\x01", b"\x02"):
        if len(raw) < HEAD_SIZE:
            return f"the first {len(raw)} of the {HEAD_SIZE} bytes of a header"
        length = int.from_bytes(raw[3:HEAD_SIZE], "big")
        if length > MAX_PAYLOAD:
            return (
                f"header that announces {length} payload bytes, at most {MAX_PAYLOAD} are allowed"
            )
    return f"{len(raw)} bytes in which no frame begins, first {raw[:8].hex(' ')}"


GRAMMAR = Grammar(
    # Version, type, any command, and a length of at most MAX_PAYLOAD.
    starts=re.compile(rb"\x01[\x01\x02].\x00(?:\x00..|\x01\x00\x00)", re.DOTALL),
    head_size=HEAD_SIZE,
    max_size=HEAD_SIZE + MAX_PAYLOAD + CRC_SIZE,
    framer=_judge,
    stranger=_stranger,
)
