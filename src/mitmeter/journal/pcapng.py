"""Exports conversations as pcapng, so that Wireshark can show what was said.

The journal holds the bytes of streams, not packets: the IP and TCP headers around them are made up,
with true addresses where known, true times, and valid checksums.
Source: the pcapng format, draft-ietf-opsawg-pcapng [O].
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO
from zlib import crc32

from mitmeter.journal.packets import ACK, FIN, PSH, SYN, Endpoint, tcp_packet
from mitmeter.journal.records import Closed, Damaged, Noted, Opened, Record, Unknown
from mitmeter.model import Chunk, Conversation, Side

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_LINKTYPE_RAW = 101
_IF_NAME, _IF_DESCRIPTION, _IF_TSRESOL = 2, 3, 9
_SHB_USERAPPL = 4
_COMMENT, _EPB_FLAGS = 1, 2
_INBOUND, _OUTBOUND = 1, 2
_NANOSECONDS = b"\x09"
_MAX_COMMENT = 60_000
# An IP packet has at most 65,535 bytes, headers included.
_LARGEST_SEGMENT = 65_000

# Stand-ins from RFC 5737's addresses for documentation.
OURS_IP4, DEVICE_IP4, HEADEND_IP4 = "192.0.2.1", "192.0.2.2", "192.0.2.3"
CHANGED_IP4 = "192.0.2.4"
_PREFIX_IP6 = "2001:db8::"
UNKNOWN_PORT = 50_000

Where = Callable[[Conversation], str]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote. `skipped` counts damaged and unknown records."""

    conversations: int
    packets: int
    bytes: int
    skipped: int


def write_pcapng(
    file: BinaryIO,
    records: Iterable[Record],
    *,
    application: str,
    endpoint: Where | None = None,
    opener: Callable[[Conversation], Side] | None = None,
    verdict: Callable[[Chunk], str] | None = None,
    segment_bytes: int = 1460,
) -> Exported:
    """Write the conversations among the records as TCP streams, one interface per station.

    application:   who writes, such as `mitmeter 0.1.0`.
    endpoint:      our own `host:port` in a conversation; 192.0.2.1:50000 where it is not known.
    opener:        the side that connected; without it the device, for a probe the head-end.
    verdict:       what to say of a chunk behind its id in the packet's comment, if anything.
    segment_bytes: the most bytes of one packet's payload.

    What a proxy said in a peer's place goes to a second stream, with 192.0.2.4 as its head-end, on
    an interface of its own, `<station> as changed by us`. Holds no more than who is open.
    """
    export = _Export(_Blocks(file), endpoint, opener, verdict, segment_bytes)
    export.blocks.section(application)
    for record in records:
        export.take(record)
    return Exported(export.conversations, export.blocks.packets, export.bytes, export.skipped)


class _Export:
    def __init__(
        self,
        blocks: _Blocks,
        endpoint: Where | None,
        opener: Callable[[Conversation], Side] | None,
        verdict: Callable[[Chunk], str] | None,
        segment_bytes: int,
    ) -> None:
        self.blocks = blocks
        self.conversations = 0
        self.bytes = 0
        self.skipped = 0
        self._endpoint = endpoint
        self._opener = opener
        self._verdict = verdict
        self._segment_bytes = max(1, min(segment_bytes, _LARGEST_SEGMENT))
        self._streams: dict[tuple[str, bool], _Stream] = {}

    def take(self, record: Record) -> None:
        match record:
            case Chunk():
                self._chunk(record)
            case Opened(conversation=conversation):
                if not record.again:
                    self._stream(conversation, False, conversation.opened_ns)
            case Closed(conversation_id=name):
                for changed in (False, True):
                    stream = self._streams.pop((name, changed), None)
                    if stream is not None:
                        stream.close(record.ns, record.reason)
            case Damaged() | Unknown():
                self.skipped += 1
            case Noted():
                pass

    def _chunk(self, chunk: Chunk) -> None:
        changed = chunk.ours and chunk.conversation.role == "proxy"
        stream = self._stream(chunk.conversation, changed, chunk.received_ns)
        comment = chunk.id + ("; as changed by us" if changed else "")
        if self._verdict is not None and (said := self._verdict(chunk)):
            comment += f"; {said}"
        stream.say(chunk, comment, self._segment_bytes)
        self.bytes += len(chunk.data)

    def _stream(self, conversation: Conversation, changed: bool, ns: int) -> _Stream:
        stream = self._streams.get((conversation.id, changed))
        if stream is None:
            stream = self._streams[conversation.id, changed] = self._begin(conversation, changed)
            stream.open(ns)
            self.conversations += not changed
        return stream

    def _begin(self, conversation: Conversation, changed: bool) -> _Stream:
        name = f"{conversation.station} as changed by us" if changed else conversation.station
        interface = self.blocks.interface(name, f"{conversation.role} {conversation.protocol}")
        ours = self._endpoint(conversation) if self._endpoint is not None else ""
        opener = Side.HEADEND if conversation.role == "probe" else Side.DEVICE
        if self._opener is not None:
            opener = self._opener(conversation)
        our_side = Side.DEVICE if conversation.role == "emulate" else Side.HEADEND
        ends = _ends(conversation, changed, ours)
        return _Stream(self.blocks, interface, conversation, ends, opener, our_side)


@dataclass(frozen=True, slots=True)
class _Ends:
    device: Endpoint
    headend: Endpoint


