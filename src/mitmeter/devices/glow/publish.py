"""MQTT PUBLISH packets ⇄ topic and payload, as MQTT 3.1.1 has them: what a subscriber is sent.

A packet is a control byte, 0x30 to 0x3D; the length of the rest in 7-bit groups, low group first;
the topic with its length in two bytes, big-endian; a packet number where the quality is not 0; and
the payload. Source: the MQTT 3.1.1 standard, §2.2 and §3.3 [O].
"""

from __future__ import annotations

from dataclasses import dataclass

from mitmeter.devices.glow.messages import Delivery
from mitmeter.errors import LocalProtocolError

# Real packets have about 600 bytes; the cap bounds how long a corrupt length can hold bytes back.
MAX_PACKET = 65_536
_PUBLISH = 3
_MOST_LENGTH_BYTES = 4
# There is no mark to find the next packet by: what follows a corrupt length is handed on in pieces.
_PIECE = 4096

_Length = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Packet:
    """One whole PUBLISH packet."""

    raw: bytes
    topic: str
    payload: bytes
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that are no PUBLISH packet, and why in words."""

    raw: bytes
    reason: str


def begins_packet(first: int) -> bool:
    """Tell whether a stream that starts with this byte is MQTT: no HTTP method starts so."""
    return 0x30 <= first <= 0x3D


class PublishStream:
    """One sender's packets. Loses no byte, never raises, holds at most MAX_PACKET bytes."""

    __slots__ = ("_held", "_lost")

    def __init__(self) -> None:
        self._held = bytearray()
        self._lost = ""  # why packets are not told apart any more

    def feed(self, data: bytes) -> list[Packet | Broken]:
        held = self._held
        held += data
        found: list[Packet | Broken] = []
        while held and not self._lost:
            length = _length(held)
            if isinstance(length, str):
                self._lost = length
            elif length is None or len(held) < length[1]:
                break
            else:
                found.append(_packet(bytes(held[: length[1]]), length[0]))
                del held[: length[1]]
        while self._lost and len(held) >= _PIECE:
            found.append(Broken(bytes(held[:_PIECE]), self._lost))
            del held[:_PIECE]
        return found

    def end(self) -> list[Packet | Broken]:
        """Return what is left: the stream is over. The next feed starts a new one."""
        rest, reason = bytes(self._held), self._lost
        self._held.clear()
        self._lost = ""
        return [Broken(rest, reason or "the stream ended inside an MQTT packet")] if rest else []


def _length(held: bytearray) -> _Length | str | None:
    """Return where the packet's content starts and ends, why it cannot be told, or None for not
    yet.
    """
    size = 0
    for place in range(_MOST_LENGTH_BYTES):
        if place + 1 >= len(held):
            return None
        group = held[place + 1]
        size |= (group & 0x7F) << 7 * place
        if group < 0x80:
            start = place + 2
            if start + size > MAX_PACKET:
                return f"an MQTT packet of {size} bytes, at most {MAX_PACKET} are read"
            return start, start + size
    return f"an MQTT length of more than {_MOST_LENGTH_BYTES} bytes"


def _packet(raw: bytes, start: int) -> Packet | Broken:
    control, content = raw[0], raw[start:]
    if control >> 4 != _PUBLISH:
        return Broken(raw, f"an MQTT packet of type {control >> 4}, expected {_PUBLISH} (PUBLISH)")
    quality = control >> 1 & 3
    end = 2 + int.from_bytes(content[:2], "big")
    payload = end + 2 if quality else end
    if quality == 3:
        return Broken(raw, "an MQTT packet of quality 3, which there is not")
    if len(content) < payload:
        return Broken(raw, f"an MQTT packet of {len(content)} bytes, its topic needs {payload}")
    try:
        topic = content[2:end].decode()
    except UnicodeDecodeError as exc:
        return Broken(raw, f"an MQTT topic that is not UTF-8 at byte {exc.start}")
    number = int.from_bytes(content[end:payload], "big")
    delivery = Delivery(quality, bool(control & 1), bool(control & 8), number)
    return Packet(raw, topic, content[payload:], delivery)


def encode_publish(topic: str, payload: bytes, delivery: Delivery) -> bytes:
    """Return the packet's bytes. Raises LocalProtocolError for what does not fit into one."""
    try:
        name = topic.encode()
    except UnicodeEncodeError:
        raise LocalProtocolError(f"MQTT topic {topic!r} cannot be written as UTF-8") from None
    if delivery.quality not in (0, 1, 2):
        raise LocalProtocolError(f"MQTT quality {delivery.quality} is none of 0, 1, 2")
    if not 0 <= delivery.packet_id <= (0xFFFF if delivery.quality else 0):
        raise LocalProtocolError(f"MQTT packet number {delivery.packet_id} does not fit")
    number = delivery.packet_id.to_bytes(2, "big") if delivery.quality else b""
    content = len(name).to_bytes(3, "big") + name + number + payload
    # The topic's length has two bytes: a third one shows that it is too long.
    size = len(content) - 1
    control = _PUBLISH << 4 | delivery.duplicate << 3 | delivery.quality << 1 | delivery.retained
    raw = bytes((control,)) + _groups(size) + content[1:]
    if content[0] or len(raw) > MAX_PACKET:
        raise LocalProtocolError(f"an MQTT packet of {size} bytes is more than fits into one")
    return raw


def _groups(size: int) -> bytes:
    groups = bytearray()
    while True:
        size, group = divmod(size, 128)
        groups.append(group | (0x80 if size else 0))
        if not size:
            return bytes(groups)