def _ends(conversation: Conversation, changed: bool, ours: str) -> _Ends:
    """Return both sides' addresses, of one IP version: the peer's where it has one."""
    ours = ours or f"{OURS_IP4}:{UNKNOWN_PORT}"
    if conversation.role == "emulate":
        device, headend = _parse(ours, OURS_IP4), _parse(conversation.peer, HEADEND_IP4)
    elif conversation.role == "proxy":
        device = _parse(conversation.peer, DEVICE_IP4)
        headend = _parse(conversation.upstream or ours, HEADEND_IP4)
    else:
        device, headend = _parse(conversation.peer, DEVICE_IP4), _parse(ours, OURS_IP4)
    if changed:
        headend = Endpoint(ipaddress.ip_address(CHANGED_IP4), headend.port)
    if device.host.version != headend.host.version:
        device, headend = _as_ip6(device), _as_ip6(headend)
    return _Ends(device, headend)


def _parse(text: str, instead: str) -> Endpoint:
    """Return `host:port`, with a stand-in address where the host is a name or no address at all."""
    host, _, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        address = ipaddress.ip_address(instead)
    return Endpoint(address, number if 0 < number < 65_536 else UNKNOWN_PORT)


def _as_ip6(end: Endpoint) -> Endpoint:
    if end.host.version == 6:
        return end
    return Endpoint(ipaddress.ip_address(f"{_PREFIX_IP6}{end.host}"), end.port)


class _Stream:
    """One TCP stream: counts both sides' bytes and writes the packets that carried them."""

    def __init__(
        self,
        blocks: _Blocks,
        interface: int,
        conversation: Conversation,
        ends: _Ends,
        opener: Side,
        our_side: Side,
    ) -> None:
        self._blocks = blocks
        self._interface = interface
        self._name = conversation.id
        self._ends = {Side.DEVICE: ends.device, Side.HEADEND: ends.headend}
        self._opener = opener
        self._our_side = our_side
        # Differs between conversations, so that a port used again is seen as a new stream.
        start = crc32(conversation.id.encode("utf-8", "replace"))
        self._seq = {Side.DEVICE: start, Side.HEADEND: start ^ 0x5A5A5A5A}

    def open(self, ns: int) -> None:
        asker, answerer = self._opener, self._opener.other
        self._packet(asker, SYN, ns, f"{self._name} opens", acked=False)
        self._seq[asker] += 1
        self._packet(answerer, SYN | ACK, ns)
        self._seq[answerer] += 1
        self._packet(asker, ACK, ns)

    def say(self, chunk: Chunk, comment: str, most: int) -> None:
        sender = chunk.sender
        for at in range(0, len(chunk.data), most):
            piece = chunk.data[at : at + most]
            last = at + most >= len(chunk.data)
            flags = PSH | ACK if last else ACK
            self._packet(sender, flags, chunk.received_ns, "" if at else comment, piece)
            self._seq[sender] += len(piece)
        if chunk.data:
            self._packet(sender.other, ACK, chunk.received_ns)

    def close(self, ns: int, reason: str) -> None:
        closer, other = self._opener, self._opener.other
        self._packet(closer, FIN | ACK, ns, f"{self._name} closed: {reason}")
        self._seq[closer] += 1
        self._packet(other, FIN | ACK, ns)
        self._seq[other] += 1
        self._packet(closer, ACK, ns)

    def _packet(
        self,
        sender: Side,
        flags: int,
        ns: int,
        comment: str = "",
        payload: bytes = b"",
        *,
        acked: bool = True,
    ) -> None:
        source, target = self._ends[sender], self._ends[sender.other]
        ack = self._seq[sender.other] if acked else 0
        packet = tcp_packet(source, target, flags, self._seq[sender], ack, payload)
        way = _OUTBOUND if sender is self._our_side else _INBOUND
        self._blocks.packet(self._interface, ns, packet, comment, way)


class _Blocks:
    """The blocks of a pcapng file, little-endian, each padded to four bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._interfaces: dict[str, int] = {}
        self.packets = 0

    def section(self, application: str) -> None:
        body = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
        self._write(_SECTION, body + _options({_SHB_USERAPPL: _text(application)}))

    def interface(self, name: str, description: str) -> int:
        """Return the interface's number, writing its block when it is met for the first time."""
        number = self._interfaces.get(name)
        if number is None:
            number = self._interfaces[name] = len(self._interfaces)
            options = {
                _IF_NAME: _text(name),
                _IF_DESCRIPTION: _text(description),
                _IF_TSRESOL: _NANOSECONDS,
            }
            self._write(_INTERFACE, struct.pack("<HHI", _LINKTYPE_RAW, 0, 0) + _options(options))
        return number

    def packet(self, interface: int, ns: int, packet: bytes, comment: str, way: int) -> None:
        options = {_COMMENT: _text(comment)} if comment else {}
        options[_EPB_FLAGS] = struct.pack("<I", way)
        when = ns & 0xFFFFFFFFFFFFFFFF
        head = struct.pack(
            "<IIIII", interface, when >> 32, when & 0xFFFFFFFF, len(packet), len(packet)
        )
        self._write(_PACKET, head + _padded(packet) + _options(options))
        self.packets += 1

    def _write(self, kind: int, body: bytes) -> None:
        length = len(body) + 12
        self._file.write(struct.pack("<II", kind, length) + body + struct.pack("<I", length))


def _text(text: str) -> bytes:
    """Return option text, cut to what a sixteen-bit length allows without splitting a letter."""
    data = text.encode("utf-8", "replace")[:_MAX_COMMENT]
    return data.decode("utf-8", "ignore").encode()


def _options(options: dict[int, bytes]) -> bytes:
    made = b"".join(
        struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options.items()
    )
    return made + struct.pack("<HH", 0, 0)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
